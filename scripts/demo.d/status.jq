# What scripts/demo reads out of `dunlin status -o json`.

# The worst first; what a target's reason says already holds the hint.
def troubles:
  ["Failed", "Degraded", "OutOfSync", "Progressing", "Unknown", "Stale"] as $order
  | [.problems[] | "\(.object): \(.message); \(.hint)"]
    + ([.targets[] | select(.state != "Synced")] | sort_by(.state as $state | $order | index($state))
       | map("\(.app) on \(.cluster) is \(.state)\(if .reason == "" then "" else ": " + .reason end)"));

def progress:
  troubles as $troubles
  | "\([.targets[] | select(.state == "Synced")] | length) of \(.targets | length) Synced"
    + (if $troubles == [] then "" else "; " + ($troubles[0] | split("\n")[0]) end);

# Its bundle is in the cluster, whether or not what it started has come up.
def applied: .state == "Synced" or ((.state == "Progressing" or .state == "Degraded") and .applied_bundle == .bundle);

# Nothing that happens in a cluster makes such a commit renderable. The other codes are of the
# machinery around the renderer, which tries again.
def unrenderable:
  .state == "Failed" and .failed_revision != ""
  and ([.problems[].code]
       | any(test("^(YAML_|OBJECT_|SOURCE_|RENDER_(FAILED|MISSING|PATH|PLUGIN|REMOTE|NONDETERMINISTIC)$)")
             or IN("invalid_argument", "unsupported", "limit", "not_found")));

# What a wait looks at, a line each: the text that tells one situation from the next, whether it is bad,
# whether it will stay so, whether all is applied, and how it stands for people.
def standing:
  ([.targets[] | [.app, .cluster, .state, .reason, .revision]] + [.problems] | tostring),
  (any(.targets[]; .state == "Failed") or .problems != []),
  any(.targets[]; unrenderable),
  (.targets != [] and all(.targets[]; applied)),
  progress;
