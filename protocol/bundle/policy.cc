#include "protocol/bundle/policy.h"

#include <array>
#include <climits>

#include "protocol/base/limits.h"

namespace dunlin::bundle {

namespace {

object::Array ToArray(const std::vector<std::string>& texts) {
  object::Array out;
  for (const std::string& text : texts) out.emplace_back(text);
  return out;
}

Error Wrong(std::string_view member) {
  return MakeError(Errc::kUnsupported, "policy member " + std::string(member) +
                                           " is unknown or of another type; update the agent");
}

Result<std::vector<std::string>> ToTexts(const object::Value& value, std::string_view member) {
  if (!value.is_array()) return Wrong(member);
  std::vector<std::string> out;
  for (const object::Value& element : value.get_array()) {
    if (!element.is_string()) return Wrong(member);
    out.emplace_back(object::View(element.get_string()));
  }
  return out;
}

bool IsBetween(const object::Value& value, int64_t least, int64_t most) {
  return value.is_int64() && value.get_int64() >= least && value.get_int64() <= most;
}

object::Object RuleToJson(const IgnoreRule& rule) {
  object::Object out;
  if (!rule.group.empty()) out["group"] = rule.group;
  if (!rule.kind.empty()) out["kind"] = rule.kind;
  if (!rule.managers.empty()) out["managers"] = ToArray(rule.managers);
  if (!rule.name.empty()) out["name"] = rule.name;
  if (!rule.namespace_.empty()) out["namespace"] = rule.namespace_;
  if (!rule.paths.empty()) out["paths"] = ToArray(rule.paths);
  return out;
}

Result<IgnoreRule> RuleFromJson(const object::Value& json) {
  IgnoreRule out;
  if (!json.is_object()) return Wrong("ignore");
  for (const auto& [name, value] : json.get_object()) {
    const std::string_view member = name;
    if (member == "paths" || member == "managers") {
      TRY(std::vector<std::string> texts, ToTexts(value, member));
      (member == "paths" ? out.paths : out.managers) = std::move(texts);
      continue;
    }
    std::string* text = member == "group"       ? &out.group
                        : member == "kind"      ? &out.kind
                        : member == "name"      ? &out.name
                        : member == "namespace" ? &out.namespace_
                                                : nullptr;
    if (text == nullptr || !value.is_string()) return Wrong(member);
    *text = std::string(object::View(value.get_string()));
  }
  return out;
}

object::Array HealthRulesToJson(const std::vector<HealthRule>& rules) {
  object::Array out;
  for (const HealthRule& rule : rules) {
    out.push_back(object::Object{{"name", rule.name}, {"spec", rule.spec}});
  }
  return out;
}

// What a rule says is not read here: one that this agent does not understand makes the objects of
// its kinds Unknown, not the app unusable.
Result<std::vector<HealthRule>> HealthRulesFromJson(const object::Array& json) {
  if (json.size() > limits::kBundleHealthRules) {
    return MakeError(Errc::kLimit, std::to_string(json.size()) + " health rules exceed " +
                                       std::to_string(limits::kBundleHealthRules));
  }
  std::vector<HealthRule> out;
  for (const object::Value& element : json) {
    const object::Object* fields = element.if_object();
    const object::Value* spec = fields == nullptr ? nullptr : fields->if_contains("spec");
    const std::string_view name = object::FindString(element, {"name"});
    if (spec == nullptr || name.empty() || fields->size() != 2) return Wrong("health_rules");
    out.push_back({std::string(name), *spec});
  }
  return out;
}

struct FlagMember {
  std::string_view name;
  bool Policy::*field;
};
struct TextMember {
  std::string_view name;
  std::string Policy::*field;
};
struct ListMember {
  std::string_view name;
  std::vector<std::string> Policy::*field;
};

constexpr std::array kFlags = {FlagMember{"allow_empty", &Policy::allow_empty},
                               FlagMember{"create_namespace", &Policy::create_namespace},
                               FlagMember{"keep_on_removal", &Policy::keep_on_removal},
                               FlagMember{"prune", &Policy::prune},
                               FlagMember{"self_heal", &Policy::self_heal}};
constexpr std::array kTexts = {
    TextMember{"adopt", &Policy::adopt}, TextMember{"apply", &Policy::apply},
    TextMember{"namespace", &Policy::namespace_}, TextMember{"priority", &Policy::priority},
    TextMember{"service_account", &Policy::service_account}};
constexpr std::array kLists = {ListMember{"allowed_kinds", &Policy::allowed_kinds},
                               ListMember{"allowed_namespaces", &Policy::allowed_namespaces},
                               ListMember{"depends_on", &Policy::depends_on}};

struct MapMember {
  std::string_view name;
  std::map<std::string, std::string> Policy::*field;
};
constexpr std::array kMaps = {MapMember{"namespace_annotations", &Policy::namespace_annotations},
                              MapMember{"namespace_labels", &Policy::namespace_labels}};

Result<std::map<std::string, std::string>> ToMap(const object::Value& value,
                                                 std::string_view member) {
  if (!value.is_object()) return Wrong(member);
  std::map<std::string, std::string> out;
  for (const auto& [name, text] : value.get_object()) {
    if (!text.is_string()) return Wrong(member);
    out.emplace(std::string(object::View(name)), std::string(object::View(text.get_string())));
  }
  return out;
}

// Reads one member; false when no table knows it.
Result<bool> ReadPlainMember(Policy& out, std::string_view name, const object::Value& value) {
  for (const FlagMember& member : kFlags) {
    if (member.name != name) continue;
    if (!value.is_bool()) return Wrong(name);
    out.*member.field = value.get_bool();
    return true;
  }
  for (const TextMember& member : kTexts) {
    if (member.name != name) continue;
    if (!value.is_string()) return Wrong(name);
    out.*member.field = std::string(object::View(value.get_string()));
    return true;
  }
  for (const ListMember& member : kLists) {
    if (member.name != name) continue;
    TRY(out.*member.field, ToTexts(value, name));
    return true;
  }
  for (const MapMember& member : kMaps) {
    if (member.name != name) continue;
    TRY(out.*member.field, ToMap(value, name));
    return true;
  }
  return false;
}

}  // namespace

object::Value PolicyToJson(const Policy& policy) {
  const Policy defaults;
  object::Object out;
  for (const FlagMember& member : kFlags) {
    if (policy.*member.field != defaults.*member.field) out[member.name] = policy.*member.field;
  }
  for (const TextMember& member : kTexts) {
    if (policy.*member.field != defaults.*member.field) out[member.name] = policy.*member.field;
  }
  for (const ListMember& member : kLists) {
    if (!(policy.*member.field).empty()) out[member.name] = ToArray(policy.*member.field);
  }
  if (!policy.health_rules.empty()) out["health_rules"] = HealthRulesToJson(policy.health_rules);
  for (const MapMember& member : kMaps) {
    object::Object texts;
    for (const auto& [name, text] : policy.*member.field) texts[name] = text;
    if (!texts.empty()) out[member.name] = std::move(texts);
  }
  if (policy.retry_limit != defaults.retry_limit) out["retry_limit"] = policy.retry_limit;
  if (policy.retry_backoff_ms != defaults.retry_backoff_ms) {
    out["retry_backoff_ms"] = policy.retry_backoff_ms;
  }
  if (!policy.ignore.empty()) {
    object::Array rules;
    for (const IgnoreRule& rule : policy.ignore) rules.push_back(RuleToJson(rule));
    out["ignore"] = std::move(rules);
  }
  return out;
}

Result<Policy> PolicyFromJson(const object::Value& json) {
  if (!json.is_object()) return Wrong("policy");
  Policy out;
  for (const auto& [key, value] : json.get_object()) {
    const std::string_view name = key;
    TRY(const bool known, ReadPlainMember(out, name, value));
    if (known) continue;
    if (name == "ignore" && value.is_array()) {
      for (const object::Value& element : value.get_array()) {
        TRY(IgnoreRule rule, RuleFromJson(element));
        out.ignore.push_back(std::move(rule));
      }
    } else if (name == "health_rules" && value.is_array()) {
      TRY(out.health_rules, HealthRulesFromJson(value.get_array()));
    } else if (name == "retry_limit" && IsBetween(value, -1, INT_MAX)) {
      out.retry_limit = static_cast<int>(value.get_int64());
    } else if (name == "retry_backoff_ms" && IsBetween(value, 0, INT_MAX)) {
      out.retry_backoff_ms = value.get_int64();
    } else {
      return Wrong(name);
    }
  }
  const bool words_known =
      (out.apply == "merge3" || out.apply == "ssa") &&
      (out.adopt == "adopt-if-unowned" || out.adopt == "must-match" || out.adopt == "adopt-all");
  if (!words_known) return Wrong("apply or adopt");
  return out;
}

}  // namespace dunlin::bundle
