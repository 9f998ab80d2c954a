# Shared by the steps of scripts/setup: messages and stamps. Sourced, not run.
# Expects DEPS (the private prefix, absolute).

say() { printf 'setup: %s\n' "$*" >&2; }

# die WHAT [HINT...]: one line each, then the end.
die() {
  printf 'setup: error: %s\n' "$1" >&2
  shift
  [ $# -eq 0 ] || printf 'setup:   %s\n' "$@" >&2
  exit 1
}

# fresh STEP KEY FILE...: true when STEP was last made from KEY and all its files are there.
fresh() {
  local step=$1 key=$2 file
  shift 2
  [ "$(cat "$DEPS/stamps/$step" 2> /dev/null)" = "$key" ] || return 1
  for file; do [ -e "$file" ] || return 1; done
}

stamp() { printf '%s\n' "$2" > "$DEPS/stamps/$1"; }

# quiet LOG COMMAND...: output goes to LOG; only a failure shows its end.
quiet() {
  local log=$1
  shift
  if ! "$@" > "$log" 2>&1; then
    tail -n 40 "$log" >&2
    die "this command failed: $*" "its whole output is in $log"
  fi
}

hash_of() { sha256sum "$@" | sha256sum | cut -c1-64; }
