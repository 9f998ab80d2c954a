# What the demo shows, each step measured. Sourced by scripts/demo.

PUBLISH_GOAL_MS=300  # on three clusters of this machine
show_status() { dunlin status | sed 's/^/   /'; }

first_sync() {
  wait_synced 300
  FIRST_SYNC_MS=$(($(now_ms) - FIRST_SYNC_START))
  OBJECTS=$(jq '[.targets[].objects] | add' <<< "$STATUS")
  show_status
  note "all $OBJECTS objects Synced $FIRST_SYNC_MS ms after the agents started"
}

# Edits that change an image, the likeliest first: FILE, what stands there, what to put there.
image_candidates() {
  grep -rHnoE "image: *[\"']?[a-z0-9./_-]+:[A-Za-z0-9._-]+" "$TREE" --include='*.yaml' --include='*.yml' --include='*.jsonnet' \
    --include='*.libsonnet' --exclude-dir=.git --exclude-dir=templates --exclude-dir=catalogue | sort -V || true
  grep -rHnoE "'[a-z0-9./_-]+:[0-9][A-Za-z0-9._-]*'" "$TREE" --include='*.jsonnet' --include='*.libsonnet' --exclude-dir=.git | sort -V || true
  grep -rHnoE "^appVersion: *[\"']?[A-Za-z0-9._-]+" "$TREE" --include=Chart.yaml --exclude-dir=.git | sort -V || true
}

