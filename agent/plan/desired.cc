#include "agent/plan/desired.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "agent/merge/normalize.h"
#include "agent/plan/order.h"
#include "agent/plan/special_kinds.h"
#include "agent/plan/stamp.h"
#include "protocol/crypto/crypto.h"

namespace dunlin::plan {

namespace {

using object::ResourceKey;
using object::Value;

// What the custom resource definitions of the statement itself will serve.
struct FutureKind {
  bool namespaced = true;
  std::set<std::string> versions;
};
using FutureKinds = std::map<GroupKind, FutureKind>;

void CollectCrd(const Value& object, FutureKinds& out) {
  if (object::FindString(object, {"kind"}) != "CustomResourceDefinition") return;
  const GroupKind kind{std::string(object::FindString(object, {"spec", "group"})),
                       std::string(object::FindString(object, {"spec", "names", "kind"}))};
  if (kind.group.empty() || kind.kind.empty()) return;
  FutureKind future;
  future.namespaced = object::FindString(object, {"spec", "scope"}) != "Cluster";
  if (const object::Array* versions = object::FindArray(object, {"spec", "versions"})) {
    for (const Value& version : *versions) {
      if (object::FindBool(version, {"served"}).value_or(true)) {
        future.versions.emplace(object::FindString(version, {"name"}));
      }
    }
  }
  out[kind] = std::move(future);
}

template <typename T>
bool Lists(const std::vector<T>& allowed, const T& value) {
  return allowed.empty() || std::find(allowed.begin(), allowed.end(), value) != allowed.end();
}

HookPhase PhaseOf(const Desired& item) { return item.hook ? item.hook->phase : HookPhase::kSync; }

// Prepares the objects of one app.
class AppPreparer {
 public:
  AppPreparer(const AppInput& input, const KindTable& kinds, const FutureKinds& future,
              std::string_view agent_namespace)
      : input_(input), kinds_(kinds), future_(future), agent_namespace_(agent_namespace) {
    out_.name = input.name;
    out_.policy = input.policy;
    out_.complete =
        input.complete && static_cast<int64_t>(input.objects.size()) == input.expected_objects;
    out_.empty = input.objects.empty();
  }

  void Add(const Value& object, bool implied = false) {
    at_hook_ = HookOf(object).kind == HookKind::kHook;
    auto key = ResourceKey::Of(object);
    if (!key) {
      Leave("", "object_invalid", key.error().message);
      out_.complete = false;  // which object it is nobody knows: nothing may be pruned
      return;
    }
    const std::string api_version(object::FindString(object, {"apiVersion"}));
    const std::optional<bool> namespaced = ScopeOf(*key, api_version);
    if (!namespaced) {
      Protect(*key);
      return;
    }
    key->namespace_ = *namespaced ? NamespaceOf(*key) : "";
    if (!out_.keys.insert(*key).second) {
      repeated_.insert(*key);
      return;
    }
    if (!Allowed(*key, *namespaced)) return;
    const HookSpec hook = HookOf(object);
    for (const std::string& word : hook.not_done) {
      out_.problems.push_back({input_.name, key->Text(), "hook_ignored",
                               "this agent does not know " + word + " of its hook annotations"});
    }
    if (hook.kind == HookKind::kIgnored) return;
    auto made = Stamp(object, *key, api_version);
    if (made == nullptr) return;
    made->implied = implied;
    ObjectOptions options = OptionsOf(object);
    made->apply_mode = options.apply_mode;
    // The three-way merge is the only way to write that there is.
    if (options.apply_mode == ApplyMode::kServerSide)
      options.not_done.emplace_back("ServerSideApply");
    for (const std::string& option : options.not_done) {
      out_.problems.push_back({input_.name, key->Text(), "option_ignored",
                               "this agent does not honour " + option + " of its annotations"});
    }
    if (hook.kind == HookKind::kNone) {
      prepared_.push_back(std::move(made));
      return;
    }
    for (const HookPhase phase : hook.phases) {
      auto task = std::make_shared<Desired>(*made);
      task->hook = Hook{phase, hook.policy, hook.timeout,
                        std::string(object::FindString(object, {"metadata", "generateName"}))};
      hooks_.push_back(std::move(task));
    }
  }

