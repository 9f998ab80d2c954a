#include "agent/health/judge.h"

#include <algorithm>

#include "agent/health/generic.h"
#include "agent/health/rule_eval.h"
#include "agent/health/shipped_rules.h"
#include "protocol/base/check.h"
#include "protocol/object/json.h"
#include "protocol/object/resource_key.h"

namespace dunlin::health {

namespace {

// More than a cluster has; a stream of made-up kinds must not fill the memory.
constexpr size_t kRememberedKinds = 2000;

bool NamesKind(const healthrule::HealthRule& rule, std::string_view group, std::string_view version,
               std::string_view kind) {
  return std::any_of(rule.match.begin(), rule.match.end(), [&](const healthrule::Match& match) {
    return match.Exact() && match.Matches(group, version, kind);
  });
}

}  // namespace

Judge::Compiled Judge::Compile(std::string name, const object::Value& spec) {
  Compiled out{std::move(name), {}, {}};
  auto rule = healthrule::ParseSpec(spec);
  if (rule) {
    out.rule = std::move(*rule);
    return out;
  }
  out.broken = rule.error().message;
  if (auto match = healthrule::ParseMatch(spec)) {
    out.rule.match = std::move(*match);
  } else {
    // For which kinds it was meant cannot be told any more: for all custom ones.
    out.rule.match = {{"*", {"*"}, {}}};
  }
  return out;
}

void Judge::SetFleetRules(const std::vector<FleetRule>& rules) {
  fleet_.clear();
  by_kind_.clear();
  for (const FleetRule& rule : rules) fleet_.push_back(Compile(rule.name, rule.spec));
  std::stable_sort(fleet_.begin(), fleet_.end(),
                   [](const Compiled& a, const Compiled& b) { return a.name < b.name; });
}

bool Judge::HasFleetRule(std::string_view group, std::string_view kind) const {
  const auto names = [&](const healthrule::Match& match) { return match.MatchesKind(group, kind); };
  return std::any_of(fleet_.begin(), fleet_.end(), [&](const Compiled& one) {
    return std::any_of(one.rule.match.begin(), one.rule.match.end(), names);
  });
}

void Judge::AddShipped(std::string_view group, std::string_view version, std::string_view kind,
                       std::vector<const Compiled*>& out) {
  for (const ShippedMatch& match : ShippedMatches()) {
    if (match.kind != "*" && match.kind != kind) continue;
    if (!healthrule::MatchesGroup(match.group, group)) continue;
    std::unique_ptr<Compiled>& rule = shipped_[match.rule];
    if (rule == nullptr) {
      const ShippedRule& text = ShippedRules()[match.rule];
      auto spec = object::ParseJson(text.spec);
      CHECK(spec.has_value());  // the build wrote it
      rule = std::make_unique<Compiled>(Compile(std::string(text.name), *spec));
      CHECK(rule->broken.empty());
    }
    const bool known = std::find(out.begin(), out.end(), rule.get()) != out.end();
    if (!known && rule->rule.Matches(group, version, kind)) out.push_back(rule.get());
  }
}

const std::vector<const Judge::Compiled*>& Judge::RulesFor(std::string_view api_version,
                                                           std::string_view kind) {
  Kind key(api_version, kind);
  const auto known = by_kind_.find(key);
  if (known != by_kind_.end()) return known->second;
  if (by_kind_.size() >= kRememberedKinds) by_kind_.clear();
  std::vector<const Compiled*>& out = by_kind_[std::move(key)];
  const auto version = object::GroupVersion::Parse(api_version);
  if (!version) return out;
  const auto named_first = [&](size_t from) {
    std::stable_partition(out.begin() + static_cast<ptrdiff_t>(from), out.end(),
                          [&](const Compiled* one) {
                            return NamesKind(one->rule, version->group, version->version, kind);
                          });
  };
  for (const Compiled& one : fleet_) {
    if (one.rule.Matches(version->group, version->version, kind)) out.push_back(&one);
  }
  named_first(0);
  const size_t of_fleet = out.size();
  AddShipped(version->group, version->version, kind, out);
  named_first(of_fleet);
  return out;
}

Health Judge::Evaluate(const object::Value& live, TimePoint now) {
  if (!live.is_object()) return Unknown("not an object");
  const auto conditions = ReadConditions(live);
  const std::string_view api_version = object::FindString(live, {"apiVersion"});
  const std::string_view kind = object::FindString(live, {"kind"});
  const auto& rules = RulesFor(api_version, kind);
  const std::vector<Condition> none;
  const Facts facts{live, conditions ? *conditions : none, now, options_};
  if (auto health = BeingDeleted(facts)) return *health;
  const bool ignores = std::any_of(rules.begin(), rules.end(), [](const Compiled* one) {
    return one->rule.ignore_observed_generation;
  });
  if (!ignores) {
    if (auto health = NotObserved(facts)) return *health;
  }
  for (const Compiled* one : rules) {
    if (!one->broken.empty()) {
      return {HealthStatus::kUnknown, "HealthRuleBroken",
              "HealthRule " + one->name + " cannot be used: " + one->broken};
    }
    auto health = Apply(one->rule, live, now);
    if (!health) continue;
    if (health->reason == kTooCostly)
      health->message = "HealthRule " + one->name + ": " + health->message;
    return *health;
  }
  if (!conditions) return Unknown(conditions.error().message);
  if (auto health = ByKstatusConditions(facts)) return *health;
  const auto version = object::GroupVersion::Parse(api_version);
  const Rule rule = version ? FindRule(version->group, kind) : nullptr;
  if (rule != nullptr) {
    if (auto health = rule(facts)) return *health;
  }
  if (auto health = ByReady(facts)) return *health;
  if (rule == nullptr) {
    if (auto health = ByConvention(facts)) return *health;
  }
  return Current();
}

}  // namespace dunlin::health