# What every app is on cluster 1, as the hub renders it.
rendered() {
  local app path arguments
  for app in "$TREE"/catalogue/*.yaml; do
    grep -q '^kind: App$' "$app" || continue
    path=$(sed -n 's/.*path: "\?\([^" ]*\).*/\1/p' "$app" | head -n 1)
    path=${path//"{{cluster.region}}"/$(region_of 1)}
    arguments=()
    if grep -q 'tlas:' "$app"; then arguments=(--tla "region=$(region_of 1)"); fi
    "$BIN/dunlin-hub" render "$TREE/$path" "${arguments[@]}" -o json 2> "$WORK/render.log" ||
      fail "cannot render $path of ${app##*/}" "$(cat "$WORK/render.log")"
  done
}

# In the shell itself, not in a pipe: a failed render must end the demo.
rendered_hash() {
  local all
  all=$(rendered) || exit
  sha256sum <<< "$all"
}

# Makes the first edit that changes what is rendered; fails when there is none.
edit_one_image() {
  local before after file line text rest
  before=$(rendered_hash) || exit
  while IFS=: read -r file line text; do
    rest=${text%[\'\"]}
    cp "$file" "$WORK/edited"
    sed -i "${line}s|${rest//./\\.}|${rest}-demo|" "$file"
    after=$(rendered_hash) || exit
    if [ "$after" != "$before" ]; then
      note "${file#"$TREE"/}:$line  $text -> -demo"
      return 0
    fi
    cp "$WORK/edited" "$file"
  done < <(image_candidates)
  fail "found no image tag to change in ${FROM:-the example fleet}"
}

change_image() {
  edit_one_image
  local start
  start=$(now_ms)
  push "Another image"
  note "commit ${REVISION:0:12}"
  wait_status 120 "change on every cluster" \
    '(.targets | length) > 0 and all(.targets[]; settled and .revision == $revision)' --arg revision "$REVISION"
  CHANGED_APPS=$(jq -c --arg start "$start" '[.targets[] | select(.times.published >= ($start | tonumber)) | .app] | unique' <<< "$STATUS")
  [ "$CHANGED_APPS" != "[]" ] || fail "the change reached no target"
  ROLLBACK_APP=$(jq -r '.[0]' <<< "$CHANGED_APPS")
  jq -r --argjson start "$start" --argjson apps "$CHANGED_APPS" '
    [.targets[] | select(.app as $a | $apps | index($a))] as $t | ($t[0].times) as $x
    | "   noticed +\($x.noticed - $start) ms, resolved +\($x.resolved - $start), rendered +\($x.rendered - $start), published +\($x.published - $start)",
      ($t[] | "   \(.cluster) (\(.region)): \(.app) applied +\(.times.applied - $start) ms, \(.times.applied - .times.published) ms after the publish")' <<< "$STATUS"
  CHANGE_MS=$(jq --argjson start "$start" --argjson apps "$CHANGED_APPS" \
    '[.targets[] | select(.app as $a | $apps | index($a)) | .times.applied] | max - $start' <<< "$STATUS")
  PUBLISH_TO_APPLIED_MS=$(jq --argjson apps "$CHANGED_APPS" \
    '[.targets[] | select(.app as $a | $apps | index($a)) | .times.applied - .times.published] | max' <<< "$STATUS")
  local n writes
  for ((n = 1; n <= CLUSTERS; n++)); do
    writes=$(audit "$n" "$AGENT_WRITE and .r.namespace != \"dunlin-system\"" "$start" | jq -r '"\(.[1]) \(.[2])/\(.[4])"' | sort | uniq -c | xargs)
    note "$(cluster_name "$n") saw: ${writes:-nothing}"
  done
  note "push to last cluster applied: $CHANGE_MS ms"
  note "publish to last cluster applied: $PUBLISH_TO_APPLIED_MS ms, goal $PUBLISH_GOAL_MS ms: $(
    [ "$PUBLISH_TO_APPLIED_MS" -lt "$PUBLISH_GOAL_MS" ] && echo met || echo missed)"
}

break_object() {
  local kind namespace name
  read -r kind namespace name < <(kubectl 1 get deployments,statefulsets,daemonsets,configmaps -A \
    -l applyset.kubernetes.io/part-of -o json | jq -r '.items[0] | "\(.kind) \(.metadata.namespace) \(.metadata.name)"')
  [ -n "${name:-}" ] || fail "cluster 1 holds no object of ours to break"
  local patch='[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"broken.example.com/broken:1"}]'
  [ "$kind" != ConfigMap ] || patch='[{"op":"add","path":"/data","value":{"broken":"by hand"}}]'
  local start
  start=$(now_ms)
  kubectl 1 patch "$kind" "$name" -n "$namespace" --type=json -p "$patch" > /dev/null
  note "kubectl patch $kind $namespace/$name on $(cluster_name 1)"
  local here=".r.name == \"$name\" and .r.namespace == \"$namespace\" and .verb == \"patch\""
  await 30 "repair" eval 'audit 1 "$here and (.userAgent | startswith(\"dunlin-agent\"))" "$start" | grep -q .'
  DRIFT_MS=$(($(audit 1 "$here and (.userAgent | startswith(\"dunlin-agent\"))" "$start" | jq -s '.[0][0]') - \
    $(audit 1 "$here and (.userAgent | startswith(\"kubectl\"))" "$start" | jq -s '.[0][0]')))
  ! kubectl 1 get "$kind" "$name" -n "$namespace" -o json | grep -q 'broken' || fail "$kind $namespace/$name is still broken"
  note "the agent put it back $DRIFT_MS ms after the apiserver had answered kubectl"
  wait_synced 120
}

roll_back() {
  local start
  start=$(now_ms)
  dunlin app rollback "$ROLLBACK_APP" > "$WORK/rollback.out"
  wait_status 120 "rollback on every cluster" \
    '[.targets[] | select(.app == $app)] | all(.[]; settled and .times.applied >= $start)' \
    --arg app "$ROLLBACK_APP" --argjson start "$start"
  ROLLBACK_MS=$(jq --argjson start "$start" --arg app "$ROLLBACK_APP" \
    '[.targets[] | select(.app == $app) | .times.applied] | max - $start' <<< "$STATUS")
  dunlin app history "$ROLLBACK_APP" | sed 's/^/   /'
  note "$ROLLBACK_APP is back on every cluster after $ROLLBACK_MS ms"
}

count_idle_requests() {
  local start n
  start=$(now_ms)
  sleep "$IDLE_SECONDS"
  IDLE_WRITES=0 IDLE_REQUESTS=0
  for ((n = 1; n <= CLUSTERS; n++)); do
    IDLE_WRITES=$((IDLE_WRITES + $(audit "$n" "$AGENT_WRITE" "$start" | wc -l)))
    IDLE_REQUESTS=$((IDLE_REQUESTS + $(audit "$n" '(.userAgent | startswith("dunlin-agent")) and .verb != "watch"' "$start" | wc -l)))
  done
  note "$IDLE_WRITES writes and $IDLE_REQUESTS requests in all beyond the open watches"
  [ "$IDLE_REQUESTS" -eq 0 ] || fail "the agents asked or wrote although nothing had changed"
}

show_what_next() {
  step "It is running. Try these in another terminal"
  note "export DUNLIN_HUB=unix:$WORK/hub/admin.sock PATH=$BIN:\$PATH"
  note "dunlin status -w"
  note "cd $TREE && \$EDITOR . && git commit -am 'my change' && git push origin main"
  note "$DEPS/bin/kubectl --kubeconfig $WORK/plane/1.kubeconfig get deployments -A"
}

summary() {
  jq -cn --argjson clusters "$CLUSTERS" --argjson objects "$OBJECTS" --argjson first "$FIRST_SYNC_MS" \
    --argjson change "$CHANGE_MS" --argjson drift "$DRIFT_MS" --argjson rollback "$ROLLBACK_MS" --argjson writes "$IDLE_WRITES" --argjson publish "$PUBLISH_TO_APPLIED_MS" \
    '{clusters: $clusters, objects: $objects, first_sync_ms: $first, change_ms: $change, drift_repair_ms: $drift,
      rollback_ms: $rollback, api_writes_unchanged: $writes, publish_to_applied_ms: $publish}'
}
