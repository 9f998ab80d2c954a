#include "agent/sync/inventory.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "agent/sync/packed.h"
#include "protocol/base/limits.h"
#include "protocol/object/json.h"

namespace dunlin::sync {

namespace {

plan::InventoryRecord ViewOf(const Record& record) {
  plan::InventoryRecord view;
  view.key = record.key;
  view.app = record.app;
  view.uid = record.uid;
  view.desired_hash = record.desired_hash;
  view.observed_resource_version = record.observed_rv;
  view.seq = record.seq;
  return view;
}

}  // namespace

void InventoryStore::Load(std::vector<Record> records, std::vector<Announcement> announced) {
  announced_ = std::move(announced);
  records_.clear();
  view_.clear();
  for (Record& record : records) {
    const object::ResourceKey key = record.key;
    view_[key] = ViewOf(record);
    records_[key] = std::move(record);
  }
}

const Record* InventoryStore::Find(const object::ResourceKey& key) const {
  const auto found = records_.find(key);
  return found == records_.end() ? nullptr : &found->second;
}

std::vector<object::ResourceKey> InventoryStore::KeysOf(const std::string& app) const {
  std::vector<object::ResourceKey> keys;
  for (const auto& [key, record] : records_) {
    if (record.app == app) keys.push_back(key);
  }
  return keys;
}

std::set<std::string> InventoryStore::Apps() const {
  std::set<std::string> apps;
  for (const auto& [key, record] : records_) apps.insert(record.app);
  return apps;
}

Record& InventoryStore::Edit(const object::ResourceKey& key, bool urgent) {
  Record& record = records_[key];
  record.key = key;
  dirty_.insert(key);
  urgent_ = urgent_ || urgent;
  return record;
}

Status InventoryStore::Applied(const plan::Desired& desired, const object::Value& answer,
                               merge::SchemaRef schema, int64_t seq) {
  TRY(Packed last, Pack(object::CanonicalJson(desired.object)));
  const merge::ObservedMemo memo = merge::ObservedMemo::Record(desired.object, answer, schema);
  Record& record = Edit(desired.key, true);
  record.app = desired.app;
  record.api_version = desired.api_version;
  record.uid = object::FindString(answer, {"metadata", "uid"});
  record.observed_rv = object::FindString(answer, {"metadata", "resourceVersion"});
  record.desired_hash = desired.hash;
  record.last_applied_bytes = last.raw_bytes;
  record.last_applied = std::move(last.blob);
  record.memo = memo.empty() ? Bytes() : memo.Text();
  record.last_error.clear();
  record.seq = seq;
  view_[desired.key] = ViewOf(record);
  return {};
}

// No resourceVersion and no memo: the next plan compares the documents.
Status InventoryStore::Found(const plan::AnnouncedDocument& document, std::string_view uid) {
  const plan::Desired& desired = *document.desired;
  TRY(Packed last, Pack(object::CanonicalJson(desired.object)));
  Record& record = Edit(desired.key, true);
  record.api_version = desired.api_version;
  record.uid = uid;
  record.observed_rv.clear();
  record.desired_hash = desired.hash;
  record.last_applied_bytes = last.raw_bytes;
  record.last_applied = std::move(last.blob);
  record.memo.clear();
  record.seq = document.seq;
  view_[desired.key] = ViewOf(record);
  return {};
}

void InventoryStore::Observed(const object::ResourceKey& key, std::string_view uid,
                              std::string_view rv) {
  const Record* before = Find(key);
  if (before == nullptr || (before->observed_rv == rv && before->uid == uid)) return;
  Record& record = Edit(key, false);
  record.uid = uid;
  record.observed_rv = rv;
  record.last_error.clear();
  view_[key] = ViewOf(record);
}

bool InventoryStore::Announce(const object::ResourceKey& key, const std::string& app,
                              const std::string& api_version) {
  if (Find(key) != nullptr) return false;
  Record& record = Edit(key, true);
  record.app = app;
  record.api_version = api_version;
  view_[key] = ViewOf(record);
  return true;
}

void InventoryStore::Failed(const object::ResourceKey& key, std::string_view error) {
  const Record* before = Find(key);
  if (before == nullptr || before->last_error == error) return;
  Edit(key, false).last_error = error;
}

void InventoryStore::Remove(const object::ResourceKey& key) {
  if (records_.erase(key) == 0) return;
  view_.erase(key);
  dirty_.insert(key);
  urgent_ = true;
}

void InventoryStore::Announced(const std::vector<Announcement>& more) {
  for (const Announcement& one : more) {  // again, when its bundle was lost and came back
    std::erase_if(announced_,
                  [&](const auto& old) { return old.app == one.app && old.seq == one.seq; });
  }
  announced_.insert(announced_.end(), more.begin(), more.end());
  std::stable_sort(announced_.begin(), announced_.end(),
                   [](const Announcement& a, const Announcement& b) {
                     return std::tie(a.app, a.seq) < std::tie(b.app, b.seq);
                   });
  for (const Announcement& one : more) {
    const auto of_app = [&](const Announcement& other) { return other.app == one.app; };
    const auto first = std::find_if(announced_.begin(), announced_.end(), of_app);
    const auto count = std::count_if(first, announced_.end(), of_app);
    if (count > limits::kAnnouncedBundlesPerApp) {
      announced_.erase(first, first + (count - limits::kAnnouncedBundlesPerApp));
    }
  }
}

void InventoryStore::Settle(const std::string& app, int64_t seq) {
  const auto over = [&](const Announcement& one) { return one.app == app && one.seq <= seq; };
  if (std::erase_if(announced_, over) > 0) settled_[app] = seq;
}

StoreRecords InventoryStore::TakeDirty() {
  StoreRecords batch;
  settling_ = std::exchange(settled_, {});
  batch.settled = settling_;
  in_flight_ = std::move(dirty_);
  dirty_.clear();
  urgent_ = false;
  for (const object::ResourceKey& key : in_flight_) {
    if (const Record* record = Find(key)) {
      batch.upserts.push_back(*record);
    } else {
      batch.deletes.push_back(key);
    }
  }
  return batch;
}

void InventoryStore::Stored() {
  in_flight_.clear();
  settling_.clear();
}

void InventoryStore::StoreFailed() {
  settled_.merge(settling_);
  settling_.clear();
  dirty_.merge(in_flight_);
  in_flight_.clear();
  urgent_ = !dirty_.empty();
}

Result<std::unique_ptr<DecodedRecord>> InventoryStore::Decode(
    const object::ResourceKey& key) const {
  auto out = std::make_unique<DecodedRecord>();
  const Record* record = Find(key);
  if (record == nullptr) return MakeError(Errc::kNotFound, "never applied: " + key.Text());
  out->view = ViewOf(*record);
  if (!record->last_applied.empty()) {
    TRY(const Bytes text, Unpack(Packed{record->last_applied_bytes, record->last_applied}));
    TRY(out->last, object::ParseJson(text));
    out->view.last_applied = &out->last;
  }
  if (!record->memo.empty()) {
    TRY(out->memo, merge::ObservedMemo::Parse(record->memo));
    out->view.memo = &out->memo;
  }
  return out;
}

}  // namespace dunlin::sync
