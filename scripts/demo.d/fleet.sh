# The running parts of the demo: apiservers, hub, agents. Sourced by scripts/demo.

REGIONS=(eu-west-1 us-east-1 ap-south-1)
cluster_name() { echo "store-$1"; }
region_of() { echo "${REGIONS[($1 - 1) % ${#REGIONS[@]}]}"; }

# Controllers and a pretended kubelet run, so that workloads become healthy.
start_plane() {
  start plane "$DEPS/bin/testplane" --clusters "$CLUSTERS" --dir "$WORK/plane" --stdin=false --audit --kcm --kubelet
  PLANE_PID=$STARTED
  await $((60 + 20 * CLUSTERS)) "kube-apiserver" grep -q '"ready":true' "$WORK/plane.out"
  note "$CLUSTERS kube-apiserver(s) $(kubectl 1 version -o json | jq -r .serverVersion.gitVersion)"
}

free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 20000))
    (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null || { echo "$port"; return; }
  done
}

start_hub() {
  "$BIN/dunlin-hub" init --data "$WORK/hub" > "$WORK/init.out" 2> "$WORK/init.log" || fail "dunlin-hub init" "$(cat "$WORK/init.log")"
  cat > "$WORK/hub/hub.yaml" <<YAML
data: .
listen: { agents: "127.0.0.1:$(free_port)", public: "127.0.0.1:$(free_port)" }
catalog: { repo: "$BARE", revision: main, path: catalogue }
git: { poll: 5s, localRoots: ["$WORK"] }
render: { ready: 2 }
YAML
  start hub "$BIN/dunlin-hub" serve --config "$WORK/hub/hub.yaml"
  await 60 "hub" test -S "$WORK/hub/admin.sock"
  await 60 "answer of the hub" eval 'dunlin status -o json > /dev/null 2>&1'
  note "hub: $(dunlin --version), $(grep -om1 'isolation=[a-z]*' "$WORK/hub.log")"
}

enrol_clusters() {
  local n name added
  for ((n = 1; n <= CLUSTERS; n++)); do
    name=$(cluster_name "$n")
    added=$(dunlin cluster add "$name" --region "$(region_of "$n")" --label tier=edge -o json)
    "$BIN/dunlin-agent" enroll --hub "$(jq -r .hub <<< "$added")" --token "$(jq -r .token <<< "$added")" \
      --state "$WORK/agent-$n" --kubeconfig "$WORK/plane/$n.kubeconfig" > "$WORK/enroll-$n.out" 2> "$WORK/enroll-$n.log" ||
      fail "enrolling $name" "$(cat "$WORK/enroll-$n.log")"
  done
  FIRST_SYNC_START=$(now_ms)
  for ((n = 1; n <= CLUSTERS; n++)); do
    start "agent-$n" "$BIN/dunlin-agent" run --state "$WORK/agent-$n" --kubeconfig "$WORK/plane/$n.kubeconfig"
  done
  note "$CLUSTERS agent(s) enrolled, each with a one-time token"
}

# Events of the audit log of cluster N that jq's FILTER selects, as [ms, verb, resource, namespace, name, user agent].
audit() {
  jq -c --arg since "${3:-0}" '
    def ms: sub("Z$"; "") | split(".") | (.[0] + "Z" | fromdateiso8601) * 1000 + ((.[1] // "0")[0:3] | tonumber);
    select(.stage == "ResponseComplete") | . + {ms: (.stageTimestamp | ms), r: (.objectRef // {})}
    | select(.ms >= ($since | tonumber)) | select('"$2"')
    | [.ms, .verb, .r.resource, (.r.namespace // ""), (.r.name // ""), .userAgent]' "$WORK/plane/$1.audit.jsonl"
}
AGENT_WRITE='(.userAgent | startswith("dunlin-agent")) and (.verb | IN("create", "patch", "update", "delete"))'
