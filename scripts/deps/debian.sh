# The packages of the machine's own suite. Sourced by scripts/setup.

DEBIAN_PACKAGES=(
  g++ cmake ninja-build ccache pkg-config
  clang-14 clang-format-14 libclang-rt-14-dev
  libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev
  libnghttp2-dev libsqlite3-dev libyaml-cpp-dev libzstd-dev libfmt-dev libcli11-dev libexpected-dev
  libgtest-dev libgmock-dev
  libhttp-parser-dev libpcre2-dev zlib1g-dev
  bubblewrap libseccomp-dev openssh-client gpgv
  libwrap0 libgssapi-krb5-2 # what sshd wants, see make_sshd
  ca-certificates curl dpkg-dev git jq openssl patch xz-utils
)

check_debian() {
  local id codename
  id=$(. /etc/os-release && echo "${ID:-}")
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  [ "$id $codename" = "debian bookworm" ] ||
    die "this machine runs '$id $codename', the build wants Debian 12 (bookworm)" \
      "a container of Debian 12 with git and Go is enough"
}

missing_debian_packages() {
  local have name
  have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${DEBIAN_PACKAGES[@]}" 2> /dev/null || true)
  for name in "${DEBIAN_PACKAGES[@]}"; do
    grep -qx "installed $name" <<< "$have" || echo "$name"
  done
}

install_debian_packages() {
  local missing
  mapfile -t missing < <(missing_debian_packages)
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    die "these Debian packages are missing, and only root can install them:" "${missing[*]}" \
      "run once: sudo apt-get install --no-install-recommends ${missing[*]}"
  fi
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  quiet "$DEPS/apt-update.log" apt-get update
  quiet "$DEPS/apt-install.log" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends "${missing[@]}"
}

openssh_version() {
  apt-cache show --no-all-versions openssh-server 2> /dev/null | awk '/^Version:/ { print $2 }' || true
}

# sshd for the tests, taken out of its package: installed, it would start and listen for the whole network.
make_sshd() {
  local version dir=$DEPS/sshd-package
  # As root it wants the user that its package would have made, for its half without privileges.
  if [ "$(id -u)" -eq 0 ] && ! getent passwd sshd > /dev/null; then
    useradd --system --home-dir /run/sshd --no-create-home --shell /usr/sbin/nologin sshd
  fi
  version=$(openssh_version)
  ! fresh sshd "$version" "$DEPS/bin/sshd" || return 0
  [ -n "$version" ] || [ ! -x "$DEPS/bin/sshd" ] || return 0 # without package lists: what is here will do
  if [ -z "$version" ] && [ "$(id -u)" -eq 0 ]; then
    quiet "$DEPS/apt-update.log" apt-get update # an image without package lists
    version=$(openssh_version)
  fi
  [ -n "$version" ] || die "apt knows no package openssh-server" "run once: sudo apt-get update"
  rm -rf "$dir" && mkdir -p "$dir"
  (cd "$dir" && quiet "$DEPS/sshd-download.log" apt-get download openssh-server)
  dpkg-deb --extract "$dir"/openssh-server_*.deb "$dir"
  install -m 755 "$dir/usr/sbin/sshd" "$DEPS/bin/sshd"
  rm -rf "$dir"
  stamp sshd "$version"
  say "sshd $version"
}
