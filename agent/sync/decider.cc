#include "agent/sync/decider.h"

#include <algorithm>
#include <charconv>

#include "protocol/object/json.h"

namespace dunlin::sync {

namespace {

merge::Gvk GvkOf(const plan::Desired& desired) {
  const size_t slash = desired.api_version.find('/');
  const std::string version =
      slash == std::string::npos ? desired.api_version : desired.api_version.substr(slash + 1);
  return {desired.key.group, version, desired.key.kind};
}

bool Matches(const bundle::IgnoreRule& rule, const object::ResourceKey& key) {
  const auto fits = [](const std::string& wanted, const std::string& actual) {
    return wanted.empty() || wanted == "*" || wanted == actual;
  };
  return fits(rule.group, key.group) && fits(rule.kind, key.kind) && fits(rule.name, key.name) &&
         fits(rule.namespace_, key.namespace_);
}

std::vector<std::string> IgnoredPaths(const AppRules* rules, const object::ResourceKey& key) {
  std::vector<std::string> paths;
  if (rules == nullptr) return paths;
  for (const bundle::IgnoreRule& rule : rules->ignore) {
    if (Matches(rule, key)) paths.insert(paths.end(), rule.paths.begin(), rule.paths.end());
  }
  return paths;
}

// "~1" is "/", "~0" is "~" (RFC 6901).
std::string Unescape(std::string_view token) {
  std::string out;
  for (size_t i = 0; i < token.size(); ++i) {
    if (token[i] == '~' && i + 1 < token.size()) {
      out.push_back(token[++i] == '1' ? '/' : '~');
    } else {
      out.push_back(token[i]);
    }
  }
  return out;
}

object::Value* Child(object::Value& parent, const std::string& token) {
  if (auto* fields = parent.if_object()) return fields->if_contains(token);
  auto* items = parent.if_array();
  size_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  const bool is_index = error == std::errc() && end == token.data() + token.size();
  return items != nullptr && is_index && index < items->size() ? &(*items)[index] : nullptr;
}

}  // namespace

void RemovePointer(object::Value& value, std::string_view pointer) {
  object::Value* at = &value;
  while (!pointer.empty() && pointer.front() == '/') {
    pointer.remove_prefix(1);
    const size_t slash = pointer.find('/');
    const std::string token = Unescape(pointer.substr(0, slash));
    if (slash == std::string_view::npos) {
      if (auto* fields = at->if_object()) fields->erase(token);
      return;
    }
    at = Child(*at, token);
    if (at == nullptr) return;
    pointer.remove_prefix(slash);
  }
}

plan::SchemaLookup Decider::Lookup(const merge::Gvk& gvk) const {
  if (world_.schemas_missing.contains({gvk.group, gvk.version})) return {{}, false, true};
  const auto found = world_.schemas.find({gvk.group, gvk.version});
  if (found == world_.schemas.end() || found->second == nullptr) return {};
  const auto root = found->second->Root(gvk);
  if (!root) return {};
  return {{found->second.get(), *root},
          found->second->SupportsStrategic(gvk) && !json_only_.contains(gvk),
          false};
}

merge::SchemaRef Decider::SchemaOf(const plan::Desired& desired) const {
  return Lookup(GvkOf(desired)).ref;
}

plan::PlanInput Decider::Input() const {
  plan::PlanInput input;
  input.desired = &desired_.set();
  input.live = &world_.live.snapshot();
  input.inventory = &world_.inventory.view();
  input.kinds = &world_.facts->kinds;
  input.announced = &desired_.announced();
  input.schemas = [this](const merge::Gvk& gvk) { return Lookup(gvk); };
  input.failed_lists = world_.unlisted;
  for (const auto& [kind, problem] : world_.unreadable) input.failed_lists.insert(kind);
  input.keep = world_.statement && world_.statement->keep;
  input.statement_complete = world_.StatementComplete() && desired_.lost().empty();
  input.keep_on_removal = world_.keep_on_removal;
  if (world_.statement) {
    for (const AppName& app : world_.statement->removed) input.confirmed_removals.insert(app.str());
  }
  input.agent_namespace = world_.config.agent_namespace;
  input.hook_runs = &world_.hooks.runs();
  input.hook_objects = &world_.hooks.objects();
  return input;
}

plan::DesiredPtr Decider::Document(const object::ResourceKey& key) const {
  if (plan::DesiredPtr held = desired_.Get(key, nullptr)) return held;
  const auto record = world_.inventory.Decode(key);
  return record ? desired_.Get(key, record->get()) : nullptr;
}

plan::Step Decider::Decide(const plan::DesiredPtr& desired, const object::Value* read) const {
  const object::ResourceKey& key = desired->key;
  std::optional<object::Value> cached;
  if (read == nullptr) {
    cached = world_.live.Full(key);
    if (cached) read = &*cached;
  }
  plan::LiveObject live;
  if (read != nullptr) {
    if (const object::Value* metadata = object::Find(*read, {"metadata"}))
      live.metadata = *metadata;
    // Another version has another shape: the object is read in the version of the manifest.
    if (object::FindString(*read, {"apiVersion"}) == desired->api_version) live.object = read;
  }
  // A record that does not decode is a lost one: nothing is removed from the object in this round.
  auto record = world_.inventory.Decode(key);
  plan::Inventory inventory;
  plan::DesiredPtr compared = desired;
  if (record) inventory[key] = (*record)->view;
  const auto ignored = IgnoredPaths(desired_.Rules(desired->app), key);
  if (!ignored.empty() && read != nullptr) {
    auto stripped = std::make_shared<plan::Desired>(*desired);
    for (const std::string& path : ignored) {
      RemovePointer(stripped->object, path);
      if (record) RemovePointer((*record)->last, path);
    }
    compared = std::move(stripped);
  }
  plan::PlanInput input = Input();
  plan::Announced stripped;
  if (const auto found = input.announced->find(key);
      found != input.announced->end() && !ignored.empty()) {
    for (const plan::AnnouncedDocument& one : found->second) {
      auto copy = std::make_shared<plan::Desired>(*one.desired);
      for (const std::string& path : ignored) RemovePointer(copy->object, path);
      stripped[key].push_back({one.seq, std::move(copy)});
    }
    input.announced = &stripped;
  }
  input.inventory = &inventory;
  plan::Step step = plan::PlanObject(input, compared, read == nullptr ? nullptr : &live);
  step.desired = desired;
  return step;
}

std::optional<Request> Decider::MakeRequest(const plan::Step& step, Verb verb) const {
  const auto kind = world_.facts->kinds.find(plan::GroupKind::Of(step.key));
  if (kind == world_.facts->kinds.end()) return std::nullopt;
  Request request;
  request.verb = verb;
  request.key = step.key;
  request.api_version = step.api_version;
  request.plural = kind->second.plural;
  request.namespaced = kind->second.namespaced;
  if (const AppRules* rules = desired_.Rules(step.app)) request.as_user = rules->as_user;
  if (verb == Verb::kGet) return request;
  request.content_type = merge::ContentType(step.merge.kind);
  object::Value body = step.merge.body;
  // What is deleted is what was looked at when that was decided, which may be long ago: not what
  // somebody has made of it since, even when we know that, too.
  if (verb == Verb::kDelete && !step.resource_version.empty()) {
    body.as_object()["preconditions"].as_object()["resourceVersion"] = step.resource_version;
  }
  request.body = object::CanonicalJson(body);
  return request;
}

bool Decider::UseJsonMerge(const plan::Desired& desired) {
  return json_only_.insert(GvkOf(desired)).second;
}

}  // namespace dunlin::sync
