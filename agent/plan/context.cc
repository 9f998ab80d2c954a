#include "agent/plan/context.h"

#include <algorithm>
#include <set>

#include "agent/plan/stamp.h"

namespace dunlin::plan {

const std::map<std::string, std::string>& PlanContext::Ours() const {
  if (!ours_) {
    ours_.emplace();
    std::set<std::string> apps;
    for (const PreparedApp& app : input_.desired->apps) apps.insert(app.name);
    for (const auto& [key, record] : *input_.inventory) apps.insert(record.app);
    for (const std::string& app : apps) ours_->emplace(IdOf(app), app);
  }
  return *ours_;
}

const std::string& PlanContext::IdOf(const std::string& app) const {
  std::string& id = ids_[app];
  if (id.empty()) id = ApplySetId(app, input_.agent_namespace);
  return id;
}

const PreparedApp* PlanContext::FindApp(const std::string& app) const {
  const std::vector<PreparedApp>& apps = input_.desired->apps;
  const auto found =
      std::lower_bound(apps.begin(), apps.end(), app,
                       [](const PreparedApp& a, const std::string& name) { return a.name < name; });
  return found == apps.end() || found->name != app ? nullptr : &*found;
}

const InventoryRecord* PlanContext::RecordOf(const object::ResourceKey& key) const {
  const auto found = input_.inventory->find(key);
  return found == input_.inventory->end() ? nullptr : &found->second;
}

const LiveObject* PlanContext::LiveOf(const object::ResourceKey& key) const {
  const auto found = input_.live->find(key);
  return found == input_.live->end() ? nullptr : &found->second;
}

std::string PlanContext::DesiredByOther(const object::ResourceKey& key,
                                        const std::string& app) const {
  for (const PreparedApp& other : input_.desired->apps) {
    if (other.name != app && other.keys.count(key) > 0) return other.name;
  }
  return {};
}

bool PlanContext::GaveUp(const std::string& app, const object::ResourceKey& key) const {
  if (!input_.statement_complete) return false;
  const PreparedApp* prepared = FindApp(app);
  return prepared == nullptr || (prepared->complete && prepared->keys.count(key) == 0);
}

std::string_view ResourceVersion(const LiveObject& live) {
  return object::FindString(live.metadata, {"resourceVersion"});
}

std::string_view Uid(const LiveObject& live) { return object::FindString(live.metadata, {"uid"}); }

bool IsTerminating(const LiveObject& live) {
  return !object::FindString(live.metadata, {"deletionTimestamp"}).empty();
}

}  // namespace dunlin::plan
