#include "hub/app/records.h"

namespace dunlin::hub {

namespace {

// What a rollback holds back is stored in place of the render key, which a held target does not
// have: "held:<bundle>:<commit>:<inputs>". It equals no key, so whoever reads the row after the
// rollback has ended renders.
constexpr std::string_view kHeld = "held:";

std::string KeyColumn(const TargetMemory& memory) {
  if (!memory.held_back) return memory.render_key;
  const HeldBack& held = *memory.held_back;
  return std::string(kHeld) + held.bundle.Hex() + ":" + held.commit + ":" + held.inputs;
}

std::optional<HeldBack> HeldColumn(std::string_view column) {
  if (!column.starts_with(kHeld)) return std::nullopt;
  column.remove_prefix(kHeld.size());
  const size_t commit = column.find(':');
  const size_t inputs = commit == column.npos ? column.npos : column.find(':', commit + 1);
  const auto bundle = Digest::FromHex(column.substr(0, commit));
  if (inputs == column.npos || !bundle) return std::nullopt;
  return HeldBack{*bundle, std::string(column.substr(commit + 1, inputs - commit - 1)),
                  std::string(column.substr(inputs + 1))};
}

}  // namespace

TargetRecord ToRecord(const TargetKey& key, const TargetMemory& memory) {
  TargetRecord record;
  record.app = key.first;
  record.cluster = key.second;
  record.revision = memory.revision;
  record.bundle = memory.bundle;
  record.raw_bytes = memory.raw_bytes;
  record.objects = memory.objects;
  record.prune = memory.prune;
  record.render_key = KeyColumn(memory);
  record.reads = memory.reads;
  record.failed_revision = memory.failed_revision;
  record.problem = memory.problem;
  return record;
}

TargetMemory ToMemory(const TargetRecord& record) {
  TargetMemory memory;
  memory.revision = record.revision;
  memory.bundle = record.bundle;
  memory.raw_bytes = record.raw_bytes;
  memory.objects = record.objects;
  memory.prune = record.prune;
  memory.held_back = HeldColumn(record.render_key);
  if (!memory.held_back) memory.render_key = record.render_key;
  memory.reads = record.reads;
  memory.failed_revision = record.failed_revision;
  memory.problem = record.problem;
  return memory;
}

PublishRecord ToRecord(const Publication& publication, const Targets& targets,
                       const FleetModel& model, TimePoint now) {
  PublishRecord record;
  for (const TargetKey& key : publication.changed) {
    record.targets.push_back(ToRecord(key, targets.at(key).memory));
  }
  record.removed_targets = publication.removed;
  for (const auto& [app, cause] : publication.history) {
    const auto past = model.history().find(app);
    record.history.push_back(MakeHistory(
        app, cause, targets,
        past == model.history().end() ? std::vector<HistoryRecord>() : past->second, now));
  }
  return record;
}

}  // namespace dunlin::hub
