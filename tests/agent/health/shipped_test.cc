// Every shipped rule, by the objects in shipped/*.yaml: for each status that one of its cases gives
// there is an object that gets it. `conditions: [Ready=False Reason]` is short for
// status.conditions.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "agent/health/judge.h"
#include "agent/health/shipped_rules.h"
#include "protocol/yaml/config_yaml.h"
#include "tests/agent/health/health_table.h"

namespace dunlin::health {
namespace {

using Samples = std::map<std::string, object::Value>;  // by rule

Samples ReadSamples() {
  Samples out;
  const std::string directory = std::string(DUNLIN_SOURCE_DIR) + "/tests/agent/health/shipped";
  for (const auto& file : std::filesystem::directory_iterator(directory)) {
    std::ifstream in(file.path());
    std::stringstream text;
    text << in.rdbuf();
    const auto rules = yaml::ParseConfig(text.str());
    EXPECT_TRUE(rules) << file.path() << ": " << rules.error().message;
    if (!rules) continue;
    for (const auto& [name, samples] : rules->get_object()) {
      EXPECT_TRUE(out.emplace(name, samples).second) << name;
    }
  }
  return out;
}

// "Ready=False Reason", "Ready=True".
object::Value ConditionOf(std::string_view text) {
  const size_t equals = text.find('=');
  const size_t blank = std::min(text.find(' '), text.size());
  object::Object out{{"type", text.substr(0, equals)},
                     {"status", text.substr(equals + 1, blank - equals - 1)}};
  if (blank < text.size()) out["reason"] = text.substr(blank + 1);
  return out;
}

object::Value ObjectOf(const object::Value& sample, std::string_view of) {
  object::Value out = sample;
  object::Object& fields = out.as_object();
  const size_t blank = of.find(' ');
  fields["apiVersion"] = of.substr(0, blank);
  fields["kind"] = of.substr(blank + 1);
  if (const object::Value* texts = fields.if_contains("conditions")) {
    object::Array conditions;
    for (const object::Value& text : texts->get_array()) {
      conditions.push_back(ConditionOf(object::View(text.get_string())));
    }
    fields.erase("conditions");
    fields["status"] = object::Object{{"conditions", std::move(conditions)}};
  }
  return out;
}

TEST(ShippedRules, GiveEachOfTheirStatuses) {
  const Samples all = ReadSamples();
  Judge judge;
  for (const ShippedRule& rule : ShippedRules()) {
    const auto samples = all.find(std::string(rule.name));
    ASSERT_NE(samples, all.end()) << rule.name << " has no objects in tests/agent/health/shipped";
    const std::string_view of = object::FindString(samples->second, {"of"});
    std::set<std::string> given;
    for (const auto& [status, objects] : samples->second.get_object()) {
      if (!objects.is_array()) continue;
      given.emplace(status);
      for (const object::Value& sample : objects.get_array()) {
        const object::Value live = ObjectOf(sample, of);
        const Health health = judge.Evaluate(live, Noon());
        EXPECT_EQ(Name(health.status), std::string_view(status))
            << rule.name << ": " << object::CanonicalJson(live) << "\n  " << health.reason << ": "
            << health.message;
      }
    }
    const auto spec = object::ParseJson(rule.spec);
    for (const object::Value& one : object::FindArray(*spec, {"cases"})[0]) {
      const std::string status(object::FindString(one, {"status"}));
      EXPECT_TRUE(given.contains(status)) << rule.name << " has no object that is " << status;
    }
  }
}

TEST(ShippedRules, ObjectsAreOfRulesThatThereAre) {
  for (const auto& [name, samples] : ReadSamples()) {
    const auto rules = ShippedRules();
    const bool known = std::any_of(rules.begin(), rules.end(),
                                   [&](const ShippedRule& rule) { return rule.name == name; });
    EXPECT_TRUE(known) << name;
  }
}

TEST(ShippedRules, NamesAndMatchesAreSaidOnce) {
  std::set<std::string_view> names;
  for (const ShippedRule& rule : ShippedRules())
    EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
  std::set<std::tuple<std::string_view, std::string_view, size_t>> matches;
  for (const ShippedMatch& match : ShippedMatches()) {
    EXPECT_TRUE(matches.emplace(match.group, match.kind, match.rule).second)
        << match.group << " " << match.kind;
  }
}

// Why a wave waits must be visible: what is not Current says a reason.
TEST(ShippedRules, WhatIsNotCurrentHasAReason) {
  Judge judge;
  for (const auto& [name, samples] : ReadSamples()) {
    const std::string_view of = object::FindString(samples, {"of"});
    for (const auto& [status, objects] : samples.get_object()) {
      if (status == "Current" || !objects.is_array()) continue;
      for (const object::Value& sample : objects.get_array()) {
        const Health health = judge.Evaluate(ObjectOf(sample, of), Noon());
        EXPECT_FALSE(health.reason.empty()) << name << ": " << object::CanonicalJson(sample);
      }
    }
  }
}

}  // namespace
}  // namespace dunlin::health
