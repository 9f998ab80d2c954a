#include "hub/state/rows.h"

#include "protocol/base/limits.h"
#include "protocol/object/json.h"

namespace dunlin::hub {

namespace {

using store::Database;
using store::Statement;

Error Damaged(std::string_view what) {
  return MakeError(Errc::kCorrupt, "stored " + std::string(what) + " cannot be read");
}

std::string LabelsToJson(const std::map<std::string, std::string>& labels) {
  object::Object out;
  for (const auto& [key, value] : labels) out[key] = value;
  return object::CanonicalJson(out);
}

Result<std::map<std::string, std::string>> LabelsFromJson(const std::string& json) {
  TRY(const object::Value value, object::ParseJson(json));
  const object::Object* members = value.if_object();
  if (members == nullptr) return Damaged("labels");
  std::map<std::string, std::string> out;
  for (const auto& [key, label] : *members) {
    if (!label.is_string()) return Damaged("labels");
    out.emplace(std::string(key), std::string(object::View(label.get_string())));
  }
  return out;
}

std::string EntriesToJson(const std::vector<HistoryRecord::Entry>& entries) {
  object::Array out;
  for (const HistoryRecord::Entry& entry : entries) {
    out.push_back(object::Object{{"bundle", entry.bundle.Hex()},
                                 {"cluster", entry.cluster.str()},
                                 {"objects", entry.objects},
                                 {"raw", entry.raw_bytes},
                                 {"revision", entry.revision}});
  }
  return object::CanonicalJson(out);
}

Result<std::vector<HistoryRecord::Entry>> EntriesFromJson(const std::string& json) {
  // Larger than a merged document may be: one app in 10,000 clusters is 2 MiB.
  TRY(const object::Value value, object::ParseJson(json, {.max_bytes = SIZE_MAX}));
  const object::Array* listed = value.if_array();
  if (listed == nullptr) return Damaged("history");
  std::vector<HistoryRecord::Entry> out;
  for (const object::Value& element : *listed) {
    const auto objects = object::FindInt(element, {"objects"});
    const auto raw_bytes = object::FindInt(element, {"raw"});
    if (!objects || !raw_bytes) return Damaged("history");
    HistoryRecord::Entry entry;
    TRY(entry.bundle, Digest::FromHex(object::FindString(element, {"bundle"})));
    entry.cluster = ClusterId(std::string(object::FindString(element, {"cluster"})));
    entry.objects = *objects;
    entry.raw_bytes = *raw_bytes;
    entry.revision = std::string(object::FindString(element, {"revision"}));
    out.push_back(std::move(entry));
  }
  return out;
}

// Of a later version, perhaps: whatever it is, it is not in force.
Standing StandingOf(int64_t stored) {
  switch (stored) {
    case 0:
      return Standing::kInForce;
    case 2:
      return Standing::kSuperseded;
    default:
      return Standing::kLocked;
  }
}

}  // namespace

int64_t ToMillis(TimePoint time) { return time.time_since_epoch().count(); }
TimePoint FromMillis(int64_t millis) { return TimePoint(Millis(millis)); }

Status WriteCluster(Database& database, const ClusterRecord& cluster) {
  TRY(Statement put,
      database.Prepare(
          "INSERT INTO clusters VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET "
          "name=excluded.name, region=excluded.region, channel=excluded.channel, "
          "server=excluded.server, kube_uid=excluded.kube_uid, labels=excluded.labels, "
          "origin=excluded.origin, created=excluded.created"));
  return put.BindText(0, cluster.id.str())
      .BindText(1, cluster.name)
      .BindText(2, cluster.region)
      .BindText(3, cluster.channel)
      .BindText(4, cluster.server)
      .BindText(5, cluster.kube_uid)
      .BindText(6, LabelsToJson(cluster.labels))
      .BindText(7, cluster.origin)
      .Bind(8, ToMillis(cluster.created))
      .Run()
      .WithContext("store cluster " + cluster.name);
}

Result<ClusterRecord> ReadCluster(const Statement& row) {
  ClusterRecord out;
  out.id = ClusterId(row.Text(0));
  out.name = row.Text(1);
  out.region = row.Text(2);
  out.channel = row.Text(3);
  out.server = row.Text(4);
  out.kube_uid = row.Text(5);
  TRY(out.labels, LabelsFromJson(row.Text(6)));
  out.origin = row.Text(7);
  out.created = FromMillis(row.Int(8));
  return out;
}

Status WriteAgent(Database& database, const AgentRecord& agent) {
  TRY(Statement put,
      database.Prepare(
          "INSERT INTO agents VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET "
          "cluster=excluded.cluster, spki=excluded.spki, public_key=excluded.public_key, "
          "encryption_key=excluded.encryption_key, generation=excluded.generation, "
          "held_generation=excluded.held_generation, serial=excluded.serial, "
          "not_after=excluded.not_after, revoked=excluded.revoked"));
  return put.BindText(0, agent.id.str())
      .BindText(1, agent.cluster.str())
      .BindBlob(2, agent.spki.View())
      .BindBlob(3, agent.public_key)
      .BindBlob(4, agent.encryption_key)
      .Bind(5, agent.generation)
      .Bind(6, agent.held_generation)
      .BindBlob(7, agent.serial)
      .Bind(8, ToMillis(agent.not_after))
      .Bind(9, static_cast<int64_t>(agent.standing))
      .Run()
      .WithContext("store agent " + agent.id.str());
}

Result<AgentRecord> ReadAgent(const Statement& row) {
  AgentRecord out;
  out.id = AgentId(row.Text(0));
  out.cluster = ClusterId(row.Text(1));
  TRY(out.spki, Digest::FromBytes(row.Blob(2)));
  out.public_key = row.Blob(3);
  out.encryption_key = row.Blob(4);
  out.generation = row.Int(5);
  out.held_generation = row.Int(6);
  out.serial = row.Blob(7);
  out.not_after = FromMillis(row.Int(8));
  out.standing = StandingOf(row.Int(9));
  return out;
}

Status WriteTargets(Database& database, const std::vector<TargetRecord>& targets) {
  TRY(Statement put,
      database.Prepare("INSERT OR REPLACE INTO targets VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)"));
  for (const TargetRecord& target : targets) {
    put.BindText(0, target.app).BindText(1, target.cluster.str()).BindText(2, target.revision);
    if (target.bundle) {
      put.BindBlob(3, target.bundle->View());
    } else {
      put.BindNull(3);
    }
    TRY_VOID(put.Bind(4, target.raw_bytes)
                 .Bind(5, target.objects)
                 .Bind(6, target.prune ? 1 : 0)
                 .BindText(7, target.render_key)
                 .BindText(8, target.reads)
                 .BindText(9, target.failed_revision)
                 .BindText(10, target.problem.object)
                 .BindText(11, target.problem.code)
                 .BindText(12, target.problem.message)
                 .BindText(13, target.problem.hint)
                 .Run()
                 .WithContext("store target " + target.app));
  }
  return {};
}

Result<TargetRecord> ReadTarget(const Statement& row) {
  TargetRecord out;
  out.app = row.Text(0);
  out.cluster = ClusterId(row.Text(1));
  out.revision = row.Text(2);
  if (!row.IsNull(3)) {
    TRY(out.bundle, Digest::FromBytes(row.Blob(3)));
  }
  out.raw_bytes = row.Int(4);
  out.objects = row.Int(5);
  out.prune = row.Int(6) != 0;
  out.render_key = row.Text(7);
  out.reads = row.Text(8);
  out.failed_revision = row.Text(9);
  out.problem = {row.Text(10), row.Text(11), row.Text(12), row.Text(13)};
  return out;
}

Status WriteHistory(Database& database, const std::vector<HistoryRecord>& history) {
  TRY(Statement put, database.Prepare("INSERT INTO history VALUES (?,?,?,?,?,?)"));
  TRY(Statement prune, database.Prepare("DELETE FROM history WHERE app = ? AND id <= ?"));
  for (const HistoryRecord& record : history) {
    TRY_VOID(put.BindText(0, record.app)
                 .Bind(1, record.id)
                 .BindText(2, record.revision)
                 .BindText(3, record.cause)
                 .Bind(4, ToMillis(record.time))
                 .BindText(5, EntriesToJson(record.entries))
                 .Run()
                 .WithContext("store history of " + record.app));
    TRY_VOID(prune.BindText(0, record.app).Bind(1, record.id - limits::kKeptHistory).Run());
  }
  return {};
}

Result<HistoryRecord> ReadHistory(const Statement& row) {
  HistoryRecord out;
  out.app = row.Text(0);
  out.id = row.Int(1);
  out.revision = row.Text(2);
  out.cause = row.Text(3);
  out.time = FromMillis(row.Int(4));
  TRY(out.entries, EntriesFromJson(row.Text(5)));
  return out;
}

}  // namespace dunlin::hub
