#include "agent/sync/policy.h"

#include <map>

namespace dunlin::sync {

namespace {

bool BoolOr(const object::Value& root, std::initializer_list<std::string_view> path, bool otherwise) {
  return object::FindBool(root, path).value_or(otherwise);
}

std::vector<std::string> Strings(const object::Value& root, std::string_view member) {
  std::vector<std::string> out;
  if (const object::Array* list = object::FindArray(root, {member})) {
    for (const object::Value& item : *list) {
      if (item.is_string()) out.emplace_back(object::View(item.as_string()));
    }
  }
  return out;
}

// "apps/Deployment", "ConfigMap"; "*" for every kind of the group is not known here.
plan::GroupKind ParseKind(const std::string& text) {
  const size_t slash = text.rfind('/');
  if (slash == std::string::npos) return {"", text};
  return {text.substr(0, slash), text.substr(slash + 1)};
}

// A class of the App, or a number that the hub made of a PriorityClass name.
Result<int> ParsePriority(const object::Value& policy) {
  if (const auto number = object::FindInt(policy, {"priority"})) return static_cast<int>(*number);
  const std::string_view name = object::FindString(policy, {"priority"});
  static const std::map<std::string_view, int> classes = {
      {"", 0}, {"critical", 3}, {"high", 2}, {"normal", 0}, {"low", -1}};
  const auto found = classes.find(name);
  if (found != classes.end()) return found->second;
  return MakeError(Errc::kUnsupported,
                   "policy.priority \"" + std::string(name) +
                       "\" is not known to this agent: use critical, high, normal or low");
}

Result<plan::Adoption> ParseAdoption(std::string_view text) {
  if (text.empty() || text == "adopt-if-unowned") return plan::Adoption::kAdoptIfUnowned;
  if (text == "must-match") return plan::Adoption::kMustMatch;
  if (text == "adopt-all") return plan::Adoption::kAdoptAll;
  return MakeError(Errc::kUnsupported, "policy.sync.adopt \"" + std::string(text) +
                                           "\" is not known to this agent: update the agent");
}

Result<plan::Propagation> ParsePropagation(std::string_view text) {
  if (text.empty() || text == "background") return plan::Propagation::kBackground;
  if (text == "foreground") return plan::Propagation::kForeground;
  if (text == "orphan") return plan::Propagation::kOrphan;
  return MakeError(Errc::kUnsupported, "policy.sync.propagation \"" + std::string(text) +
                                           "\" is not known to this agent: update the agent");
}

}  // namespace

Result<BundlePolicy> ParsePolicy(const object::Value& policy) {
  BundlePolicy out;
  plan::AppPolicy& app = out.plan;
  app.prune = BoolOr(policy, {"sync", "prune"}, true);
  app.self_heal = BoolOr(policy, {"sync", "selfHeal"}, true);
  app.allow_empty = BoolOr(policy, {"sync", "allowEmpty"}, false);
  TRY(app.adoption, ParseAdoption(object::FindString(policy, {"sync", "adopt"})));
  TRY(app.propagation, ParsePropagation(object::FindString(policy, {"sync", "propagation"})));
  TRY(app.priority, ParsePriority(policy));
  app.default_namespace = object::FindString(policy, {"namespace"});
  app.allowed_namespaces = Strings(policy, "allowedNamespaces");
  for (const std::string& kind : Strings(policy, "allowedKinds")) {
    app.allowed_kinds.push_back(ParseKind(kind));
  }
  app.depends_on = Strings(policy, "dependsOn");

  const std::string_view account = object::FindString(policy, {"serviceAccount"});
  if (!account.empty()) {
    const size_t slash = account.find('/');
    if (slash == std::string_view::npos || slash == 0 || slash + 1 == account.size()) {
      return MakeError(Errc::kInvalidArgument, "policy.serviceAccount \"" + std::string(account) +
                                                   "\" is not namespace/name");
    }
    out.as_user = "system:serviceaccount:" + std::string(account.substr(0, slash)) + ":" +
                  std::string(account.substr(slash + 1));
  }
  const std::string_view apply = object::FindString(policy, {"sync", "apply"});
  if (!apply.empty() && apply != "merge3") {
    out.unsupported.push_back("sync.apply: " + std::string(apply));
  }
  if (const object::Array* ignore = object::FindArray(policy, {"sync", "ignore"});
      ignore != nullptr && !ignore->empty()) {
    out.unsupported.emplace_back("sync.ignore");
  }
  return out;
}

}  // namespace dunlin::sync
