#include "protocol/bundle/policy.h"

#include <gtest/gtest.h>

#include "protocol/base/limits.h"
#include "protocol/bundle/bundle.h"
#include "protocol/object/json.h"

namespace dunlin::bundle {
namespace {

Policy Everything() {
  Policy policy;
  policy.prune = false;
  policy.keep_on_removal = true;
  policy.self_heal = false;
  policy.allow_empty = true;
  policy.apply = "ssa";
  policy.adopt = "must-match";
  policy.priority = "critical";
  policy.retry_limit = -1;
  policy.retry_backoff_ms = 250;
  policy.namespace_ = "shop";
  policy.create_namespace = true;
  policy.namespace_labels = {{"team", "shop"}};
  policy.namespace_annotations = {{"a", "b"}};
  policy.service_account = "shop/deployer";
  policy.depends_on = {"base", "crds"};
  policy.ignore = {{"apps", "Deployment", "cart", "shop", {"/spec/replicas"}, {"hpa"}}, {}};
  policy.health_rules = {{"queues", object::Object{{"match", "any"}}}};
  policy.allowed_namespaces = {"shop"};
  policy.allowed_kinds = {"Deployment.apps"};
  return policy;
}

TEST(Policy, ComesBack) {
  for (const Policy& policy : {Policy(), Everything()}) {
    EXPECT_EQ(PolicyFromJson(PolicyToJson(policy)).value(), policy);
  }
}

TEST(Policy, LeavesDefaultsOut) {
  EXPECT_EQ(object::CanonicalJson(PolicyToJson(Policy())), "{}");
  EXPECT_EQ(
      object::CanonicalJson(PolicyToJson(Everything())),
      R"({"adopt":"must-match","allow_empty":true,"allowed_kinds":["Deployment.apps"],)"
      R"("allowed_namespaces":["shop"],"apply":"ssa","create_namespace":true,)"
      R"("depends_on":["base","crds"],)"
      R"("health_rules":[{"name":"queues","spec":{"match":"any"}}],"ignore":[{"group":"apps","kind":"Deployment",)"
      R"("managers":["hpa"],"name":"cart","namespace":"shop","paths":["/spec/replicas"]},{}],)"
      R"("keep_on_removal":true,"namespace":"shop",)"
      R"("namespace_annotations":{"a":"b"},"namespace_labels":{"team":"shop"},"priority":"critical","prune":false,)"
      R"("retry_backoff_ms":250,)"
      R"("retry_limit":-1,"self_heal":false,"service_account":"shop/deployer"})");
}

// An agent must not run under a policy that it does not understand.
TEST(Policy, RefusesUnknownMembersWordsAndTypes) {
  for (const char* json : {"[]",
                           "1",
                           R"({"future":true})",
                           R"({"prune":1})",
                           R"({"namespace_labels":{"a":1}})",
                           R"({"namespace_labels":[]})",
                           R"({"prune":null})",
                           R"({"apply":"replace"})",
                           R"({"apply":true})",
                           R"({"adopt":"take-all"})",
                           R"({"depends_on":"base"})",
                           R"({"health_rules":{}})",
                           R"({"health_rules":["a"]})",
                           R"({"health_rules":[{"name":"a"}]})",
                           R"({"health_rules":[{"name":"","spec":{}}]})",
                           R"({"health_rules":[{"name":"a","spec":{},"later":1}]})",
                           R"({"depends_on":[1]})",
                           R"({"ignore":{}})",
                           R"({"ignore":[1]})",
                           R"({"ignore":[{"path":"/x"}]})",
                           R"({"ignore":[{"kind":1}]})",
                           R"({"ignore":[{"paths":"/x"}]})",
                           R"({"retry_limit":"5"})",
                           R"({"retry_limit":5.0})",
                           R"({"retry_limit":-2})",
                           R"({"retry_limit":4294967297})",
                           R"({"retry_backoff_ms":-1})",
                           R"({"retry_backoff_ms":4294967297})"}) {
    EXPECT_EQ(PolicyFromJson(object::ParseJson(json).value()).error().code, Errc::kUnsupported)
        << json;
  }
}

TEST(Policy, AsManyHealthRulesAsTheLimit) {
  Bundle bundle;
  bundle.app = "shop";
  const HealthRule rule{"a", object::Object{}};
  bundle.policy.health_rules.assign(limits::kBundleHealthRules, rule);
  EXPECT_TRUE(Canonical(bundle));
  EXPECT_TRUE(PolicyFromJson(PolicyToJson(bundle.policy)));
  bundle.policy.health_rules.push_back(rule);
  EXPECT_EQ(Canonical(bundle).error().code, Errc::kLimit);
  EXPECT_EQ(PolicyFromJson(PolicyToJson(bundle.policy)).error().code, Errc::kLimit);
}

}  // namespace
}  // namespace dunlin::bundle
