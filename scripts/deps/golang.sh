# The Go programs, from pinned modules. Sourced by scripts/setup.

GO_MINIMUM=1.26

check_go() {
  command -v go > /dev/null || PATH=$PATH:/usr/local/go/bin:/usr/lib/go/bin
  command -v go > /dev/null ||
    die "Go is missing" "install Go $GO_MINIMUM or newer (or any Go from 1.21 on, which fetches newer toolchains by itself)"
  local version switch
  version=$(cd / && go env GOVERSION | sed 's/^go//; s/[^0-9.].*$//')
  switch=$(cd / && go env GOTOOLCHAIN 2> /dev/null || true)
  dpkg --compare-versions "$version" ge "$GO_MINIMUM" && return 0
  if dpkg --compare-versions "$version" ge 1.21 && [[ $switch != local && $switch != path ]]; then
    return 0
  fi
  die "Go $version is too old, and it may not fetch a newer toolchain (GOTOOLCHAIN=${switch:-unset})" \
    "install Go $GO_MINIMUM or newer, or set GOTOOLCHAIN=auto with any Go from 1.21 on"
}

# build_go_tool NAME MODULE_DIR PACKAGE: $DEPS/bin/NAME, static and stripped, when its sources, the
# compiler or what is stamped into it changed. A module that is not in the tree is left out.
build_go_tool() {
  local name=$1 dir=$2 package=$3 key
  [ -f "$dir/go.mod" ] || { say "$name: no module in ${dir#"$ROOT"/} yet, left out"; return 0; }
  local ldflags='-s -w'
  [ "$dir" != "$ROOT/tests/kube" ] || ldflags+=" $(kube_version_flags "$dir")"
  [ "$name" != runsc ] || ldflags+=" $(runsc_version_flag "$dir")"
  key=$(cd "$dir" && { go version; echo "$ldflags"; find . -type f ! -name '*_test.go' ! -name '*.md' -print0 | sort -z | xargs -0 sha256sum; } |
    sha256sum | cut -c1-64)
  fresh "go-$name" "$key" "$DEPS/bin/$name" && return 0
  say "building $name"
  (cd "$dir" && CGO_ENABLED=0 GOFLAGS=-mod=readonly quiet "$DEPS/go-$name.log" \
    go build -trimpath -buildvcs=false -ldflags "$ldflags" -o "$DEPS/bin/$name.new" "$package")
  mv "$DEPS/bin/$name.new" "$DEPS/bin/$name"
  rm -f "$DEPS/go-$name.log"
  stamp "go-$name" "$key"
}

# What a release build stamps into Kubernetes' programs: clients read it from /version.
kube_version_flags() {
  local version
  version=$(awk '$1 == "k8s.io/kubernetes" && $2 ~ /^v/ {print $2; exit} $1 == "require" && $2 == "k8s.io/kubernetes" {print $3; exit}' "$1/go.mod")
  local minor=${version#v1.}
  printf -- '-X k8s.io/component-base/version.%s ' "gitVersion=$version" gitMajor=1 "gitMinor=${minor%%.*}" gitTreeState=clean
}

# What upstream's build stamps into runsc; there it is the release's name, here the module's version.
runsc_version_flag() {
  awk '$1 == "gvisor.dev/gvisor" {print "-X gvisor.dev/gvisor/runsc/version.version=" $2; exit}' "$1/go.mod"
}
