#include "hub/app/admin_service.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "hub/app/fleet_metrics.h"
#include "hub/app/history.h"
#include "hub/app/render_job.h"
#include "hub/catalog/repo_url.h"
#include "protocol/base/nearest.h"

namespace dunlin::hub {

namespace {

constexpr Millis kRefreshLimit{110'000};  // below the CLI's own limit
constexpr Millis kReadLimit{60'000};
constexpr std::string_view kClusterAdd = "dunlin cluster add";  // as the origin of an object
constexpr std::string_view kApplyPath = "apply.yaml";
constexpr size_t kSuggestions = 3;  // for a mistyped name

std::string KeyOf(const std::string& repo) {
  const auto url = catalog::ParseRepoUrl(repo);
  return url ? catalog::RepoKey(*url) : repo;
}

object::Value ClusterObject(const NewCluster& cluster) {
  object::Object spec{{"region", cluster.region}};
  if (!cluster.server.empty()) spec["server"] = cluster.server;
  return object::Object{{"apiVersion", "dunlin.dev/v1"},
                        {"kind", "Cluster"},
                        {"metadata", {{"labels", cluster.labels}, {"name", cluster.name}}},
                        {"spec", spec}};
}

// What is wrong with the text, which the worker knows under a name of its own, as the user knows
// it.
Error InFile(Error error, const std::string& file) {
  const size_t at = error.message.find(kApplyPath);
  if (at != std::string::npos) error.message.replace(0, at + kApplyPath.size(), file);
  return error;
}

// 0: the app is not held.
int64_t EntryOfPin(const std::optional<std::string>& pin) {
  int64_t entry = 0;
  if (pin) std::from_chars(pin->data(), pin->data() + pin->size(), entry);
  return entry;
}

bool SameLabels(const catalog::Cluster& known, const object::Object& labels) {
  if (known.labels.size() != labels.size()) return false;
  for (const auto& [key, value] : known.labels) {
    const object::Value* other = labels.if_contains(key);
    if (other == nullptr || !other->is_string() || object::View(other->get_string()) != value) {
      return false;
    }
  }
  return true;
}

}  // namespace

FleetView AdminService::View() const {
  return {parts_.model, parts_.pipeline, parts_.catalogue.catalogue(), parts_.publisher,
          parts_.clock.Now()};
}

std::vector<wire::Problem> AdminService::Problems() const {
  std::vector<wire::Problem> problems = parts_.driver.Problems();
  for (wire::Problem& problem : CatalogueProblems(parts_.catalogue.catalogue())) {
    problems.push_back(std::move(problem));
  }
  for (const auto& [app, problem] : parts_.pipeline.app_problems()) {
    problems.push_back(problem);
    problems.back().object = "App " + app;
  }
  for (wire::Problem& problem : SourceProblems(parts_.pipeline)) {
    problems.push_back(std::move(problem));
  }
  return problems;
}

object::Value AdminService::FleetStatus() {
  return StatusDocument(View(), Problems(), StatusVersion());
}

TaskVoid AdminService::WaitForChange(int64_t after, Millis limit) {
  const Millis until = parts_.clock.Monotonic() + limit;
  while (StatusVersion() <= after) {
    const Millis left = until - parts_.clock.Monotonic();
    if (left <= Millis(0)) break;
    auto woken = co_await parts_.model.changed().Wait(left);
    if (!woken && woken.error().code == Errc::kCancelled) co_return woken;
  }
  co_return Status();
}

object::Value AdminService::Clusters() { return ClustersDocument(View()); }

Result<object::Value> AdminService::Cluster(const std::string& name) {
  const ClusterRecord* cluster = parts_.model.FindClusterByName(name);
  if (cluster != nullptr) return object::Value(ClusterDocument(View(), *cluster));
  const std::vector<std::string> known = ClusterNames();
  return MakeError(Errc::kNotFound,
                   "there is no cluster \"" + name + "\"" + DidYouMean(name, known, kSuggestions));
}

std::vector<std::string> AdminService::ClusterNames() const {
  std::vector<std::string> names;
  for (const auto& [id, record] : parts_.model.clusters()) names.push_back(record.name);
  return names;
}

Status AdminService::EnsureCluster(const NewCluster& cluster) {
  if (!cluster.server.empty() && !cluster.server.starts_with("https://")) {
    return MakeError(
        Errc::kInvalidArgument,
        "the server \"" + cluster.server + "\" is no URL of an apiserver (https://host:6443)");
  }
  const auto known = parts_.catalogue.catalogue().FindCluster(cluster.name);
  if (known != nullptr) {
    // A new token must never move a live cluster to other apps as a side effect.
    std::string differs;
    if (!cluster.region.empty() && cluster.region != known->region) differs = "a region";
    if (!cluster.server.empty() && cluster.server != known->server) differs = "a server";
    if (!cluster.labels.empty() && !SameLabels(*known, cluster.labels)) differs = "labels";
    if (differs.empty()) return {};
    return MakeError(
        Errc::kConflict,
        "cluster " + cluster.name + " is there already, with " + differs +
            " of its own; leave the option out for a new token, or change the cluster by its "
            "Cluster object (dunlin apply -f)");
  }
  const catalog::ObjectId id{catalog::ObjectKind::kCluster, cluster.name};
  if (const auto* problem = parts_.catalogue.catalogue().Unreadable(id)) return problem->error;
  if (cluster.region.empty()) {
    return MakeError(Errc::kInvalidArgument,
                     "cluster " + cluster.name + " is new and needs a region (--region)" +
                         DidYouMean(cluster.name, ClusterNames(), kSuggestions));
  }
  catalog::Document document;
  document.file = kClusterAdd;
  document.object = ClusterObject(cluster);
  TRY(const auto applied, parts_.catalogue.Apply({document}));
  if (!applied.front().result) {
    Error error = applied.front().result.error();
    if (error.message.starts_with(std::string(kClusterAdd) + ": ")) {
      error.message.erase(0, kClusterAdd.size() + 2);  // whoever asked knows
    }
    return error;
  }
  parts_.driver.CatalogueChanged();
  return {};
}

Result<object::Value> AdminService::AddCluster(const NewCluster& cluster) {
  TRY_VOID(EnsureCluster(cluster));
  const ClusterRecord* record = parts_.model.FindClusterByName(cluster.name);
  if (record == nullptr) {
    return MakeError(Errc::kInternal, "cluster " + cluster.name + " has no record");
  }
  TRY(const NewToken token, parts_.enrolment.MakeToken(cluster.name, cluster.token_hours));
  log_.Info("token_made", {{"cluster", cluster.name}, {"expires", FormatTime(token.expires)}});
  return object::Value(object::Object{
      {"cluster", cluster.name},
      {"command", "dunlin-agent enroll --hub " + public_url_ + " --token " + token.text},
      {"expires", token.expires.time_since_epoch().count()},
      {"hub", public_url_},
      {"id", record->id.str()},
      {"region", record->region},
      {"token", token.text}});
}

Status AdminService::KnowApp(const std::string& name) const {
  const std::vector<std::string> names = AppNames(View());
  if (std::find(names.begin(), names.end(), name) != names.end()) return {};
  return MakeError(Errc::kNotFound,
                   "there is no app \"" + name + "\"" + DidYouMean(name, names, kSuggestions));
}

object::Value AdminService::Apps() { return AppsDocument(View()); }

Result<object::Value> AdminService::App(const std::string& name) {
  TRY_VOID(KnowApp(name));
  return object::Value(AppDocument(View(), name));
}

Result<object::Value> AdminService::History(const std::string& name) {
  TRY_VOID(KnowApp(name));
  return object::Value(HistoryDocument(View(), name));
}

Task<object::Value> AdminService::Sync(std::string name, bool allow_mass_prune) {
  CO_TRY_VOID(KnowApp(name));
  if (parts_.model.pins().contains(name)) {
    CO_TRY_VOID(parts_.model.SetPin(name, std::nullopt));
  }
  std::vector<TargetKey> left = LeftTargets(View());
  std::erase_if(left, [&](const TargetKey& key) { return key.first != name; });
  const Targets& targets = parts_.pipeline.targets();
  const auto first = targets.lower_bound({name, ClusterId()});
  const bool only_left = !left.empty() && (first == targets.end() || first->first.first != name);
  if (only_left && !allow_mass_prune) {
    co_return MakeError(Errc::kPrecondition,
                        "app " + name + " is not in the catalogue any more and its objects on " +
                            std::to_string(left.size()) +
                            " cluster(s) are not removed yet: `dunlin app get " + name +
                            "` says why; to confirm their removal: dunlin app sync " + name +
                            " --allow-mass-prune");
  }
  if (allow_mass_prune) {
    for (const TargetKey& key : left) parts_.pipeline.ConfirmRemoval(key.first, key.second);
  }
  if (only_left) {
    CO_TRY_VOID(parts_.driver.Publish());
    object::Object document = AppDocument(View(), name);
    document["message"] = "the removal of app " + name + " is confirmed on " +
                          std::to_string(left.size()) + " cluster(s)";
    co_return object::Value(std::move(document));
  }
  CO_TRY_VOID(parts_.pipeline.Sync(name, allow_mass_prune));
  // What comes with the fleet repository may change which repositories the app needs.
  std::set<std::string> looked_at;
  for (std::vector<std::string> repos = parts_.driver.ReposOf(name); !repos.empty();) {
    const std::string repo = repos.front();
    looked_at.insert(repo);
    auto looked = co_await parts_.driver.Refresh(repo, kRefreshLimit);
    // An app that left the catalogue meanwhile takes its repository along.
    if (!looked && looked.error().code != Errc::kNotFound) co_return looked.error();
    repos = parts_.driver.ReposOf(name);
    std::erase_if(repos, [&](const std::string& other) { return looked_at.contains(other); });
  }
  CO_TRY_VOID(co_await parts_.driver.PublishWithDeltas());
  object::Object document = AppDocument(View(), name);
  document["failures"] = SyncFailures(View(), parts_.driver.Sources(), name);
  std::string message =
      "looked at Git; " + std::to_string(document["clusters"].to_number<int64_t>()) +
      " cluster(s) at " + std::string(object::FindString(object::Value(document), {"revision"}));
  document["message"] = std::move(message);
  co_return object::Value(std::move(document));
}

Status AdminService::AllThere(const std::string& app, int64_t entry,
                              const std::map<ClusterId, OldBundle>& bundles) const {
  std::set<BundleDigest> wanted;
  for (const auto& [cluster, old] : bundles) {
    if (parts_.pipeline.targets().contains({app, cluster})) wanted.insert(old.bundle);
  }
  const std::set<BundleDigest> missing = parts_.publisher.Missing(wanted);
  if (missing.empty()) return {};
  return MakeError(Errc::kPrecondition,
                   "the hub has lost " + std::to_string(missing.size()) + " of the " +
                       std::to_string(wanted.size()) + " bundles of entry " +
                       std::to_string(entry) +
                       "; nothing was changed: go back to another entry, or revert in Git");
}

Task<object::Value> AdminService::Rollback(std::string name, int64_t id) {
  CO_TRY_VOID(KnowApp(name));
  const Millis start = parts_.clock.Monotonic();
  const auto past = parts_.model.history().find(name);
  static const std::vector<HistoryRecord> kNone;
  const auto pin = parts_.model.pins().find(name);
  std::optional<std::string> pin_before;
  if (pin != parts_.model.pins().end()) pin_before = pin->second;
  const RollbackFrom from{past == parts_.model.history().end() ? kNone : past->second, name,
                          parts_.pipeline.targets(), EntryOfPin(pin_before)};
  CO_TRY(const HistoryRecord* entry, ChooseHistory(from, id));
  const int64_t chosen = entry->id;
  const std::string revision = entry->revision;
  const auto bundles = BundlesOf(*entry);
  CO_TRY_VOID(AllThere(name, chosen, bundles));
  // First the pin: a crash between the two leaves the app held where it is, never rolled forward.
  CO_TRY_VOID(parts_.model.SetPin(name, std::to_string(chosen)));
  const Status rolled = parts_.pipeline.Rollback(name, bundles, revision);
  if (!rolled) {
    CO_TRY_VOID(parts_.model.SetPin(name, pin_before));
    co_return rolled.error();
  }
  const int64_t newest = from.past.empty() ? 0 : from.past.back().id;
  CO_TRY_VOID(co_await parts_.driver.PublishWithDeltas());
  // None when nothing had to change: the entry's bundles are what the clusters run.
  const int64_t published = parts_.model.history().at(name).back().id;
  const std::string as_entry =
      published == newest ? "" : ", published as entry " + std::to_string(published);
  const Millis took = parts_.clock.Monotonic() - start;
  parts_.metrics.Observe("dunlin_rollback_duration_seconds", double(took.count()) / 1000);
  log_.Info("rolled_back", {{"app", name}, {"entry", chosen}, {"revision", revision}});
  co_return object::Value(object::Object{
      {"app", name},
      {"clusters", bundles.size()},
      {"entry", chosen},
      {"message", "rolled back to entry " + std::to_string(chosen) + " (" + revision.substr(0, 12) +
                      ") on " + std::to_string(bundles.size()) + " cluster(s)" + as_entry + "; " +
                      EndOfPin(View(), name)},
      {"published", published},
      {"revision", revision}});
}

object::Value AdminService::Sources() { return SourcesDocument(View(), parts_.driver.Sources()); }

Task<object::Value> AdminService::Refresh(std::string repo) {
  const std::string key = repo.empty() ? "" : KeyOf(repo);
  auto looked = co_await parts_.driver.Refresh(key, kRefreshLimit);
  if (!looked) {
    Error error = std::move(looked.error());
    if (error.code == Errc::kNotFound) {
      std::set<std::string> known;  // a repository is followed once for every reference
      for (const Driver::SourceView& source : parts_.driver.Sources()) known.insert(source.repo);
      error.message += DidYouMean(repo, {known.begin(), known.end()}, kSuggestions);
    }
    co_return error;
  }
  co_return object::Value(RefreshDocument(View(), parts_.driver.Sources(), key));
}

Task<object::Value> AdminService::Apply(Bytes text, std::string file) {
  render::TreeFile input;
  input.path = kApplyPath;
  input.bytes = std::move(text);
  render::RenderRequest request = CatalogRequest({}, "");
  request.files.push_back(std::move(input));
  auto read = parts_.renderer.Render(std::move(request));
  CO_TRY(render::RenderAnswer answer,
         co_await net::WithTimeout(std::move(read), kReadLimit, "reading " + file));
  auto read_documents = CatalogDocuments(std::move(answer));
  if (!read_documents) co_return InFile(std::move(read_documents.error()), file);
  std::vector<catalog::Document>& documents = *read_documents;
  if (documents.empty()) {
    co_return MakeError(Errc::kInvalidArgument, file + " holds no document");
  }
  for (catalog::Document& document : documents) {
    document.file = file;
    if (document.error) document.error = InFile(std::move(*document.error), file);
  }
  CO_TRY(const auto applied, parts_.catalogue.Apply(documents));
  object::Array items;
  for (const FleetCatalogue::Applied& one : applied) {
    static constexpr const char* kWords[] = {"created", "configured", "unchanged"};
    const bool ok = one.result.has_value();
    items.push_back(
        object::Object{{"code", ok ? "" : Name(one.result.error().code)},
                       {"kind", one.id.name.empty() ? "" : Name(one.id.kind)},
                       {"message", ok ? "" : one.result.error().message},
                       {"name", one.id.name},
                       {"place", one.place},
                       {"result", ok ? kWords[static_cast<int>(*one.result)] : "failed"}});
  }
  parts_.driver.CatalogueChanged();
  co_return object::Value(object::Object{{"items", std::move(items)},
                                         {"time", parts_.clock.Now().time_since_epoch().count()}});
}

std::string AdminService::Metrics() { return parts_.metrics.Text() + FleetMetrics(View()).Text(); }

}  // namespace dunlin::hub
