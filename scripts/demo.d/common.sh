# What all steps of scripts/demo share. Sourced, not run.

DEPS=${DUNLIN_DEPS:-$ROOT/build/deps}
BIN=$ROOT/build/release/bin
WORK=$ROOT/build/demo
LOCK=$ROOT/build/demo.lock
IDLE_SECONDS=5
STARTED_PIDS=()

step() { printf '\n== %s\n' "$*"; }
note() { printf '   %s\n' "$*"; }
complain() {
  printf 'demo: error: %s\n' "$1" >&2
  shift
  [ $# -eq 0 ] || printf 'demo:   %s\n' "$@" >&2
}
fail() {
  complain "$@"
  exit 1
}
now_ms() { date +%s%3N; }

# Two demos would share one directory, and the second would delete that of the first. The programs
# that we start keep the lock open: a demo that was killed leaves them running in its directory.
only_one_demo() {
  mkdir -p "$ROOT/build"
  exec 9<> "$LOCK"
  if flock -n 9; then
    echo $$ > "$LOCK"
    return
  fi
  local pid holders
  pid=$(head -n 1 "$LOCK")
  if [ -n "$pid" ] && [ "$(readlink "/proc/$pid/fd/9")" = "$LOCK" ]; then
    fail "another demo is running in build/demo (PID $pid)" "end it with Ctrl-C in its terminal, or: kill $pid"
  fi
  holders=$(for pid in /proc/[0-9]*; do [ "$(readlink "$pid/fd/9")" != "$LOCK" ] || echo "${pid#/proc/}"; done | grep -vx "$$" | xargs)
  fail "programs of a demo that was killed still run in build/demo" "end them with: kill $holders"
}

# What the user may still look at; ends with the apiservers or by a signal.
stay_up() {
  echo "demo: running; end it with Ctrl-C" >&2
  wait "$PLANE_PID" || true
  exit "${1:-0}"
}

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