  PreparedApp Finish() {
    for (const ResourceKey& key : repeated_) {
      Leave(key.Text(), "object_duplicate",
            "the bundle holds this object more than once: none of them is applied");
    }
    const auto repeated = [&](const auto& item) { return repeated_.count(item->key) > 0; };
    std::erase_if(prepared_, repeated);
    std::erase_if(hooks_, repeated);
    SettleImpliedWave();
    out_.objects.assign(prepared_.begin(), prepared_.end());
    out_.hooks.assign(hooks_.begin(), hooks_.end());
    std::sort(out_.objects.begin(), out_.objects.end(), AppliesBefore);
    std::sort(out_.hooks.begin(), out_.hooks.end(), AppliesBefore);
    if (!out_.hooks.empty()) out_.content = ContentOf(out_);
    std::sort(out_.problems.begin(), out_.problems.end(), [](const Problem& a, const Problem& b) {
      return std::tie(a.object, a.code, a.message) < std::tie(b.object, b.code, b.message);
    });
    return std::move(out_);
  }

 private:
  static std::string ContentOf(const PreparedApp& app) {
    std::string all;
    for (const auto* list : {&app.objects, &app.hooks}) {
      for (const DesiredPtr& item : *list) all += item->key.Text() + " " + item->hash + "\n";
    }
    return crypto::Sha256(all).Hex();
  }

  // First of all, but without a wave of its own: that would be one more gate.
  void SettleImpliedWave() {
    if (prepared_.size() < 2 || !prepared_.back()->implied) return;  // it is added last
    int32_t first = prepared_.front()->wave;
    for (const auto& item : prepared_) {
      if (!item->implied) first = std::min(first, item->wave);
    }
    prepared_.back()->wave = first;
  }

  void Leave(std::string object, std::string code, std::string message) {
    if (at_hook_) out_.held = object + ": " + message;
    out_.problems.push_back({input_.name, std::move(object), std::move(code), std::move(message)});
  }

  std::string NamespaceOf(const ResourceKey& key) const {
    if (!key.namespace_.empty()) return key.namespace_;
    return input_.policy.default_namespace.empty() ? "default" : input_.policy.default_namespace;
  }

  // Protects an object of unknown scope from pruning, under either of its keys.
  void Protect(ResourceKey key) {
    key.namespace_ = NamespaceOf(key);
    out_.keys.insert(key);
    key.namespace_.clear();
    out_.keys.insert(std::move(key));
  }

  // Whether the kind is namespaced; nothing (and a Problem) when neither the cluster nor a CRD of
  // the statement serves it.
  std::optional<bool> ScopeOf(const ResourceKey& key, const std::string& api_version) {
    const GroupKind kind = GroupKind::Of(key);
    const std::string version = api_version.substr(api_version.find('/') + 1);
    const auto future = future_.find(kind);
    if (future != future_.end() && future->second.versions.count(version) > 0) {
      return future->second.namespaced;
    }
    const auto known = kinds_.find(kind);
    if (known == kinds_.end()) {
      Leave(key.Text(), "kind_unknown",
            "the cluster does not know the kind " + kind.Text() +
                ": install its CustomResourceDefinition, or remove the object");
      return std::nullopt;
    }
    if (!Serves(kinds_, kind, version)) {
      std::string served;
      for (const std::string& other : known->second.versions) {
        served += (served.empty() ? "" : ", ") + other;
      }
      Leave(key.Text(), "version_not_served",
            "the cluster does not serve " + kind.Text() + " as " + api_version +
                ": use one of the versions " + served);
      return std::nullopt;
    }
    return known->second.namespaced;
  }

  bool Allowed(const ResourceKey& key, bool namespaced) {
    const AppPolicy& policy = input_.policy;
    if (IsParentKey(key, agent_namespace_)) {
      Leave(key.Text(), "object_invalid",
            "ConfigMaps named dunlin-… in the agent's namespace are the parents of apps: give it "
            "another name or namespace");
      return false;
    }
    if (!Lists(policy.allowed_kinds, GroupKind::Of(key))) {
      Leave(key.Text(), "kind_forbidden", "the app may not use this kind");
      return false;
    }
    if (namespaced && !Lists(policy.allowed_namespaces, key.namespace_)) {
      Leave(key.Text(), "namespace_forbidden", "the app may not use this namespace");
      return false;
    }
    if (!namespaced && !policy.cluster_scope_allowed) {
      Leave(key.Text(), "cluster_scope_forbidden", "the app may not use cluster-scoped objects");
      return false;
    }
    return true;
  }

