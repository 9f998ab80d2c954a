#include "agent/sync/bundle_reader.h"

#include "protocol/bundle/codec.h"

namespace dunlin::sync {

namespace {

plan::Adoption AdoptionOf(std::string_view text) {
  if (text == "must-match") return plan::Adoption::kMustMatch;
  if (text == "adopt-all") return plan::Adoption::kAdoptAll;
  return plan::Adoption::kAdoptIfUnowned;
}

int PriorityOf(std::string_view text) {
  if (text == "critical") return 3;
  if (text == "high") return 2;
  return text == "low" ? 0 : 1;
}

// "Deployment.apps", "ConfigMap".
plan::GroupKind KindOf(const std::string& text) {
  const size_t dot = text.find('.');
  if (dot == std::string::npos) return {"", text};
  return {text.substr(dot + 1), text.substr(0, dot)};
}

}  // namespace

Result<bundle::Bundle> OpenBundle(const StoredBundle& stored) {
  TRY(const Bytes raw, bundle::Decode(stored.blob, {stored.raw_bytes, stored.digest}));
  return bundle::ParseCanonical(raw);
}

Status CheckAgainstStatement(const bundle::Bundle& bundle, uint64_t raw_bytes,
                             const std::string& app, const trust::StatementApp& entry) {
  if (bundle.app != app) {
    return MakeError(Errc::kCorrupt,
                     "the bundle listed for app " + app + " is of app " + bundle.app);
  }
  const auto objects = static_cast<int64_t>(bundle.objects.size());
  if (objects != entry.objects || static_cast<int64_t>(raw_bytes) != entry.raw) {
    return MakeError(Errc::kCorrupt, "the bundle of app " + app + " holds " +
                                         std::to_string(objects) + " objects in " +
                                         std::to_string(raw_bytes) + " bytes, the statement says " +
                                         std::to_string(entry.objects) + " in " +
                                         std::to_string(entry.raw));
  }
  return {};
}

AppRules RulesOf(const bundle::Bundle& bundle, const trust::StatementApp& entry) {
  const bundle::Policy& policy = bundle.policy;
  AppRules out;
  plan::AppPolicy& app = out.plan;
  app.prune = policy.prune && entry.prune;
  out.keep_on_removal = !app.prune || policy.keep_on_removal;
  app.self_heal = policy.self_heal;
  app.allow_empty = policy.allow_empty;
  app.allow_mass_prune = entry.allow_mass_prune;
  app.adoption = AdoptionOf(policy.adopt);
  app.default_namespace = policy.namespace_;
  app.cluster_scope_allowed = bundle.cluster_scope;
  app.allowed_namespaces = policy.allowed_namespaces;
  for (const std::string& kind : policy.allowed_kinds) app.allowed_kinds.push_back(KindOf(kind));
  app.depends_on = policy.depends_on;
  app.priority = PriorityOf(policy.priority);

  if (!policy.service_account.empty()) {
    // One without namespace stays in, as a user that exists nowhere: 403 instead of our own rights.
    std::string account = policy.service_account;
    if (const size_t slash = account.find('/'); slash != std::string::npos) account[slash] = ':';
    out.as_user = "system:serviceaccount:" + account;
  }
  app.create_namespace = policy.create_namespace;
  app.namespace_labels = policy.namespace_labels;
  app.namespace_annotations = policy.namespace_annotations;
  out.retry_limit = policy.retry_limit;
  out.retry_backoff_ms = policy.retry_backoff_ms;
  out.health_rules = policy.health_rules;
  if (policy.apply != "merge3") out.unsupported.push_back("sync.apply: " + policy.apply);
  for (const bundle::IgnoreRule& rule : policy.ignore) {
    if (!rule.managers.empty()) out.unsupported.emplace_back("sync.ignore by managers");
    if (!rule.paths.empty()) out.ignore.push_back(rule);
  }
  return out;
}

}  // namespace dunlin::sync
