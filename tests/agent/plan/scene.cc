#include "tests/agent/plan/scene.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "agent/plan/stamp.h"
#include "protocol/object/json.h"

namespace dunlin::plan {

using object::ResourceKey;
using object::Value;

Value Json(std::string_view text) {
  auto value = object::ParseJson(text);
  EXPECT_TRUE(value) << text;
  return value ? *value : Value();
}

Value Manifest(std::string_view api_version, std::string_view kind, std::string_view name,
               std::string_view extra) {
  static const std::set<std::string_view> cluster_kinds = {
      "Namespace",   "CustomResourceDefinition",      "StorageClass", "PersistentVolume",
      "ClusterRole", "ValidatingWebhookConfiguration"};
  Value out = Json(extra);
  object::Object& root = out.as_object();
  root["apiVersion"] = api_version;
  root["kind"] = kind;
  object::Value& metadata = root["metadata"];
  if (metadata.is_null()) metadata = object::Object{};
  metadata.as_object()["name"] = name;
  if (cluster_kinds.count(kind) == 0 && !metadata.as_object().contains("namespace")) {
    metadata.as_object()["namespace"] = "shop";
  }
  return out;
}

Value ConfigMap(std::string_view name, std::string_view value) {
  return Manifest("v1", "ConfigMap", name, R"({"data":{"key":")" + std::string(value) + "\"}}");
}

ResourceKey Key(std::string_view group, std::string_view kind, std::string_view name,
                std::string_view namespace_) {
  return {std::string(group), std::string(kind), std::string(namespace_), std::string(name)};
}

ResourceKey ConfigMapKey(std::string_view name) { return Key("", "ConfigMap", name); }

Scene::Scene() {
  const auto add = [&](std::string group, std::string kind, std::string plural, bool namespaced) {
    kinds[{std::move(group), std::move(kind)}] = {std::move(plural), namespaced, {"v1"}, {}, false};
  };
  add("", "Namespace", "namespaces", false);
  add("", "ConfigMap", "configmaps", true);
  add("", "Secret", "secrets", true);
  add("", "Service", "services", true);
  add("", "ServiceAccount", "serviceaccounts", true);
  add("", "PersistentVolume", "persistentvolumes", false);
  add("", "PersistentVolumeClaim", "persistentvolumeclaims", true);
  add("storage.k8s.io", "StorageClass", "storageclasses", false);
  add("apps", "Deployment", "deployments", true);
  add("networking.k8s.io", "Ingress", "ingresses", true);
  add("rbac.authorization.k8s.io", "ClusterRole", "clusterroles", false);
  add("apiextensions.k8s.io", "CustomResourceDefinition", "customresourcedefinitions", false);
  add("admissionregistration.k8s.io", "ValidatingWebhookConfiguration",
      "validatingwebhookconfigurations", false);
}

void Scene::Want(const std::string& app, Value manifest) {
  manifests_[app].push_back(std::move(manifest));
}

ResourceKey Scene::Applied(const std::string& app, const Value& manifest) {
  AppInput input{app, {}, {&manifest}, 1, true};
  const DesiredSet prepared = Prepare({input}, kinds, "");
  EXPECT_EQ(prepared.apps[0].objects.size(), 1u) << object::CanonicalJson(manifest);
  const Desired& desired = *prepared.apps[0].objects.at(0);
  Value live = desired.object;
  object::Object& metadata = live.as_object()["metadata"].as_object();
  metadata["uid"] = "uid-" + desired.key.name;
  metadata["resourceVersion"] = "1";
  live_[desired.key] = std::move(live);
  documents_.push_back(desired.object);
  InventoryRecord record;
  record.key = desired.key;
  record.app = app;
  record.uid = "uid-" + desired.key.name;
  record.desired_hash = desired.hash;
  record.observed_resource_version = "1";
  record.last_applied = &documents_.back();
  inventory_[desired.key] = record;
  return desired.key;
}

ResourceKey Scene::Synced(const std::string& app, const Value& manifest) {
  Want(app, manifest);
  return Applied(app, manifest);
}

void Scene::Live(const Value& object) {
  const auto key = ResourceKey::Of(object);
  ASSERT_TRUE(key);
  live_[*key] = object;
}

