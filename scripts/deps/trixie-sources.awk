# Reads the machine's apt source files (one-line and deb822 form) and prints deb822 stanzas that ask
# the same mirrors for another suite: bookworm -> trixie, bookworm-security -> trixie-security.
# Only suites of Debian itself count; foreign repositories name others or have no component main.
# Variables: from, to (code names).

function target_suite(suite) {
  if (suite == from || suite == "oldstable") return to
  if (suite == from "-security" || suite == "oldstable-security") return to "-security"
  if (suite == from "-updates" || suite == "oldstable-updates") return to "-updates"
  return ""
}

function emit(uris, suites, components, extra,    u, s, i, j, uri_count, suite_count, name) {
  if ((" " components " ") !~ / main /) return
  uri_count = split(uris, u, " ")
  suite_count = split(suites, s, " ")
  for (i = 1; i <= uri_count; i++) {
    if (u[i] ~ /^cdrom:/) continue
    for (j = 1; j <= suite_count; j++) {
      name = target_suite(s[j])
      if (name == "" || seen[u[i] " " name]++) continue
      printf "Types: deb deb-src\nURIs: %s\nSuites: %s\nComponents: main\n%s\n", u[i], name, extra
    }
  }
}

function end_stanza(    extra, key) {
  if (field["types"] ~ /(^| )deb( |$)/ && tolower(field["enabled"]) !~ /^(no|false|off|0)$/) {
    extra = ""
    for (key in kept) if (key in field) extra = extra kept[key] ": " field[key] "\n"
    emit(field["uris"], field["suites"], field["components"], extra)
  }
  split("", field)
  last_key = ""
}

BEGIN {
  kept["signed-by"] = "Signed-By"
  kept["trusted"] = "Trusted"
  kept["check-valid-until"] = "Check-Valid-Until"
  kept["check-date"] = "Check-Date"
}

FNR == 1 { end_stanza() }
{ sub(/\r$/, "") }
/^[ \t]*#/ { next }

FILENAME ~ /\.sources$/ {
  if ($0 ~ /^[ \t]*$/) {
    end_stanza()
  } else if ($0 ~ /^[ \t]/) {
    # A key that stands in the file itself goes on over lines: keep its shape.
    field[last_key] = field[last_key] (last_key == "signed-by" ? "\n" $0 : " " $0)
  } else {
    last_key = tolower(substr($0, 1, index($0, ":") - 1))
    value = substr($0, index($0, ":") + 1)
    sub(/^[ \t]+/, "", value)
    field[last_key] = value
  }
  next
}

/^[ \t]*deb[ \t]/ {
  line = $0
  sub(/[ \t]#.*$/, "", line)
  sub(/^[ \t]*deb[ \t]+/, "", line)
  extra = ""
  if (line ~ /^\[/) {
    option_count = split(substr(line, 2, index(line, "]") - 2), option, " ")
    sub(/^\[[^]]*\][ \t]*/, "", line)
    for (i = 1; i <= option_count; i++) {
      key = tolower(substr(option[i], 1, index(option[i], "=") - 1))
      if (key in kept) extra = extra kept[key] ": " substr(option[i], index(option[i], "=") + 1) "\n"
    }
  }
  word_count = split(line, word, " ")
  components = ""
  for (i = 3; i <= word_count; i++) components = components " " word[i]
  emit(word[1], word[2], components " ", extra)
}

END { end_stanza() }
