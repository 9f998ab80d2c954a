// A small world for planner tests: apps with manifests, what was applied, what is live.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/plan/desired.h"
#include "agent/plan/plan.h"

namespace dunlin::plan {

object::Value Json(std::string_view text);

// {"apiVersion":…,"kind":…,"metadata":{"name":…,"namespace":"shop"}}; cluster-scoped for kinds that
// are. `extra` members are merged into the root: R"({"data":{"a":"b"}})".
object::Value Manifest(std::string_view api_version, std::string_view kind, std::string_view name,
                       std::string_view extra = "{}");
object::Value ConfigMap(std::string_view name, std::string_view value = "v");

object::ResourceKey Key(std::string_view group, std::string_view kind, std::string_view name,
                        std::string_view namespace_ = "shop");
object::ResourceKey ConfigMapKey(std::string_view name);

class Scene {
 public:
  Scene();

  KindTable kinds;
  std::map<std::string, AppPolicy> policies;
  std::set<std::string> incomplete;  // apps whose bundle is missing
  std::set<GroupKind> failed_lists;
  std::set<std::string> failed_apps;
  bool statement_complete = true;
  bool keep = false;
  bool advancing_allowed = true;
  std::set<std::string> confirmed_removals;
  std::set<std::string> keep_on_removal;

  // The app is in the statement, also without objects.
  void App(const std::string& app) { manifests_[app]; }
  void Want(const std::string& app, object::Value manifest);
  // The object was applied by the app: live and recorded, UID "uid-<name>", RV "1". It is desired
  // only if Want() says so, too.
  object::ResourceKey Applied(const std::string& app, const object::Value& manifest);
  // Want and Applied.
  object::ResourceKey Synced(const std::string& app, const object::Value& manifest);
  // A live object of somebody, as it is.
  void Live(const object::Value& object);

  object::Value& LiveValue(const object::ResourceKey& key) { return live_.at(key); }
  void RemoveLive(const object::ResourceKey& key) { live_.erase(key); }
  InventoryRecord& Record(const object::ResourceKey& key) { return inventory_.at(key); }
  void RemoveRecord(const object::ResourceKey& key) { inventory_.erase(key); }
  // The cache holds metadata only, as for kinds without health.
  bool metadata_only = false;
  bool reversed = false;  // the same input, handed over the other way round

  DesiredSet Prepared() const;
  Plan Make();
  // The plan of one app; empty when it has none.
  AppPlan MakeFor(const std::string& app);
  // The decision for one object with its full live object.
  Step Decide(const std::string& app, const object::ResourceKey& key);

 private:
  PlanInput Input();

  std::map<std::string, std::vector<object::Value>> manifests_;
  std::map<object::ResourceKey, object::Value> live_;
  Inventory inventory_;
  std::deque<object::Value> documents_;
  DesiredSet desired_;
  LiveSnapshot snapshot_;
};

// The step of an object anywhere in the app's stages or prune part; null: none.
const Step* FindStep(const AppPlan& plan, const object::ResourceKey& key);
// Everything of a plan as text, for comparisons.
std::string Text(const Plan& plan);
// The keys that the app's prune part deletes, in order.
std::vector<std::string> Deletes(const AppPlan& plan);

}  // namespace dunlin::plan