DesiredSet Scene::Prepared() const {
  std::vector<AppInput> inputs;
  for (const auto& [app, manifests] : manifests_) {
    AppInput input;
    input.name = app;
    if (const auto found = policies.find(app); found != policies.end()) {
      input.policy = found->second;
    }
    for (const Value& manifest : manifests) input.objects.push_back(&manifest);
    input.expected_objects = static_cast<int64_t>(manifests.size());
    input.complete = incomplete.count(app) == 0;
    if (reversed) std::reverse(input.objects.begin(), input.objects.end());
    inputs.push_back(std::move(input));
  }
  if (reversed) std::reverse(inputs.begin(), inputs.end());
  return Prepare(inputs, kinds, "");
}

PlanInput Scene::Input() {
  desired_ = Prepared();
  snapshot_.clear();
  for (const auto& [key, object] : live_) {
    snapshot_[key] = {*object::Find(object, {"metadata"}), metadata_only ? nullptr : &object};
  }
  PlanInput input;
  input.desired = &desired_;
  input.live = &snapshot_;
  input.inventory = &inventory_;
  input.kinds = &kinds;
  input.failed_lists = failed_lists;
  input.failed_apps = failed_apps;
  input.statement_complete = statement_complete;
  input.keep = keep;
  input.advancing_allowed = advancing_allowed;
  input.confirmed_removals = confirmed_removals;
  input.keep_on_removal = keep_on_removal;
  return input;
}

Plan Scene::Make() {
  auto plan = MakePlan(Input());
  EXPECT_TRUE(plan);
  return plan ? std::move(*plan) : Plan{};
}

AppPlan Scene::MakeFor(const std::string& app) {
  for (AppPlan& plan : Make().apps) {
    if (plan.app == app) return std::move(plan);
  }
  return {};
}

Step Scene::Decide(const std::string& app, const ResourceKey& key) {
  const PlanInput input = Input();
  for (const PreparedApp& prepared : desired_.apps) {
    if (prepared.name != app) continue;
    for (const DesiredPtr& item : prepared.objects) {
      if (item->key != key) continue;
      const auto live = snapshot_.find(key);
      return PlanObject(input, item, live == snapshot_.end() ? nullptr : &live->second);
    }
  }
  ADD_FAILURE() << app << " does not want " << key.Text();
  return {};
}

const Step* FindStep(const AppPlan& plan, const ResourceKey& key) {
  for (const auto* stages : {&plan.stages, &plan.prune}) {
    for (const Stage& stage : *stages) {
      for (const Step& step : stage.steps) {
        if (step.key == key) return &step;
      }
    }
  }
  return nullptr;
}

namespace {

void Append(std::string& out, const std::vector<Stage>& stages) {
  for (const Stage& stage : stages) {
    out += " stage " + std::string(Name(stage.phase)) + " " + std::to_string(stage.wave) + "/" +
           std::to_string(stage.stage) + (stage.gate_established ? " established" : "") +
           (stage.gate_health ? " health" : "") + (stage.gate_gone ? " gone" : "") +
           (stage.gate_hooks ? " hooks" : "") + "\n";
    for (const DesiredPtr& hook : stage.hooks) {
      out += "  hook " + hook->key.Text() + " " + object::CanonicalJson(hook->object) + "\n";
    }
    for (const Step& step : stage.steps) {
      out += "  " + std::string(Name(step.action)) + " " + step.key.Text() + " " + step.reason +
             " " + object::CanonicalJson(step.merge.body) + "\n";
    }
  }
}

}  // namespace

std::string Text(const Plan& plan) {
  std::string out;
  for (const AppPlan& app : plan.apps) {
    out += "app " + app.app + " refused: " + app.prune_refused + "\n";
    Append(out, app.stages);
    out += " prune\n";
    Append(out, app.prune);
    for (const Problem& problem : app.problems) {
      out += " problem " + problem.code + " " + problem.object + " " + problem.message + "\n";
    }
    for (const ResourceKey& key : app.superset) out += " member " + key.Text() + "\n";
  }
  return out;
}

std::vector<std::string> Deletes(const AppPlan& plan) {
  std::vector<std::string> out;
  for (const Stage& stage : plan.prune) {
    for (const Step& step : stage.steps) {
      if (step.action == Action::kDelete) out.push_back(step.key.Text());
    }
  }
  return out;
}

}  // namespace dunlin::plan
