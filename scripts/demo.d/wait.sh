# Waiting for the fleet, with words about how it stands. Sourced by scripts/demo.

FAILED_FOR_GOOD_MS=10000  # of retries that changed nothing
UNHEALTHY_MS=60000        # of workloads that are applied and do not come up
SETTLED='.state == "Synced"'

# One line when the situation changes, looked at once a second, and one every ten seconds.
say_progress() {
  local now=$1 text=$2
  [ "$text" != "$SAID" ] || [ $((now - SAID_AT)) -ge 10000 ] || return 0
  SAID=$text SAID_AT=$now
  note "$(((now - WAIT_START) / 1000)) s: ${text:0:300}"
}

from_status() { jq -L "$ROOT/scripts/demo.d" "$@" <<< "$STATUS"; }
troubles() { from_status -r 'include "status"; troubles[]' | head -n 5; }

# The first troubles, each with its hint; then the end, or with the programs still up a place to look.
give_up() {
  local lines=()
  [ -z "$STATUS" ] || mapfile -t lines < <(troubles)
  complain "$1" "${lines[@]}" "more: $BIN/dunlin --hub unix:$WORK/hub/admin.sock status; logs: $WORK/*.log"
  [ -z "$ONCE" ] || exit 1
  echo "demo: the steps end here; correct it in $TREE, commit, push, and look again" >&2
  stay_up 1
}

# Says how the fleet stands, and judges whether waiting for WHAT still makes sense.
look() {
  local now=$1 what=$2 situation failed hopeless applied progress
  { read -r situation; read -r failed; read -r hopeless; read -r applied; read -r progress; } < \
    <(from_status -r 'include "status"; standing')
  [ "$situation" = "$SITUATION" ] || SITUATION=$situation SINCE=$now
  say_progress "$now" "$progress"
  if [ "$hopeless" = true ]; then
    give_up "no $what: a target is Failed and stays so"
  elif [ "$failed" = true ] && [ $((now - SINCE)) -ge "$FAILED_FOR_GOOD_MS" ]; then
    give_up "no $what: something is wrong, and trying again for $(((now - SINCE) / 1000)) s changed nothing"
  elif [ "$applied" = true ] && [ $((now - SINCE)) -ge "$UNHEALTHY_MS" ]; then
    [ -z "$ONCE" ] || give_up "no $what: everything is applied, but not all of it comes up"
    note "everything is applied, but not all of it comes up; going on without waiting for health:"
    troubles | sed 's/^/     /'
    SETTLED='applied'
  fi
}

# wait_status SECONDS WHAT FILTER [jq arguments…]: until the jq filter (of `settled` targets) holds.
wait_status() {
  local seconds=$1 what=$2 filter=$3
  shift 3
  local line part= answer now looked
  STATUS= SITUATION= SAID= WAIT_START=$(now_ms)
  SAID_AT=$WAIT_START SINCE=$WAIT_START looked=$WAIT_START
  # `status -w` prints a document at each change: no polling. The loop ends with the watch.
  while :; do
    line=
    IFS= read -r -t 1 line && answer=0 || answer=$?
    part+=$line
    [ "$answer" -ne 0 ] || { STATUS=$part; part=; }
    [ "$answer" -eq 0 ] || [ "$answer" -gt 128 ] || break
    [ -n "$STATUS" ] || continue
    if from_status -e "include \"status\"; def settled: $SETTLED; $filter" "$@" > /dev/null; then return 0; fi
    # A change that takes a tenth of a second must not share its processors with the words about it.
    now=$(now_ms)
    [ $((now - looked)) -ge 1000 ] || continue
    looked=$now
    look "$now" "$what"
  done < <(timeout "$seconds" "$BIN/dunlin" --hub "unix:$WORK/hub/admin.sock" status -w -o json 2> /dev/null)
  give_up "no $what within $seconds s"
}

# Every app has at least one target on each cluster it selects, and all are Synced.
wait_synced() {
  wait_status "$1" "state Synced" '(.targets | length) >= $want and all(.targets[]; settled)' \
    --argjson want $((APPS * CLUSTERS))
}
