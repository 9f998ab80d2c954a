// Who judges objects: the rules of the fleet first, then those of Kubernetes' own kinds and the
// shipped ones, then what conditions and phases usually mean. Rules of the shipped file are parsed
// when the first object of their kind comes, so an agent without custom resources pays nothing.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/health/health.h"
#include "protocol/healthrule/rule.h"

namespace dunlin::health {

// A HealthRule of the fleet as a bundle's policy brings it.
struct FleetRule {
  std::string name;
  object::Value spec;
  bool operator==(const FleetRule&) const = default;
};

// Not thread-safe: it keeps what it has parsed.
class Judge {
 public:
  explicit Judge(Options options = {}) : options_(options) {}

  // Replaces the rules of the fleet. One that does not parse makes the objects that it matches
  // Unknown, with a reason that names it: rules are never skipped silently.
  void SetFleetRules(const std::vector<FleetRule>& rules);
  // Whether a rule of the fleet is for this kind, in some version.
  bool HasFleetRule(std::string_view group, std::string_view kind) const;

  Health Evaluate(const object::Value& live, TimePoint now);

 private:
  struct Compiled {
    std::string name;
    healthrule::HealthRule rule;
    std::string broken;  // why it cannot be used; then only rule.match counts
  };
  using Kind = std::pair<std::string, std::string>;  // apiVersion, kind

  static Compiled Compile(std::string name, const object::Value& spec);
  // The rules for a kind, those that name it before those with a '*'.
  const std::vector<const Compiled*>& RulesFor(std::string_view api_version, std::string_view kind);
  void AddShipped(std::string_view group, std::string_view version, std::string_view kind,
                  std::vector<const Compiled*>& out);

  Options options_;
  std::vector<Compiled> fleet_;
  std::map<size_t, std::unique_ptr<Compiled>> shipped_;  // by place in ShippedRules()
  std::map<Kind, std::vector<const Compiled*>> by_kind_;
};

}  // namespace dunlin::health
