#include "hub/pipeline/seal.h"

#include <algorithm>
#include <set>

#include "protocol/bundle/policy.h"
#include "protocol/crypto/crypto.h"
#include "protocol/healthrule/rule.h"
#include "protocol/object/json.h"

namespace dunlin::hub {

namespace {

// Only the rules for kinds that the app holds: another rule of the fleet must not change its
// bundle.
void KeepMatching(const std::vector<object::Value>& objects,
                  std::vector<bundle::HealthRule>& rules) {
  std::set<std::pair<std::string, std::string>> kinds;  // apiVersion, kind
  for (const object::Value& value : objects) {
    kinds.emplace(object::FindString(value, {"apiVersion"}), object::FindString(value, {"kind"}));
  }
  std::erase_if(rules, [&](const bundle::HealthRule& rule) {
    const auto match = healthrule::ParseMatch(rule.spec);
    return match && std::none_of(kinds.begin(), kinds.end(), [&](const auto& kind) {
             const auto version = object::GroupVersion::Parse(kind.first);
             return version && std::any_of(match->begin(), match->end(), [&](const auto& one) {
                      return one.Matches(version->group, version->version, kind.second);
                    });
           });
  });
}

Result<Sealed> Seal(const catalog::App& app, std::vector<object::Value> objects) {
  if (objects.empty() && !app.sync.allow_empty) {
    return MakeError(Errc::kPrecondition,
                     "the render gives no object at all; the last good bundle stays");
  }
  bundle::Bundle bundle;
  bundle.app = app.name.str();
  bundle.policy = PolicyOf(app);
  KeepMatching(objects, bundle.policy.health_rules);
  bundle.objects = std::move(objects);
  Sealed sealed;
  sealed.objects = static_cast<int64_t>(bundle.objects.size());
  TRY(sealed.canonical, bundle::Canonical(std::move(bundle)));
  sealed.digest = crypto::Sha256(sealed.canonical);
  return sealed;
}

}  // namespace

bundle::Policy PolicyOf(const catalog::App& app) {
  bundle::Policy policy;
  policy.prune = app.sync.prune;
  policy.keep_on_removal = app.sync.keep_on_removal;
  policy.self_heal = app.sync.self_heal;
  policy.allow_empty = app.sync.allow_empty;
  policy.apply = Name(app.sync.apply);
  policy.adopt = Name(app.sync.adopt);
  policy.priority = app.priority;
  policy.retry_limit = app.sync.retry.limit;
  policy.retry_backoff_ms = app.sync.retry.backoff.count();
  policy.namespace_ = app.namespace_;
  policy.create_namespace = app.sync.create_namespace;
  policy.namespace_labels = app.sync.namespace_labels;
  policy.namespace_annotations = app.sync.namespace_annotations;
  policy.service_account = app.service_account;
  for (const AppName& name : app.depends_on) policy.depends_on.push_back(name.str());
  for (const catalog::IgnoreRule& rule : app.sync.ignore) {
    policy.ignore.push_back(
        {rule.group, rule.kind, rule.name, rule.namespace_, rule.paths, rule.managers});
  }
  for (const auto& rule : app.health_rules) policy.health_rules.push_back({rule->name, rule->spec});
  return policy;
}

std::string PolicyText(const catalog::App& app) {
  return object::CanonicalJson(bundle::PolicyToJson(PolicyOf(app)));
}

JobResult SealJob(const catalog::App& app, JobAnswer answer, const TreeIndex& tree) {
  JobResult result;
  result.uses_facts = answer.seen.uses_api_versions;
  if (answer.error) {
    result.error = std::move(answer.error);
    result.fault = std::move(answer.fault);
    result.by_renderer = true;
    return result;
  }
  auto sealed = Seal(app, std::move(answer.objects));
  if (!sealed) {
    result.error = sealed.error();
    return result;
  }
  result.reads = EncodeReads(answer.seen, tree);
  result.sealed = std::move(*sealed);
  return result;
}

}  // namespace dunlin::hub
