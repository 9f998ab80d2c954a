#include "hub/app/documents.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "hub/app/history.h"

namespace dunlin::hub {

namespace {

int64_t Ms(TimePoint time) { return time.time_since_epoch().count(); }

object::Array ToArray(const std::vector<wire::Problem>& problems) {
  object::Array out;
  for (const wire::Problem& problem : problems) out.push_back(ProblemDocument(problem));
  return out;
}

const wire::TargetReport* FindReport(const FleetView& view, const TargetKey& key) {
  const ReportRecord* report = view.model.FindReport(key.second);
  if (report == nullptr) return nullptr;
  for (const wire::TargetReport& target : report->report.targets) {
    if (target.app == key.first) return &target;
  }
  return nullptr;
}

std::string DesiredBundle(const FleetView& view, const TargetKey& key) {
  const trust::Statement* statement = view.publisher.Current(key.second);
  if (statement == nullptr) return "";
  const auto entry = statement->apps.find(AppName(key.first));
  return entry == statement->apps.end() ? "" : entry->second.bundle.Hex();
}

object::Object Times(const Pipeline::Target& target, const wire::TargetReport* report,
                     const ReportRecord* record) {
  object::Object times{{"noticed", Ms(target.times.noticed)},
                       {"resolved", Ms(target.times.resolved)},
                       {"rendered", Ms(target.times.rendered)},
                       {"published", Ms(target.times.published)}};
  if (report != nullptr) {
    times["received"] = Ms(report->received);
    times["verified"] = Ms(report->verified);
    times["applied"] = Ms(report->applied);
    times["reported"] = Ms(record->received);
  }
  return times;
}

object::Object CountsOf(const wire::Counts& counts) {
  return {{"created", counts.created},     {"configured", counts.configured},
          {"unchanged", counts.unchanged}, {"deleted", counts.deleted},
          {"skipped", counts.skipped},     {"failed", counts.failed}};
}

// The worst state, with the reason of the first target that is in it.
TargetStatus WorstOf(const std::vector<TargetStatus>& statuses) {
  std::vector<TargetState> states;
  for (const TargetStatus& status : statuses) states.push_back(status.state);
  const TargetState worst = Worst(states);
  for (const TargetStatus& status : statuses) {
    if (status.state == worst) return {worst, worst == TargetState::kSynced ? "" : status.reason};
  }
  return {worst, ""};
}

std::string WorstHealth(const std::vector<std::string>& healths) {
  for (const char* word :
       {"Failed", "Missing", "Terminating", "InProgress", "Unknown", "Suspended"}) {
    if (std::find(healths.begin(), healths.end(), word) != healths.end()) return word;
  }
  return healths.empty() ? "" : healths.front();
}

// What the cluster's agent still reports of apps that are no targets any more.
std::vector<TargetKey> LeftOf(const FleetView& view, const ClusterId& cluster) {
  std::vector<TargetKey> keys;
  const ReportRecord* record = view.model.FindReport(cluster);
  if (record == nullptr) return keys;
  for (const wire::TargetReport& target : record->report.targets) {
    TargetKey key{target.app, cluster};
    if (!view.pipeline.targets().contains(key)) keys.push_back(std::move(key));
  }
  return keys;
}

const Pipeline::Target& TargetOf(const FleetView& view, const TargetKey& key) {
  static const Pipeline::Target kLeft;  // no spec, nothing rendered
  const auto found = view.pipeline.targets().find(key);
  return found == view.pipeline.targets().end() ? kLeft : found->second;
}

// The agent's word on an app that has left: it is done when the agent reports it no more.
TargetStatus StatusOfLeft(const wire::TargetReport* report, TargetStatus status) {
  if (status.state == TargetState::kUnknown || status.state == TargetState::kStale) return status;
  std::string reason =
      "it is not in the catalogue for this cluster any more; its objects are not removed yet";
  if (report != nullptr && !report->warnings.empty()) {
    const wire::Problem& warning = report->warnings.front();
    reason = "it is not in the catalogue for this cluster any more: " + warning.message;
    if (!warning.hint.empty()) reason += "; " + warning.hint;
  }
  if (status.state == TargetState::kFailed) return status;
  return {TargetState::kOutOfSync, std::move(reason)};
}

// The map is ordered by app: one look-up an app, not a walk over the whole fleet.
std::vector<TargetKey> TargetsOfCluster(const FleetView& view, const ClusterId& cluster) {
  std::vector<TargetKey> keys = LeftOf(view, cluster);
  const Targets& targets = view.pipeline.targets();
  for (auto it = targets.begin(); it != targets.end();) {
    const std::string app = it->first.first;
    if (targets.contains({app, cluster})) keys.emplace_back(app, cluster);
    it = targets.upper_bound({app, ClusterId("~")});  // behind every UUID
  }
  return keys;
}

std::vector<TargetKey> TargetsOfApp(const FleetView& view, const std::string& app) {
  std::vector<TargetKey> keys;
  const Targets& targets = view.pipeline.targets();
  for (auto it = targets.lower_bound({app, ClusterId()}); it != targets.end(); ++it) {
    if (it->first.first != app) break;
    keys.push_back(it->first);
  }
  return keys;
}

// By app, then by the cluster's name: the map's own order is that of the UUIDs.
void SortByName(const FleetView& view, std::vector<TargetKey>& keys) {
  const auto name = [&](const TargetKey& key) {
    const ClusterRecord* cluster = view.model.FindCluster(key.second);
    return cluster == nullptr ? TargetOf(view, key).cluster_name : cluster->name;
  };
  std::stable_sort(keys.begin(), keys.end(), [&](const TargetKey& a, const TargetKey& b) {
    return a.first != b.first ? a.first < b.first : name(a) < name(b);
  });
}

// "" for an app that follows Git.
std::string PinNote(const FleetView& view, const std::string& app) {
  const auto pin = view.model.pins().find(app);
  if (pin == view.model.pins().end()) return "";
  return "rolled back to history entry " + pin->second + "; " + EndOfPin(view, app);
}

std::string LabelText(const std::map<std::string, std::string>& labels) {
  std::string text;
  for (const auto& [key, value] : labels) {
    text += (text.empty() ? "" : ",") + key + "=" + value;
  }
  return text;
}

}  // namespace

std::string EndOfPin(const FleetView& view, const std::string& app) {
  const auto spec = view.catalogue.FindApp(app);
  const std::string sync = "`dunlin app sync " + app + "`";
  if (spec != nullptr && !spec->sync.automatic) return sync + " ends that";
  return "a commit that changes what this app renders to, or " + sync + ", ends that";
}

AgentSeen SeenOf(const Contact* contact, TimePoint now) {
  if (contact == nullptr || contact->last_seen == TimePoint()) return {};
  return {contact->held_polls > 0 ? now : contact->last_seen, contact->ended};
}

AgentSeen SeenOf(const FleetView& view, const ClusterId& cluster) {
  return SeenOf(view.model.FindContact(cluster), view.now);
}

bool IsConnected(const FleetView& view, const ClusterId& cluster) {
  return PresenceOf(SeenOf(view, cluster), {}, view.now) == Presence::kConnected;
}

object::Object ProblemDocument(const wire::Problem& problem) {
  return {{"code", problem.code},
          {"hint", problem.hint},
          {"message", problem.message},
          {"object", problem.object}};
}

std::vector<TargetKey> LeftTargets(const FleetView& view) {
  std::vector<TargetKey> keys;
  for (const auto& [id, cluster] : view.model.clusters()) {
    for (TargetKey& key : LeftOf(view, id)) keys.push_back(std::move(key));
  }
  return keys;
}

TargetStatus StatusOf(const FleetView& view, const TargetKey& key) {
  const bool left = !view.pipeline.targets().contains(key);
  const Pipeline::Target& target = TargetOf(view, key);
  TargetFacts facts;
  facts.agent = SeenOf(view, key.second);
  facts.rendered = target.memory.bundle.has_value();
  facts.render_problem = target.memory.problem;
  facts.desired_bundle = DesiredBundle(view, key);
  if (const wire::TargetReport* report = FindReport(view, key)) facts.report = *report;
  if (const ReportRecord* report = view.model.FindReport(key.second)) {
    facts.agent_problems = report->report.problems;
  }
  if (left) {
    facts.rendered = true;
    if (facts.report) facts.desired_bundle = facts.report->bundle;
    const TargetStatus status = RollUp(facts, ContactLimits(), view.now);
    return StatusOfLeft(FindReport(view, key), status);
  }
  TargetStatus status = RollUp(facts, ContactLimits(), view.now);
  // A commit that waits for a person is no failure, but the cluster is not what Git says.
  const bool manual = target.spec != nullptr && !target.spec->spec->sync.automatic;
  if (!target.pending.empty() && manual && status.state >= TargetState::kOutOfSync) {
    status = {TargetState::kOutOfSync, "commit " + target.pending.substr(0, 12) +
                                           " waits for: dunlin app sync " + key.first};
  }
  if (status.state != TargetState::kSynced || !status.reason.empty()) return status;
  // Nothing that the cluster lacks, but it does not follow Git now.
  status.reason = PinNote(view, key.first);
  const auto source = view.pipeline.SourceProblem(target);
  if (source) status.reason = source->message + "; what runs is its last good commit";
  return status;
}

object::Object TargetDocument(const FleetView& view, const TargetKey& key) {
  const Pipeline::Target& target = TargetOf(view, key);
  const TargetMemory& memory = target.memory;
  const ClusterRecord* cluster = view.model.FindCluster(key.second);
  const wire::TargetReport* report = FindReport(view, key);
  const TargetStatus status = StatusOf(view, key);
  std::vector<wire::Problem> problems;
  if (!memory.problem.code.empty()) problems.push_back(memory.problem);
  if (const auto source = view.pipeline.SourceProblem(target)) problems.push_back(*source);
  if (report != nullptr) {
    problems.insert(problems.end(), report->problems.begin(), report->problems.end());
  }
  if (const ReportRecord* record = view.model.FindReport(key.second)) {
    const auto& agent = record->report.problems;
    problems.insert(problems.end(), agent.begin(), agent.end());
  }
  object::Object out{{"app", key.first},
                     {"bundle", memory.bundle ? memory.bundle->Hex() : ""},
                     {"cluster", cluster == nullptr ? target.cluster_name : cluster->name},
                     {"failed_revision", memory.failed_revision},
                     {"health", report == nullptr ? "" : report->health},
                     {"objects", memory.objects},
                     {"pending", target.pending},
                     {"problems", ToArray(problems)},
                     {"reason", status.reason},
                     {"region", cluster == nullptr ? "" : cluster->region},
                     {"revision", memory.revision},
                     {"state", Name(status.state)},
                     {"times", Times(target, report, view.model.FindReport(key.second))}};
  if (report != nullptr) {
    out["applied_bundle"] = report->bundle;
    out["conflicts"] = report->conflicts;
    out["counts"] = CountsOf(report->counts);
    out["drift_repaired"] = report->drift_repaired;
    out["seq"] = report->seq;
    out["warnings"] = ToArray(report->warnings);
  }
  return out;
}

object::Object StatusDocument(const FleetView& view, const std::vector<wire::Problem>& problems,
                              int64_t version) {
  object::Array targets;
  std::map<std::string, int64_t> states;
  std::vector<TargetKey> keys = LeftTargets(view);
  for (const auto& [key, target] : view.pipeline.targets()) keys.push_back(key);
  SortByName(view, keys);
  for (const TargetKey& key : keys) {
    object::Object document = TargetDocument(view, key);
    ++states[std::string(object::View(document["state"].get_string()))];
    targets.push_back(std::move(document));
  }
  int64_t connected = 0;
  for (const auto& [id, cluster] : view.model.clusters()) {
    if (IsConnected(view, id)) ++connected;
  }
  object::Object by_state;
  for (const auto& [state, count] : states) by_state[state] = count;
  object::Object summary{{"clusters", view.model.clusters().size()},
                         {"connected", connected},
                         {"states", by_state},
                         {"synced", states["Synced"]},
                         {"targets", targets.size()}};
  return {{"problems", ToArray(problems)},
          {"summary", summary},
          {"targets", targets},
          {"time", Ms(view.now)},
          {"version", version}};
}

object::Object ClusterDocument(const FleetView& view, const ClusterRecord& cluster) {
  const Contact* contact = view.model.FindContact(cluster.id);
  const ReportRecord* report = view.model.FindReport(cluster.id);
  const trust::Statement* statement = view.publisher.Current(cluster.id);
  std::vector<TargetStatus> statuses;
  object::Array targets;
  for (const TargetKey& key : TargetsOfCluster(view, cluster.id)) {
    statuses.push_back(StatusOf(view, key));
    targets.push_back(TargetDocument(view, key));
  }
  TargetStatus status = WorstOf(statuses);
  const auto last = SeenOf(view, cluster.id).last;
  if (!view.model.HasAgent(cluster.id)) {
    status = {TargetState::kUnknown,
              "no agent is enrolled; run what `dunlin cluster add " + cluster.name + "` prints"};
  } else if (statuses.empty()) {
    const bool connected = IsConnected(view, cluster.id);
    status = {connected ? TargetState::kSynced : TargetState::kUnknown, "no app selects it"};
  }
  object::Object labels;
  for (const auto& [key, value] : cluster.labels) labels[key] = value;
  return {{"agent_version", contact == nullptr ? "" : contact->facts.agent_version},
          {"apps", targets.size()},
          {"channel", cluster.channel},
          {"connected", IsConnected(view, cluster.id)},
          {"enrolled", view.model.HasAgent(cluster.id)},
          {"id", cluster.id.str()},
          {"kube_version", contact == nullptr ? "" : contact->facts.kube_version},
          {"label_text", LabelText(cluster.labels)},
          {"labels", labels},
          {"last_seen", last ? Ms(*last) : 0},
          {"name", cluster.name},
          {"origin", cluster.origin},
          {"problems",
           ToArray(report == nullptr ? std::vector<wire::Problem>() : report->report.problems)},
          {"reason", status.reason},
          {"region", cluster.region},
          {"seq", statement == nullptr ? 0 : statement->seq},
          {"server", cluster.server},
          {"state", Name(status.state)},
          {"targets", targets},
          {"time", Ms(view.now)}};
}

object::Object ClustersDocument(const FleetView& view) {
  std::map<std::string, const ClusterRecord*> by_name;
  for (const auto& [id, cluster] : view.model.clusters()) by_name[cluster.name] = &cluster;
  object::Array items;
  for (const auto& [name, cluster] : by_name) {
    object::Object document = ClusterDocument(view, *cluster);
    document.erase("targets");
    items.push_back(std::move(document));
  }
  return {{"items", items}, {"time", Ms(view.now)}};
}

std::vector<std::string> AppNames(const FleetView& view) {
  std::set<std::string> names;
  for (const auto& app : view.catalogue.Apps()) names.insert(app->name.str());
  for (const auto& [key, target] : view.pipeline.targets()) names.insert(key.first);
  for (const TargetKey& key : LeftTargets(view)) names.insert(key.first);
  return {names.begin(), names.end()};
}

namespace {

object::Object AppDocumentOf(const FleetView& view, const std::string& name,
                             const std::vector<TargetKey>& left) {
  const auto app = view.catalogue.FindApp(name);
  const catalog::ObjectId id{catalog::ObjectKind::kApp, name};
  std::vector<TargetStatus> statuses;
  std::vector<std::string> healths;
  object::Array targets;
  int64_t objects = 0;
  std::map<std::string, int> revisions;
  std::string revision;
  std::vector<TargetKey> keys = TargetsOfApp(view, name);
  std::copy_if(left.begin(), left.end(), std::back_inserter(keys),
               [&](const TargetKey& key) { return key.first == name; });
  SortByName(view, keys);
  for (const TargetKey& key : keys) {
    const TargetMemory& memory = TargetOf(view, key).memory;
    statuses.push_back(StatusOf(view, key));
    if (const wire::TargetReport* report = FindReport(view, key)) {
      healths.push_back(report->health);
    }
    objects += memory.objects;
    if (++revisions[memory.revision] > revisions[revision]) revision = memory.revision;
    targets.push_back(TargetDocument(view, key));
  }
  TargetStatus status = WorstOf(statuses);
  std::string note = status.reason;
  const auto pin = view.model.pins().find(name);
  if (pin != view.model.pins().end()) note = PinNote(view, name);
  for (const TargetKey& key : keys) {
    const auto source = view.pipeline.SourceProblem(TargetOf(view, key));
    if (source && note.empty()) note = source->message;
  }
  const auto problem = view.pipeline.app_problems().find(name);
  if (problem != view.pipeline.app_problems().end()) {
    if (statuses.empty()) status.state = TargetState::kFailed;
    note = problem->second.message;
  } else if (statuses.empty()) {
    status.state = TargetState::kUnknown;
    note = "no cluster is selected";
  }
  object::Object out{{"clusters", targets.size()},
                     {"health", WorstHealth(healths)},
                     {"name", name},
                     {"note", note},
                     {"objects", objects},
                     {"path", app == nullptr ? "" : app->path},
                     {"pinned", pin != view.model.pins().end()},
                     {"pinned_entry", pin == view.model.pins().end() ? "" : pin->second},
                     {"ref", app == nullptr ? "" : app->revision},
                     {"repo", app == nullptr ? "" : app->repo},
                     {"revision", revision},
                     {"state", Name(status.state)},
                     {"targets", targets},
                     {"time", Ms(view.now)}};
  if (const auto origin = view.catalogue.OriginOf(id)) out["origin"] = origin->Text();
  if (const object::Value* document = view.catalogue.DocumentOf(id)) out["document"] = *document;
  if (app != nullptr && !app->warnings.empty()) {
    object::Array warnings;
    for (const std::string& warning : app->warnings) warnings.emplace_back(warning);
    out["warnings"] = std::move(warnings);
  }
  return out;
}

}  // namespace

object::Object AppDocument(const FleetView& view, const std::string& name) {
  return AppDocumentOf(view, name, LeftTargets(view));
}

object::Object AppsDocument(const FleetView& view) {
  object::Array items;
  const std::vector<TargetKey> left = LeftTargets(view);
  for (const std::string& name : AppNames(view)) {
    object::Object document = AppDocumentOf(view, name, left);
    document.erase("targets");
    document.erase("document");
    items.push_back(std::move(document));
  }
  return {{"items", items}, {"time", Ms(view.now)}};
}

object::Object HistoryDocument(const FleetView& view, const std::string& app) {
  object::Array items;
  const auto history = view.model.history().find(app);
  const auto pin = view.model.pins().find(app);
  if (history != view.model.history().end()) {
    for (auto entry = history->second.rbegin(); entry != history->second.rend(); ++entry) {
      const bool current = entry == history->second.rbegin();
      const bool held = pin != view.model.pins().end() && pin->second == std::to_string(entry->id);
      std::string note = current ? "current" : "";
      if (held) note += current ? ", rolled back to" : "rolled back to";
      items.push_back(object::Object{{"cause", entry->cause},
                                     {"clusters", entry->entries.size()},
                                     {"current", current},
                                     {"id", entry->id},
                                     {"note", note},
                                     {"revision", entry->revision},
                                     {"time", Ms(entry->time)}});
    }
  }
  return {{"app", app}, {"items", items}, {"time", Ms(view.now)}};
}

std::vector<wire::Problem> CatalogueProblems(const catalog::Catalogue& catalogue) {
  std::vector<wire::Problem> out;
  for (const catalog::Problem& problem : catalogue.problems()) {
    wire::Problem shown;
    shown.object = problem.id ? problem.id->Text() : "";
    shown.code = Name(problem.error.code);
    shown.message = problem.error.message;
    if (!problem.origin.file.empty()) {
      shown.message = problem.origin.Text() + ": " + problem.error.message;
    }
    shown.hint = !problem.hint.empty()    ? problem.hint
                 : problem.last_good_kept ? "correct it; the last good version stays in force"
                                          : "correct it; until then it has no effect";
    out.push_back(std::move(shown));
  }
  return out;
}

}  // namespace dunlin::hub
