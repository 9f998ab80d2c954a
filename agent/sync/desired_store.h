// The desired objects of the accepted statement. The documents are trees and cost some 15 KB each,
// so they live only while something is open; what stays is one small row per object. An object that
// is needed later (drift) comes back from its record, whose last-applied document is the desired
// one.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/health/judge.h"
#include "agent/plan/desired.h"
#include "agent/plan/kinds.h"
#include "agent/sync/bundle_reader.h"
#include "agent/sync/inventory.h"
#include "agent/sync/poll_answer.h"
#include "protocol/trust/documents.h"

namespace dunlin::sync {

struct Wanted {
  std::string app;
  std::string api_version;
  std::string hash;
  int32_t wave = 0;
  int stage = 0;
  bool implied = false;      // plan::Desired::implied
  plan::DesiredPtr desired;  // null while the documents are dropped
};

class DesiredStore {
 public:
  // Opens every bundle of the statement that is in the pool. A bundle that does not open (its blob
  // was damaged on disk) is left out and named in lost(): its app is not complete, nothing is
  // pruned.
  // `inventory` says which older bundles were announced and what of them is settled.
  void Load(const trust::Statement& statement, const BundlePool& pool,
            const InventoryStore& inventory, const plan::KindTable& kinds,
            std::string_view agent_namespace);
  void Drop();
  // Of several apps that want one object, this one has it.
  void Hold(const plan::DesiredPtr& desired);
  bool loaded() const { return loaded_; }

  // Without objects while dropped.
  const plan::DesiredSet& set() const { return set_; }
  const plan::PreparedApp* Find(const std::string& app) const;
  const AppRules* Rules(const std::string& app) const;
  // Of all apps. The fleet has one rule of a name; while two bundles disagree about it (one app
  // waits for a sync), both count, in the order of the apps.
  std::vector<health::FleetRule> HealthRules() const;
  const std::map<object::ResourceKey, Wanted>& wanted() const { return wanted_; }
  const Wanted* Find(const object::ResourceKey& key) const;
  // The document of a wanted object, from memory or from its record; null when only a Load brings
  // it back.
  plan::DesiredPtr Get(const object::ResourceKey& key, const DecodedRecord* record) const;
  const std::set<BundleDigest>& lost() const { return lost_; }
  // Documents that may have been applied, and are neither wanted now nor recorded. Not dropped:
  // there are none in ordinary times.
  const plan::Announced& announced() const { return announced_; }
  void Settle(const std::string& app);

 private:
  void LoadAnnounced(const trust::Statement& statement, const BundlePool& pool,
                     const InventoryStore& inventory, const plan::KindTable& kinds,
                     std::string_view agent_namespace);

  plan::DesiredSet set_;
  plan::Announced announced_;
  std::map<std::string, AppRules> rules_;
  std::map<object::ResourceKey, Wanted> wanted_;
  std::set<BundleDigest> lost_;
  bool loaded_ = false;
};

}  // namespace dunlin::sync
