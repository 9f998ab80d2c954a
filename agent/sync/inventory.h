// What we applied, in memory: the records of the database, kept compressed, and which of them have
// still to be written there. Losing unwritten ones in a crash is harmless: the next run finds the
// live object as desired and records it again.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/merge/semantic.h"
#include "agent/plan/desired.h"
#include "agent/plan/plan.h"
#include "agent/sync/event.h"
#include "agent/sync/record.h"
#include "protocol/base/result.h"

namespace dunlin::sync {

// One record with its documents decoded. Not movable: `view` points into the rest.
struct DecodedRecord {
  object::Value last;
  merge::ObservedMemo memo;
  plan::InventoryRecord view;
};

class InventoryStore {
 public:
  void Load(std::vector<Record> records, std::vector<Announcement> announced);

  const Record* Find(const object::ResourceKey& key) const;
  size_t size() const { return records_.size(); }
  // Keys of one app's records.
  std::vector<object::ResourceKey> KeysOf(const std::string& app) const;
  std::set<std::string> Apps() const;

  // A write succeeded (`answer` is what the server made of it) or nothing had to be written and the
  // last-applied document is `desired` all the same. `seq`: of the statement that wants it.
  Status Applied(const plan::Desired& desired, const object::Value& answer, merge::SchemaRef schema,
                 int64_t seq);
  // Live is as desired at this resourceVersion. Written with the next batch, never alone: status
  // updates must not cost a disk write each.
  void Observed(const object::ResourceKey& key, std::string_view uid, std::string_view rv);
  // Write-ahead mark for an object that a run may create. True when it is new.
  bool Announce(const object::ResourceKey& key, const std::string& app,
                const std::string& api_version);
  // The live object turned out to be what an announced document of ours made: it was created, and
  // the answer was lost with the process that waited for it.
  Status Found(const plan::AnnouncedDocument& document, std::string_view uid);
  void Failed(const object::ResourceKey& key, std::string_view error);
  void Remove(const object::ResourceKey& key);

  // Bundles whose outcome is open, by app, oldest first. What an accepted statement adds is in its
  // intent already; of one app the newest are kept.
  const std::vector<Announcement>& announced() const { return announced_; }
  void Announced(const std::vector<Announcement>& more);
  // The run of the app under statement `seq` has ended well. Written with the next batch: a lost
  // one only makes the next run look at older documents, too.
  void Settle(const std::string& app, int64_t seq);

  // Worth a transaction now.
  bool dirty() const { return urgent_; }
  StoreRecords TakeDirty();  // and call Stored or StoreFailed once it ended
  void Stored();
  void StoreFailed();

  // For MakePlan: no documents.
  const plan::Inventory& view() const { return view_; }
  // For one object's merge. kCorrupt when a stored document does not decode: treat it as lost.
  Result<std::unique_ptr<DecodedRecord>> Decode(const object::ResourceKey& key) const;

 private:
  Record& Edit(const object::ResourceKey& key, bool urgent);

  std::map<object::ResourceKey, Record> records_;
  plan::Inventory view_;
  std::set<object::ResourceKey> dirty_;
  std::set<object::ResourceKey> in_flight_;
  std::vector<Announcement> announced_;
  std::map<std::string, int64_t> settled_;  // not yet written
  std::map<std::string, int64_t> settling_;
  bool urgent_ = false;
};

}  // namespace dunlin::sync
