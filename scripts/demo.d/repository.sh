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
    cp -R "$FROM/." "$TREE/manifests/"
    local path
    while IFS= read -r path; do add_app "$path"; done < <(app_directories)
  fi
  APPS=$(grep -l '^kind: App$' "$TREE"/catalogue/*.yaml | wc -l)
  push "The fleet"
  note "$BARE with $APPS app(s), $(git_demo ls-files | wc -l) files"
}

# Directories below manifests that are one app each, relative to it: the root itself when it is one.
app_directories() {
  if is_app_directory "$TREE/manifests"; then
    echo .
    return
  fi
  local directory found=
  for directory in "$TREE"/manifests/*/; do
    is_app_directory "$directory" || continue
    found=1
    basename "$directory"
  done
  [ -n "$found" ] || fail "$FROM holds no manifests" \
    "wanted: Chart.yaml, kustomization.yaml, *.jsonnet or *.yaml in it or in its directories"
}

is_app_directory() {
  compgen -G "$1/Chart.yaml" > /dev/null || compgen -G "$1/*.yaml" > /dev/null ||
    compgen -G "$1/*.yml" > /dev/null || compgen -G "$1/*.json" > /dev/null || compgen -G "$1/*.jsonnet" > /dev/null
}

add_app() {
  local path=$1 name
  name=$([ "$path" = . ] && basename "$FROM" || basename "$path")
  name=$(tr '[:upper:]_.' '[:lower:]--' <<< "$name" | tr -cd 'a-z0-9-' | sed 's/^-*//; s/-*$//')
  [ "$path" = . ] && path=manifests || path=manifests/$path
  cat > "$TREE/catalogue/${name:-app}.yaml" <<YAML
apiVersion: dunlin.dev/v1
kind: App
metadata:
  name: ${name:-app}
spec:
  source: { repo: "$BARE", revision: main, path: "$path" }
  namespace: ${name:-app}
YAML
}
