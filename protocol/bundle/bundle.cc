#include "protocol/bundle/bundle.h"

#include <algorithm>
#include <set>

#include "protocol/base/limits.h"
#include "protocol/bundle/policy.h"
#include "protocol/object/json.h"

namespace dunlin::bundle {

namespace {

constexpr std::string_view kPartOfLabel = "applyset.kubernetes.io/part-of";

int DepthOf(const object::Value& value, int limit) {
  if (limit == 0) return 1;
  int deepest = 0;
  if (value.is_object()) {
    for (const auto& member : value.get_object()) {
      deepest = std::max(deepest, DepthOf(member.value(), limit - 1));
    }
  } else if (value.is_array()) {
    for (const object::Value& element : value.get_array()) {
      deepest = std::max(deepest, DepthOf(element, limit - 1));
    }
  } else {
    return 0;
  }
  return deepest + 1;
}

// A name that can stand in a URL path segment and in a log line. The apiserver checks the rest.
bool IsPlausibleName(std::string_view name) {
  return name.size() <= 253 && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return c > ' ' && c != '/' && c != '%' && c != 0x7f; });
}

Result<object::ResourceKey> CheckObject(const object::Value& value) {
  TRY(object::ResourceKey key, object::ResourceKey::Of(value));
  if (!IsPlausibleName(key.name) || !IsPlausibleName(key.namespace_)) {
    return MakeError(Errc::kInvalidArgument, key.Text() + ": not a usable name");
  }
  const object::Object* labels = object::FindObject(value, {"metadata", "labels"});
  if (labels != nullptr && labels->contains({kPartOfLabel.data(), kPartOfLabel.size()})) {
    return MakeError(Errc::kInvalidArgument, key.Text() + ": a manifest must not carry the label " +
                                                 std::string(kPartOfLabel) + "; remove it");
  }
  if (DepthOf(value, limits::kBundleObjectDepth) > limits::kBundleObjectDepth) {
    return MakeError(Errc::kLimit, key.Text() + ": nested deeper than " +
                                       std::to_string(limits::kBundleObjectDepth));
  }
  return key;
}

struct Entry {
  object::ResourceKey key;
  std::string json;
};

Result<std::vector<Entry>> Entries(const std::vector<object::Value>& objects) {
  if (objects.size() > limits::kBundleObjects) {
    return MakeError(Errc::kLimit, std::to_string(objects.size()) + " objects exceed " +
                                       std::to_string(limits::kBundleObjects));
  }
  std::vector<Entry> out;
  out.reserve(objects.size());
  for (const object::Value& value : objects) {
    TRY(object::ResourceKey key, CheckObject(value));
    std::string json = object::CanonicalJson(value);
    if (json.size() > limits::kObjectBytes) {
      return MakeError(Errc::kLimit, key.Text() + ": " + std::to_string(json.size()) +
                                         " bytes exceed " + std::to_string(limits::kObjectBytes));
    }
    out.push_back({std::move(key), std::move(json)});
  }
  return out;
}

}  // namespace

Result<Bytes> Canonical(Bundle bundle) {
  TRY(std::vector<Entry> entries, Entries(bundle.objects));
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.key < b.key; });
  const auto twice =
      std::adjacent_find(entries.begin(), entries.end(),
                         [](const Entry& a, const Entry& b) { return a.key == b.key; });
  if (twice != entries.end()) {
    return MakeError(Errc::kInvalidArgument, twice->key.Text() + " is there twice; remove one");
  }
  if (bundle.policy.health_rules.size() > limits::kBundleHealthRules) {
    return MakeError(Errc::kLimit, std::to_string(bundle.policy.health_rules.size()) +
                                       " HealthRules match the app's objects, more than " +
                                       std::to_string(limits::kBundleHealthRules));
  }
  Bytes out = "{\"app\":" + object::CanonicalJson(object::Value(bundle.app)) +
              ",\"cluster_scope\":" + (bundle.cluster_scope ? "true" : "false") +
              ",\"format\":" + std::to_string(kFormat) + ",\"objects\":[";
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i > 0) out.push_back(',');
    out += entries[i].json;
  }
  out += "],\"policy\":" + object::CanonicalJson(PolicyToJson(bundle.policy)) + "}";
  if (out.size() > limits::kBundleBytes) {
    return MakeError(Errc::kLimit, "the bundle has " + std::to_string(out.size()) +
                                       " bytes, more than " + std::to_string(limits::kBundleBytes));
  }
  return out;
}

Result<Bundle> ParseCanonical(BytesView raw) {
  // Three levels stand around an object: the bundle, the list, the object itself.
  const object::ParseOptions options{.max_depth = limits::kBundleObjectDepth + 2,
                                     .max_bytes = limits::kBundleBytes};
  TRY(object::Value document, object::ParseJson(raw, options));
  const Error wrong = MakeError(Errc::kCorrupt, "not a bundle of format 1");
  object::Object* members = document.if_object();
  if (members == nullptr || members->size() != 5) return wrong;
  if (object::FindInt(document, {"format"}) != kFormat) {
    return MakeError(Errc::kUnsupported, "a bundle of another format; update the agent");
  }
  object::Value* objects = members->if_contains("objects");
  const object::Value* policy = members->if_contains("policy");
  const auto cluster_scope = object::FindBool(document, {"cluster_scope"});
  if (object::FindString(document, {"app"}).empty() || !cluster_scope || objects == nullptr ||
      !objects->is_array() || policy == nullptr) {
    return wrong;
  }
  Bundle out;
  out.app = std::string(object::FindString(document, {"app"}));
  out.cluster_scope = *cluster_scope;
  TRY(out.policy, PolicyFromJson(*policy));
  for (object::Value& value : objects->get_array()) out.objects.push_back(std::move(value));
  TRY(const std::vector<Entry> entries, Entries(out.objects));
  const auto disorder =
      std::adjacent_find(entries.begin(), entries.end(),
                         [](const Entry& a, const Entry& b) { return !(a.key < b.key); });
  if (disorder != entries.end()) {
    return MakeError(Errc::kCorrupt, disorder->key.Text() + " is out of order or there twice");
  }
  return out;
}

}  // namespace dunlin::bundle
