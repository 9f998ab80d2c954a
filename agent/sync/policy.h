// The policy part of a bundle: what the agent needs of the App, signed with the objects.
//
//   {"allowedKinds":["apps/Deployment"…],"allowedNamespaces":[…],"dependsOn":[…],"namespace":"shop",
//    "priority":"critical","serviceAccount":"ns/name",
//    "sync":{"adopt","allowEmpty","apply","ignore","propagation","prune","selfHeal"}}
//
// Every member may be absent. Unknown members are ignored (a newer hub); an unknown *value* of a
// known one is an error of the app: guessing a policy is worse than not applying.
#pragma once

#include <string>

#include "agent/plan/desired.h"
#include "protocol/base/result.h"
#include "protocol/object/value.h"

namespace dunlin::sync {

struct BundlePolicy {
  plan::AppPolicy plan;
  std::string as_user;  // "system:serviceaccount:ns:name", or empty
  // Parts that this version cannot honour and must not ignore silently ("sync.apply ssa").
  std::vector<std::string> unsupported;
};

Result<BundlePolicy> ParsePolicy(const object::Value& policy);

}  // namespace dunlin::sync
