// What every decision of one planning looks up, besides the input itself. Built once per MakePlan.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/plan/plan.h"

namespace dunlin::plan {

class PlanContext {
 public:
  explicit PlanContext(const PlanInput& input) : input_(input) {}

  const PlanInput& input() const { return input_; }
  // Part-of id → app, for every app that is desired or recorded. Made when first asked for: a
  // single object that carries its own app's label never needs it.
  const std::map<std::string, std::string>& Ours() const;
  const std::string& IdOf(const std::string& app) const;

  // Null when the app is not in the statement.
  const PreparedApp* FindApp(const std::string& app) const;
  // The records of one app, by key.
  const std::vector<const InventoryRecord*>& MembersOf(const std::string& app) const;
  // Apps that have records, but are not in the statement any more.
  std::vector<std::string> RemovedApps() const;
  // Null when there is none.
  const InventoryRecord* RecordOf(const object::ResourceKey& key) const;
  // Null when there is none.
  const std::vector<AnnouncedDocument>* AnnouncedOf(const object::ResourceKey& key) const;
  const LiveObject* LiveOf(const object::ResourceKey& key) const;

  // An app other than `app` whose bundle holds the object; empty: none.
  std::string DesiredByOther(const object::ResourceKey& key, const std::string& app) const;
  // The statement says for certain that `app` does not want the object (any more).
  bool GaveUp(const std::string& app, const object::ResourceKey& key) const;

 private:
  using Members = std::map<std::string, std::vector<const InventoryRecord*>>;
  // Made when first asked for, because a single PlanObject() hardly ever needs it.
  const Members& MembersByApp() const;

  const PlanInput& input_;
  mutable std::optional<Members> members_;
  mutable std::map<std::string, std::string> ids_;  // app → part-of id
  mutable std::optional<std::map<std::string, std::string>> ours_;
};

std::string_view ResourceVersion(const LiveObject& live);
std::string_view Uid(const LiveObject& live);
bool IsTerminating(const LiveObject& live);

}  // namespace dunlin::plan
