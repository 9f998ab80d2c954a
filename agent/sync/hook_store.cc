#include "agent/sync/hook_store.h"

#include <utility>

namespace dunlin::sync {

void HookStore::Load(const std::map<std::string, Bytes>& rows) {
  runs_.clear();
  objects_known_ = false;
  for (const auto& [app, row] : rows) {
    if (auto run = plan::DecodeHookRun(row)) runs_[app] = std::move(*run);
  }
}

const plan::HookRun* HookStore::Find(const std::string& app) const {
  const auto found = runs_.find(app);
  return found == runs_.end() ? nullptr : &found->second;
}

plan::HookRun& HookStore::Edit(const std::string& app) {
  objects_known_ = false;
  dirty_.insert(app);
  return runs_[app];
}

void HookStore::Erase(const std::string& app) {
  if (runs_.erase(app) == 0) return;
  objects_known_ = false;
  dirty_.insert(app);
}

const std::set<object::ResourceKey>& HookStore::objects() const {
  if (objects_known_) return objects_;
  objects_.clear();
  for (const auto& [app, run] : runs_) {
    for (const auto* list : {&run.tasks, &run.leftovers}) {
      for (const plan::HookTask& task : *list) objects_.insert(task.key);
    }
  }
  objects_known_ = true;
  return objects_;
}

std::map<std::string, Bytes> HookStore::TakeDirty() {
  in_flight_ = std::exchange(dirty_, {});
  std::map<std::string, Bytes> out;
  for (const std::string& app : in_flight_) {
    const plan::HookRun* run = Find(app);
    out[app] = run == nullptr ? Bytes() : plan::EncodeHookRun(*run);
  }
  return out;
}

void HookStore::StoreFailed() {
  dirty_.merge(in_flight_);
  in_flight_.clear();
}

}  // namespace dunlin::sync
