#include "hub/app/fleet_catalogue.h"

#include <charconv>

#include "protocol/object/json.h"

namespace dunlin::hub {

namespace {

constexpr std::string_view kFleet = "fleet";
constexpr std::string_view kAdmin = "admin";

ObjectRecord ToRecord(const catalog::ObjectId& id, const catalog::Catalogue& catalogue) {
  const catalog::Origin origin = catalogue.OriginOf(id).value_or(catalog::Origin{});
  ObjectRecord record;
  record.kind = Name(id.kind);
  record.name = id.name;
  record.origin = origin.kind == catalog::Origin::Kind::kFleet ? kFleet : kAdmin;
  record.place = origin.file + ":" + std::to_string(origin.line);
  record.json = object::CanonicalJson(*catalogue.DocumentOf(id));
  return record;
}

// An unknown kind (a damaged row) counts as an App: the kind whose loss would delete something.
catalog::ObjectId IdOf(const ObjectRecord& record) {
  catalog::ObjectId id{catalog::ObjectKind::kApp, record.name};
  for (const auto kind : {catalog::ObjectKind::kCluster, catalog::ObjectKind::kSource,
                          catalog::ObjectKind::kHealthRule}) {
    if (record.kind == Name(kind)) id.kind = kind;
  }
  return id;
}

catalog::Origin OriginOf(const ObjectRecord& record) {
  catalog::Origin origin;
  origin.kind =
      record.origin == kFleet ? catalog::Origin::Kind::kFleet : catalog::Origin::Kind::kApplied;
  const size_t colon = record.place.rfind(':');
  origin.file = record.place.substr(0, colon);
  if (colon != std::string::npos) {
    std::from_chars(record.place.data() + colon + 1, record.place.data() + record.place.size(),
                    origin.line);
  }
  return origin;
}

}  // namespace

void FleetCatalogue::Load(const std::vector<ObjectRecord>& objects) {
  std::vector<catalog::StoredObject> stored;
  for (const ObjectRecord& record : objects) {
    auto document = object::ParseJson(record.json);
    if (record.kind != Name(IdOf(record).kind)) {
      strays_.emplace(IdOf(record), std::pair(record.kind, record.name));
    }
    // A damaged row is a problem of that object, found by Restore: null has no kind.
    stored.push_back(
        {IdOf(record), OriginOf(record), document ? std::move(*document) : object::Value()});
  }
  catalogue_ = catalog::Catalogue::Restore(std::move(stored));
}

std::map<std::string, ClusterId> FleetCatalogue::ClusterIds() const {
  std::map<std::string, ClusterId> ids;
  for (const auto& [id, cluster] : model_.clusters()) ids[cluster.name] = id;
  return ids;
}

Status FleetCatalogue::Store(catalog::Catalogue next, const std::vector<catalog::ObjectId>& put,
                             const std::vector<catalog::ObjectId>& remove) {
  std::vector<ObjectRecord> records;
  for (const catalog::ObjectId& id : put) records.push_back(ToRecord(id, next));
  std::vector<std::pair<std::string, std::string>> removed;
  for (const catalog::ObjectId& id : remove) removed.emplace_back(Name(id.kind), id.name);
  for (const auto* ids : {&put, &remove}) {
    for (const catalog::ObjectId& id : *ids) {
      const auto [begin, end] = strays_.equal_range(id);
      for (auto stray = begin; stray != end; ++stray) removed.push_back(stray->second);
    }
  }
  if (!records.empty() || !removed.empty()) {
    TRY_VOID(model_.state().PutObjects(records, removed));
  }
  catalogue_ = std::move(next);
  model_.Touch();
  return SyncClusters();
}

Status FleetCatalogue::SyncClusters() {
  for (const auto& cluster : catalogue_.Clusters()) {
    const ClusterRecord* known = model_.FindClusterByName(cluster->name);
    ClusterRecord record = known == nullptr ? ClusterRecord{} : *known;
    if (known == nullptr) {
      record.id = ClusterId(random_.Uuid());
      record.name = cluster->name;
      record.created = clock_.Now();
    }
    const auto origin = catalogue_.OriginOf({catalog::ObjectKind::kCluster, cluster->name});
    record.origin = origin && origin->kind == catalog::Origin::Kind::kFleet ? kFleet : kAdmin;
    record.region = cluster->region;
    record.channel = cluster->channel;
    record.server = cluster->server;
    record.labels = cluster->labels;
    if (known != nullptr && record == *known) continue;
    TRY_VOID(model_.PutCluster(record));
  }
  return {};
}

Result<catalog::Catalogue::Change> FleetCatalogue::ReplaceFleet(
    std::vector<catalog::Document> documents) {
  catalog::Catalogue next = catalogue_;
  catalog::Catalogue::Change change = next.ReplaceFleet(std::move(documents));
  std::vector<catalog::ObjectId> put = change.created;
  put.insert(put.end(), change.configured.begin(), change.configured.end());
  TRY_VOID(Store(std::move(next), put, change.removed));
  return change;
}

Result<std::vector<FleetCatalogue::Applied>> FleetCatalogue::Apply(
    const std::vector<catalog::Document>& documents) {
  catalog::Catalogue next = catalogue_;
  std::vector<Applied> out;
  std::vector<catalog::ObjectId> put;
  for (const catalog::Document& document : documents) {
    Applied applied;
    applied.place = document.file;
    if (document.line > 0) applied.place += ":" + std::to_string(document.line);
    if (document.object) {
      if (auto id = catalog::IdOf(*document.object)) applied.id = *id;
    }
    applied.result = next.Apply(document);
    const bool changed = applied.result && *applied.result != catalog::ApplyResult::kUnchanged;
    if (changed) put.push_back(applied.id);
    out.push_back(std::move(applied));
  }
  TRY_VOID(Store(std::move(next), put, {}));
  return out;
}

}  // namespace dunlin::hub
