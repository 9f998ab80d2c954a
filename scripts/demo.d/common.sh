# What all steps of scripts/demo share. Sourced, not run.

DEPS=${DUNLIN_DEPS:-$ROOT/build/deps}
BIN=$ROOT/build/release/bin
WORK=$ROOT/build/demo
IDLE_SECONDS=5
STARTED_PIDS=()

step() { printf '\n== %s\n' "$*"; }
note() { printf '   %s\n' "$*"; }
fail() {
  printf 'demo: error: %s\n' "$1" >&2
  shift
  [ $# -eq 0 ] || printf 'demo:   %s\n' "$@" >&2
  exit 1
}
now_ms() { date +%s%3N; }

build_programs() {
  cmake -S "$ROOT" --preset release -DDUNLIN_DEPS="$(cd "$DEPS" && pwd)" > "$ROOT/build/configure-release.log" ||
    fail "cmake failed" "see build/configure-release.log"
  (cd "$ROOT" && cmake --build --preset release -j "$(nproc)" --target dunlin-hub dunlin-agent dunlin) \
    > "$ROOT/build/build-release.log" 2>&1 || { tail -n 30 "$ROOT/build/build-release.log" >&2; fail "the build failed" "see build/build-release.log"; }
}

prepare_directory() {
  # A hub that was killed may have left gVisor's mount behind; one that ended has not.
  umount "$WORK/hub/sandboxes/gvisor/root/null-netns" 2> /dev/null || true
  rm -rf "$WORK"
  mkdir -p "$WORK"
}

# start NAME COMMAND…: in the background, output to $WORK/NAME.log; its pid in STARTED.
start() {
  local name=$1
  shift
  "$@" > "$WORK/$name.out" 2> "$WORK/$name.log" &
  STARTED=$!
  STARTED_PIDS+=("$STARTED")
}

# In reverse order: agents before the hub, the hub before the apiservers.
stop_all() {
  local i
  for ((i = ${#STARTED_PIDS[@]} - 1; i >= 0; i--)); do
    kill "${STARTED_PIDS[i]}" 2> /dev/null || true
    wait "${STARTED_PIDS[i]}" 2> /dev/null || true
  done
}

# await SECONDS WHAT COMMAND…: until the command succeeds.
await() {
  local end=$(($(now_ms) + $1 * 1000)) what=$2
  shift 2
  until "$@"; do
    [ "$(now_ms)" -lt "$end" ] || fail "no $what in time" "logs: $WORK/*.log"
    sleep 0.05
  done
}

dunlin() { "$BIN/dunlin" --hub "unix:$WORK/hub/admin.sock" "$@"; }
# kubectl N …: on cluster N, from 1.
kubectl() {
  local n=$1
  shift
  "$DEPS/bin/kubectl" --kubeconfig "$WORK/plane/$n.kubeconfig" --cache-dir "$WORK/kubectl-cache" "$@"
}