  std::shared_ptr<Desired> Stamp(const Value& object, const ResourceKey& key,
                                 const std::string& api_version) {
    auto normalized = merge::Normalize(object);
    if (!normalized) {
      Leave(key.Text(), "object_invalid", normalized.error().message);
      return nullptr;
    }
    object::Object& metadata = normalized->get_object()["metadata"].get_object();
    if (key.namespace_.empty()) {
      metadata.erase("namespace");
    } else {
      metadata["namespace"] = key.namespace_;
    }
    auto stamped = StampDesired(std::move(*normalized), input_.name, agent_namespace_);
    if (!stamped) {
      const bool foreign = stamped.error().code == Errc::kPrecondition;
      Leave(key.Text(), foreign ? "part_of_label" : "object_invalid", stamped.error().message);
      return nullptr;
    }
    auto desired = std::make_shared<Desired>();
    desired->key = key;
    desired->app = input_.name;
    desired->api_version = api_version;
    desired->wave = WaveOf(object);
    desired->stage = StageOf(GroupKind::Of(key));
    desired->object = std::move(stamped->object);
    desired->hash = std::move(stamped->hash);
    return desired;
  }

  const AppInput& input_;
  const KindTable& kinds_;
  const FutureKinds& future_;
  std::string_view agent_namespace_;
  PreparedApp out_;
  std::vector<std::shared_ptr<Desired>> prepared_;
  std::vector<std::shared_ptr<Desired>> hooks_;
  bool at_hook_ = false;  // what is being added is one
  std::set<ResourceKey> repeated_;
};

// Kept when the app goes, whatever its annotations say.
Value ImpliedNamespace(const AppPolicy& policy) {
  object::Object labels;
  for (const auto& [name, value] : policy.namespace_labels) labels[name] = value;
  object::Object annotations;
  for (const auto& [name, value] : policy.namespace_annotations) annotations[name] = value;
  annotations["dunlin.dev/prune"] = "disabled";
  object::Object metadata{{"name", policy.default_namespace},
                          {"annotations", std::move(annotations)}};
  if (!labels.empty()) metadata["labels"] = std::move(labels);
  return object::Object{
      {"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", std::move(metadata)}};
}

std::set<std::string> NamespacesOf(const std::vector<AppInput>& apps) {
  std::set<std::string> names;
  for (const AppInput& app : apps) {
    for (const Value* object : app.objects) {
      const auto key = ResourceKey::Of(*object);
      if (key && IsNamespace(*key)) names.insert(key->name);
    }
  }
  return names;
}

}  // namespace

std::string_view Name(Propagation propagation) {
  switch (propagation) {
    case Propagation::kBackground:
      return "Background";
    case Propagation::kForeground:
      return "Foreground";
    case Propagation::kOrphan:
      return "Orphan";
  }
  return "Background";
}

bool AppliesBefore(const DesiredPtr& a, const DesiredPtr& b) {
  const HookPhase phase_a = PhaseOf(*a);
  const HookPhase phase_b = PhaseOf(*b);
  const auto left = std::tie(phase_a, a->wave, a->stage);
  const auto right = std::tie(phase_b, b->wave, b->stage);
  return left != right ? left < right : InstallsBefore(a->key, b->key);
}

DesiredPtr HookDocument(const Desired& hook, const HookRun& run, std::string_view revision) {
  auto out = std::make_shared<Desired>(hook);
  out->hook->declared = hook.key;
  object::Object& metadata = out->object.get_object()["metadata"].get_object();
  if (!hook.hook->generate_name.empty()) {
    out->key.name =
        GeneratedHookName(hook.hook->generate_name, revision, hook.hook->phase, run.seq);
    metadata["name"] = out->key.name;
    metadata.erase("generateName");
  }
  metadata["annotations"].get_object()[kHookRunAnnotation] = HookMark(run, hook.hook->phase);
  out->hash = Seal(out->object);
  return out;
}

DesiredSet Prepare(const std::vector<AppInput>& apps, const KindTable& kinds,
                   std::string_view agent_namespace) {
  std::vector<const AppInput*> sorted;
  FutureKinds future;
  for (const AppInput& app : apps) {
    sorted.push_back(&app);
    for (const Value* object : app.objects) CollectCrd(*object, future);
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const AppInput* a, const AppInput* b) { return a->name < b->name; });

  DesiredSet out;
  std::set<std::string> namespaces = NamespacesOf(apps);
  std::map<ResourceKey, std::vector<std::string>> wanted;
  for (const AppInput* app : sorted) {
    AppPreparer preparer(*app, kinds, future, agent_namespace);
    for (const Value* object : app->objects) preparer.Add(*object);
    const std::string& name = app->policy.default_namespace;
    if (app->policy.create_namespace && !name.empty() && !IsProtectedNamespace(name) &&
        namespaces.insert(name).second) {
      preparer.Add(ImpliedNamespace(app->policy), true);
    }
    out.apps.push_back(preparer.Finish());
    for (const DesiredPtr& item : out.apps.back().objects) wanted[item->key].push_back(app->name);
  }
  for (auto& [key, names] : wanted) {
    if (names.size() > 1) out.shared.emplace(key, std::move(names));
  }
  return out;
}

}  // namespace dunlin::plan
