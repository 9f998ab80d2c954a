// What the hooks of each app came to, in memory, and which of it has still to be written to the
// database (one row an app that has hooks, or had some that are still there).
#pragma once

#include <map>
#include <set>
#include <string>

#include "agent/plan/hooks.h"
#include "protocol/base/bytes.h"
#include "protocol/object/resource_key.h"

namespace dunlin::sync {

class HookStore {
 public:
  // A row that does not decode is a lost one: the hooks of that app run again.
  void Load(const std::map<std::string, Bytes>& rows);

  // Null: no hook of the app ever ran.
  const plan::HookRun* Find(const std::string& app) const;
  // For a change that is to be stored.
  plan::HookRun& Edit(const std::string& app);
  void Erase(const std::string& app);

  const std::map<std::string, plan::HookRun>& runs() const { return runs_; }
  // The objects that hooks made and that may still be there.
  const std::set<object::ResourceKey>& objects() const;

  bool dirty() const { return !dirty_.empty(); }
  // Empty: the row goes. Call Stored or StoreFailed once it ended.
  std::map<std::string, Bytes> TakeDirty();
  void Stored() { in_flight_.clear(); }
  void StoreFailed();

 private:
  std::map<std::string, plan::HookRun> runs_;
  std::set<std::string> dirty_;
  std::set<std::string> in_flight_;
  mutable std::set<object::ResourceKey> objects_;
  mutable bool objects_known_ = false;
};

}  // namespace dunlin::sync
