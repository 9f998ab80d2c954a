# The Git repository of the demo and the apps in it. Sourced by scripts/demo.
# Leaves: TREE (work tree), BARE (what the hub follows), APPS (their number).

TREE=$WORK/repository
BARE=$WORK/fleet.git

git_demo() {
  git -C "$TREE" -c user.name="Demo" -c user.email=demo@example.com -c commit.gpgsign=false "$@"
}

# push MESSAGE: commits everything and pushes; the commit id in REVISION.
push() {
  git_demo add -A
  git_demo commit -q -m "$1"
  git_demo push -q origin main
  REVISION=$(git_demo rev-parse HEAD)
}

make_repository() {
  mkdir -p "$TREE"
  git init -q --bare -b main "$BARE"
  git init -q -b main "$TREE"
  git_demo remote add origin "$BARE"
  # A push tells the hub at once, as a webhook would; without it the hub finds the commit by polling.
  printf '#!/bin/sh\nunset GIT_DIR\n[ ! -S "%s" ] || "%s" --hub "unix:%s" source refresh > /dev/null 2>&1 || true\n' \
    "$WORK/hub/admin.sock" "$BIN/dunlin" "$WORK/hub/admin.sock" > "$BARE/hooks/post-receive"
  chmod +x "$BARE/hooks/post-receive"
  if [ -z "$FROM" ]; then
    cp -R "$ROOT/docs/examples/fleet/." "$TREE/"
    sed -i "s#https://git.example.com/harbour/fleet.git#$BARE#" "$TREE"/catalogue/*.yaml
  else
    mkdir -p "$TREE/manifests" "$TREE/catalogue"
    copy_manifests
    local path
    find_apps
    for path in "${APP_PATHS[@]}"; do add_app "$path"; done
  fi
  APPS=$(grep -l '^kind: App$' "$TREE"/catalogue/*.yaml | wc -l)
  push "The fleet"
  note "$BARE with $APPS app(s), $(git_demo ls-files | wc -l) files"
}

# Of a Git checkout what Git has or would add, else everything; never the .git inside: a repository in
# a repository is a link to nowhere.
copy_manifests() {
  if git -C "$FROM" rev-parse --is-inside-work-tree > /dev/null 2>&1 && ! git -C "$FROM" check-ignore -q . 2> /dev/null; then
    # A file that is deleted and not yet committed is in the list, but not there.
    (cd "$FROM" && git ls-files -z --cached --others --exclude-standard |
      while IFS= read -r -d '' file; do [ ! -e "$file" ] && [ ! -L "$file" ] || printf '%s\0' "$file"; done) > "$WORK/files"
    tar -C "$FROM" --null --no-recursion --verbatim-files-from -T "$WORK/files" -cf - | tar -C "$TREE/manifests" -xf -
    note "$FROM is a Git checkout: took what Git tracks or would add"
  else
    tar -C "$FROM" --exclude=.git -cf - . | tar -C "$TREE/manifests" -xf -
  fi
}

# APP_PATHS: the directories below manifests that are one app each, relative to it: the root itself
# when it is one. What is left out is said.
find_apps() {
  APP_PATHS=()
  local directory dropped=()
  for directory in "$TREE"/manifests/*/; do
    [ -d "$directory" ] || continue
    if is_app_directory "$directory"; then
      APP_PATHS+=("$(basename "$directory")")
    else
      dropped+=("$(basename "$directory")")
    fi
  done
  if is_app_directory "$TREE/manifests"; then
    if is_plain "$TREE/manifests" && [ ${#APP_PATHS[@]} -gt 0 ]; then
      note "$FROM has manifests of its own and is the app; left out its directories ${APP_PATHS[*]}"
    fi
    APP_PATHS=(.)
    return
  fi
  [ ${#APP_PATHS[@]} -gt 0 ] || fail "$FROM holds no manifests" \
    "wanted: Chart.yaml, kustomization.yaml, *.jsonnet or *.yaml in it or in its directories"
  [ ${#dropped[@]} -eq 0 ] || note "left out, no manifests directly in them: ${dropped[*]}"
}

# Other kinds refer to their sub-directories themselves.
is_plain() {
  ! compgen -G "$1/Chart.yaml" > /dev/null && ! compgen -G "$1/[kK]ustomization*" > /dev/null &&
    ! compgen -G "$1/*.jsonnet" > /dev/null
}

is_app_directory() {
  compgen -G "$1/Chart.yaml" > /dev/null || compgen -G "$1/*.yaml" > /dev/null ||
    compgen -G "$1/*.yml" > /dev/null || compgen -G "$1/*.json" > /dev/null || compgen -G "$1/*.jsonnet" > /dev/null
}

# An app's name is its namespace too: lower-case letters, digits and '-', at most 63.
add_app() {
  local path=$1 base name count=2
  base=$([ "$path" = . ] && basename "$FROM" || basename "$path")
  base=$(tr '[:upper:]_.' '[:lower:]--' <<< "$base" | tr -cd 'a-z0-9-' | cut -c1-58 | sed 's/^-*//; s/-*$//')
  name=${base:=app}
  while [ -e "$TREE/catalogue/$name.yaml" ]; do
    name=$base-$count
    count=$((count + 1))
  done
  [ "$name" = "$base" ] || note "$path would be the app $base, which is another directory: it is $name here"
  [ "$path" = . ] && path=manifests || path=manifests/$path
  cat > "$TREE/catalogue/$name.yaml" <<YAML
apiVersion: dunlin.dev/v1
kind: App
metadata:
  name: $name
spec:
  source: { repo: "$BARE", revision: main, path: "$path" }
  namespace: $name
YAML
}
