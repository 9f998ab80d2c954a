#include "hub/app/records.h"

namespace dunlin::hub {

TargetRecord ToRecord(const TargetKey& key, const TargetMemory& memory) {
  TargetRecord record;
  record.app = key.first;
  record.cluster = key.second;
  record.revision = memory.revision;
  record.bundle = memory.bundle;
  record.raw_bytes = memory.raw_bytes;
  record.objects = memory.objects;
  record.prune = memory.prune;
  record.render_key = memory.render_key;
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
  memory.render_key = record.render_key;
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
