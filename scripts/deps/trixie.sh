# mbedTLS and libgit2 of the next Debian suite, in the private prefix. Sourced by scripts/setup.
#
# The machine's apt is asked with lists, cache and configuration of our own, derived from its own
# source files with the suite changed: the same mirrors, the same keys, and nothing of the system
# (lists, preferences, packages) is touched. Only a development package with static archives and a
# source package are taken; a binary of that suite would need a newer C library.

MBEDTLS_MINIMUM=3.6.6-0.1~deb13u1  # client impersonation in TLS 1.3 resumption, CVE-2026-34873
LIBGIT2_MINIMUM=1.9.0+ds-2+deb13u1 # CVE-2026-5917 and CVE-2026-53583 to -53587
LIBGIT2_PATCHES=(
  "$ROOT/scripts/deps/libgit2-ssh-argument-vector.patch"
  "$ROOT/scripts/deps/libgit2-redirect-location.patch"
  "$ROOT/scripts/deps/libgit2-object-size.patch"
)

# Makes $DEPS/apt once a run and leaves APT_CONFIG pointing into it.
open_trixie() {
  local apt=$DEPS/apt
  [ -z "${TRIXIE_OPEN:-}" ] || return 0
  rm -rf "$apt"
  mkdir -p "$apt/parts" "$apt/sources" "$apt/state/lists/partial" "$apt/cache/archives/partial"
  : > "$apt/state/status"

  local files=()
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
    [ -f "$file" ] && files+=("$file")
  done
  [ ${#files[@]} -gt 0 ] || die "apt has no source file under /etc/apt"
  awk -v from=bookworm -v to=trixie -f "$ROOT/scripts/deps/trixie-sources.awk" "${files[@]}" \
    > "$apt/sources/trixie.sources"
  [ -s "$apt/sources/trixie.sources" ] ||
    die "no Debian mirror found in apt's source files" "looked for suite bookworm, component main, in: ${files[*]}"

  # Proxies, retries and certificates of the machine count, its hooks and extra index files do not.
  apt-config dump | grep -E '^Acquire::(http|https|ftp|Retries|ForceIPv|Check-|AllowInsecure|Proxy)' \
    > "$apt/apt.conf" || true
  cat >> "$apt/apt.conf" <<CONF
Dir::State "$apt/state";
Dir::State::status "$apt/state/status";
Dir::Cache "$apt/cache";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "$apt/parts";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$apt/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$apt/parts";
Acquire::Languages "none";
APT::Sandbox::User "root";
CONF
  export APT_CONFIG=$apt/apt.conf
  say "reading the package lists of trixie"
  # A mirror without one of the suites is no harm as long as the packages are found below.
  apt-get update > "$apt/update.log" 2>&1 || true
  TRIXIE_OPEN=1
}

close_trixie() {
  [ -n "${TRIXIE_OPEN:-}" ] || return 0
  unset APT_CONFIG TRIXIE_OPEN
  rm -rf "$DEPS/apt"
}

# require_version WHAT FOUND MINIMUM
require_version() {
  [ -n "$2" ] ||
    die "no $1 of trixie found at this machine's Debian mirror" "apt said:" "$(tail -n 5 "$DEPS/apt/update.log")"
  dpkg --compare-versions "$2" ge "$3" ||
    die "the mirror offers $1 $2, older than $3: it lacks security fixes that this build must have" \
      "use a mirror that is up to date"
}

make_mbedtls() {
  local key archives=("$DEPS"/lib/libmbed{tls,x509,crypto}.a)
  key="minimum $MBEDTLS_MINIMUM, $(hash_of "$ROOT/scripts/deps/trixie.sh" "$ROOT/scripts/deps/trixie-sources.awk")"
  [ -z "$REFRESH" ] && fresh mbedtls "$key" "${archives[@]}" "$DEPS/include/mbedtls/ssl.h" && return 0
  open_trixie
  local version work=$DEPS/sources/mbedtls
  version=$(apt-cache policy libmbedtls-dev | awk '$1 == "Candidate:" && $2 != "(none)" {print $2}')
  require_version libmbedtls-dev "$version" "$MBEDTLS_MINIMUM"
  rm -rf "$work"
  mkdir -p "$work"
  (cd "$work" && quiet "$DEPS/apt/download.log" apt-get download "libmbedtls-dev=$version")
  dpkg-deb -x "$work"/*.deb "$work/root"
  rm -rf "$DEPS/include/mbedtls" "$DEPS/include/psa"
  cp -a "$work"/root/usr/include/{mbedtls,psa} "$DEPS/include/"
  cp -a "$work"/root/usr/lib/*/libmbed*.a "$DEPS/lib/"
  rm -rf "$work"
  # libgit2 is built against exactly these archives.
  printf '%s\n' "$version" > "$DEPS/lib/libmbedtls.version"
  stamp mbedtls "$key"
  say "mbedTLS $version"
}

make_libgit2() {
  local key patch
  key="minimum $LIBGIT2_MINIMUM, $(hash_of "$ROOT/scripts/deps/trixie.sh" "${LIBGIT2_PATCHES[@]}" "$DEPS"/lib/libmbed*.a)"
  [ -z "$REFRESH" ] && fresh libgit2 "$key" "$DEPS"/lib/libgit2.{a,libs} "$DEPS/include/git2.h" &&
    { close_trixie; return 0; }
  open_trixie
  local version work=$DEPS/sources/libgit2
  version=$(apt-cache showsrc libgit2 | awk '$1 == "Version:" {print $2}' | sort -V | tail -n 1)
  require_version "the libgit2 source" "$version" "$LIBGIT2_MINIMUM"
  rm -rf "$work"
  mkdir -p "$work"
  (cd "$work" && quiet "$DEPS/apt/download.log" apt-get source --download-only "libgit2=$version")
  # apt has checked the files against the signed list; unpacking applies Debian's own patches.
  quiet "$work/unpack.log" dpkg-source --no-check -x "$work"/*.dsc "$work/source"
  for patch in "${LIBGIT2_PATCHES[@]}"; do
    quiet "$work/patch.log" patch -d "$work/source" -p1 --no-backup-if-mismatch -F0 -i "$patch"
  done
  build_libgit2 "$work"
  rm -rf "$work"
  printf '%s\n' "$version" > "$DEPS/lib/libgit2.version"
  printf '%s\n' -lpcre2-8 -lhttp_parser -lz > "$DEPS/lib/libgit2.libs"
  stamp libgit2 "$key"
  say "libgit2 $version"
  close_trixie
}

build_libgit2() {
  local work=$1 launcher=()
  ! command -v ccache > /dev/null || launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
  say "building libgit2 (under a minute)"
  quiet "$work/configure.log" cmake -S "$work/source" -B "$work/build" -G Ninja "${launcher[@]}" \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_POSITION_INDEPENDENT_CODE=ON \
    -DCMAKE_INSTALL_PREFIX="$DEPS" -DCMAKE_INSTALL_LIBDIR=lib \
    -DBUILD_SHARED_LIBS=OFF -DBUILD_TESTS=OFF -DBUILD_CLI=OFF -DBUILD_EXAMPLES=OFF \
    -DUSE_HTTPS=mbedTLS -DUSE_SSH=exec -DUSE_NTLMCLIENT=OFF -DUSE_GSSAPI=OFF \
    -DUSE_HTTP_PARSER=http-parser -DREGEX_BACKEND=pcre2 \
    -DCERT_LOCATION=/etc/ssl/certs/ca-certificates.crt \
    -DMBEDTLS_INCLUDE_DIR="$DEPS/include" -DMBEDTLS_LIBRARY="$DEPS/lib/libmbedtls.a" \
    -DMBEDX509_LIBRARY="$DEPS/lib/libmbedx509.a" -DMBEDCRYPTO_LIBRARY="$DEPS/lib/libmbedcrypto.a"
  quiet "$work/build.log" cmake --build "$work/build"
  # The function that hands a command line to /bin/sh must be gone: the first patch took it out.
  if nm "$work/build/libgit2.a" 2> /dev/null | grep -q git_process_new_from_cmdline; then
    die "this libgit2 can still start a shell, so its ssh transport would pass URLs through one" \
      "${LIBGIT2_PATCHES[0]#"$ROOT"/} does not fit this source any more"
  fi
  rm -rf "$DEPS/include/git2" "$DEPS/include/git2.h"
  quiet "$work/install.log" cmake --install "$work/build"
}
