#include "agent/plan/context.h"

#include <algorithm>

#include "agent/plan/stamp.h"

namespace dunlin::plan {

const std::map<std::string, std::string>& PlanContext::Ours() const {
  if (!ours_) {
    ours_.emplace();
    for (const PreparedApp& app : input_.desired->apps) ours_->emplace(IdOf(app.name), app.name);
    for (const auto& [app, members] : MembersByApp()) ours_->emplace(IdOf(app), app);
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

const PlanContext::Members& PlanContext::MembersByApp() const {
  if (!members_) {
    members_.emplace();
    for (const auto& [key, record] : *input_.inventory) (*members_)[record.app].push_back(&record);
  }
  return *members_;
}

const std::vector<const InventoryRecord*>& PlanContext::MembersOf(const std::string& app) const {
  static const std::vector<const InventoryRecord*> kNone;
  const auto found = MembersByApp().find(app);
  return found == MembersByApp().end() ? kNone : found->second;
}

std::vector<std::string> PlanContext::RemovedApps() const {
  std::vector<std::string> out;
  for (const auto& [app, members] : MembersByApp()) {
    if (FindApp(app) == nullptr) out.push_back(app);
  }
  return out;
}

const InventoryRecord* PlanContext::RecordOf(const object::ResourceKey& key) const {
  const auto found = input_.inventory->find(key);
  return found == input_.inventory->end() ? nullptr : &found->second;
}

const std::vector<AnnouncedDocument>* PlanContext::AnnouncedOf(
    const object::ResourceKey& key) const {
  if (input_.announced == nullptr) return nullptr;
  const auto found = input_.announced->find(key);
  return found == input_.announced->end() ? nullptr : &found->second;
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
