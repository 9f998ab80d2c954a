// A bundle: everything one app runs in one cluster, and the policy it is applied under.
//
// Canonical form (what the digest is made over):
//   {"app":…,"cluster_scope":true,"format":1,"objects":[…],"policy":{…}}
// canonical JSON; objects sorted by (group, kind, namespace, name), no key twice. Policy members
// that have their default value are left out. Unknown members are refused: an agent must not run
// under a policy that it does not understand.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/object/resource_key.h"
#include "protocol/object/value.h"

namespace dunlin::bundle {

struct IgnoreRule {
  std::string group, kind, name, namespace_;  // empty: any
  std::vector<std::string> paths;             // JSON pointers
  std::vector<std::string> managers;
  bool operator==(const IgnoreRule&) const = default;
};

// How the health of a custom resource is judged (protocol/healthrule reads `spec`). A bundle
// carries the rules for the kinds that it holds, and no others.
struct HealthRule {
  std::string name;
  object::Value spec;
  bool operator==(const HealthRule&) const = default;
};

struct Policy {
  bool prune = true;
  // The objects stay when the app leaves the statement; what leaves the app is pruned as `prune`
  // says. Written only when true: an agent that does not know it refuses the bundle.
  bool keep_on_removal = false;
  bool self_heal = true;
  bool allow_empty = false;
  std::string apply = "merge3";            // merge3 | ssa
  std::string adopt = "adopt-if-unowned";  // adopt-if-unowned | must-match | adopt-all
  std::string priority = "normal";         // critical | high | normal | low
  int retry_limit = 5;                     // -1: none
  int64_t retry_backoff_ms = 100;
  std::string namespace_;  // for namespaced objects that name none
  bool create_namespace = false;
  std::map<std::string, std::string> namespace_labels;  // of the namespace that is made
  std::map<std::string, std::string> namespace_annotations;
  std::string service_account;  // "namespace/name", impersonated; empty: the agent's own
  std::vector<std::string> depends_on;
  std::vector<IgnoreRule> ignore;
  // Written only when there are some: an agent that does not know them refuses the bundle, instead
  // of judging by rules of its own. At most limits::kBundleHealthRules.
  std::vector<HealthRule> health_rules;
  std::vector<std::string> allowed_namespaces;  // empty: all
  std::vector<std::string> allowed_kinds;       // "Deployment.apps"; empty: all
  bool operator==(const Policy&) const = default;
};

struct Bundle {
  std::string app;
  bool cluster_scope = true;  // cluster-scoped objects are allowed
  std::vector<object::Value> objects;
  Policy policy;
};

inline constexpr int kFormat = 1;

// Sorts and checks. kInvalidArgument: an object without identity, one key twice, the part-of label
// in a manifest; kLimit: limits.h (object size and depth, count, total).
Result<Bytes> Canonical(Bundle bundle);
// The opposite, for bytes whose digest is already verified. Refuses everything Canonical would not
// have written except the spelling of JSON.
Result<Bundle> ParseCanonical(BytesView raw);

}  // namespace dunlin::bundle
