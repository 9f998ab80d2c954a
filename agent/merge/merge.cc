#include "agent/merge/merge.h"

#include <algorithm>

#include "agent/merge/native_merge.h"

namespace dunlin::merge {
namespace {

using object::Array;
using object::Object;
using object::Value;

Error Differs(std::string_view what, std::string_view pointer, std::string_view a,
              std::string_view b) {
  std::string text = "the ";
  text.append(what).append(" would change from \"").append(a).append("\" to \"").append(b);
  return MakeMergeError(ErrorClass::kPrecondition, pointer, text + "\": it is another object");
}

std::string_view GroupOf(const Value& object) {
  const std::string_view text = object::FindString(object, {"apiVersion"});
  const size_t slash = text.find('/');
  return slash == std::string_view::npos ? std::string_view() : text.substr(0, slash);
}

// What a document does not say cannot contradict: a last-applied skeleton recovered from
// managedFields names little.
Status SameObject(const Value& desired, const Value& other) {
  if (object::Find(desired, {"apiVersion"}) != nullptr &&
      object::Find(other, {"apiVersion"}) != nullptr && GroupOf(desired) != GroupOf(other)) {
    return Differs("API group", "/apiVersion", GroupOf(other), GroupOf(desired));
  }
  const auto compare = [&](std::string_view what, std::string_view pointer,
                           std::initializer_list<std::string_view> path) -> Status {
    const std::string_view a = object::FindString(other, path);
    const std::string_view b = object::FindString(desired, path);
    if (a.empty() || b.empty() || a == b) return {};
    return Differs(what, pointer, a, b);
  };
  TRY_VOID(compare("kind", "/kind", {"kind"}));
  TRY_VOID(compare("name", "/metadata/name", {"metadata", "name"}));
  return compare("namespace", "/metadata/namespace", {"metadata", "namespace"});
}

Status RequireObject(const Value* document) {
  if (document == nullptr || document->is_object()) return {};
  return MakeMergeError(ErrorClass::kBadJson, "", "the document is not a JSON object");
}

Result<MergeOutcome> Delete(const MergeInput& input) {
  MergeOutcome outcome;
  if (input.live == nullptr) return outcome;
  const std::string_view uid = object::FindString(*input.live, {"metadata", "uid"});
  if (uid.empty()) {
    return MakeMergeError(ErrorClass::kPrecondition, "/metadata/uid",
                          "the live object has no uid: without it a delete could hit a successor");
  }
  outcome.kind = MergeKind::kDelete;
  outcome.body = {{"apiVersion", "v1"},
                  {"kind", "DeleteOptions"},
                  {"preconditions", {{"uid", uid}}},
                  {"propagationPolicy", "Background"}};
  outcome.changed = {""};
  return outcome;
}

// Pointers of what a foreign patch sets: leaves and lists, directives aside.
void Leaves(const Object& patch, PathStack& path, std::vector<std::string>& out) {
  for (const auto& member : patch) {
    if (member.key().starts_with('$')) continue;
    const PathStack::Step step(path, member.key());
    const Object* child = member.value().if_object();
    if (child != nullptr && !child->empty()) {
      Leaves(*child, path, out);
    } else {
      out.push_back(path.Pointer());
    }
  }
}

Result<MergeOutcome> Upstream(const MergeInput& input, bool strategic) {
  const Value empty = Object();
  const Value& last = input.last != nullptr ? *input.last : empty;
  TRY(ThreeWay three, strategic ? StrategicThreeWay(last, *input.desired, *input.live, input.schema,
                                                    input.overwrite)
                                : JsonThreeWay(last, *input.desired, *input.live));
  MergeOutcome outcome;
  outcome.conflicts = std::move(three.conflicts);
  if (three.patch.get_object().empty()) return outcome;
  outcome.kind = strategic ? MergeKind::kStrategic : MergeKind::kJsonMerge;
  PathStack path;
  Leaves(three.patch.get_object(), path, outcome.changed);
  std::sort(outcome.changed.begin(), outcome.changed.end());
  outcome.body = std::move(three.patch);
  return outcome;
}

void Sort(std::vector<std::string>& pointers) {
  std::sort(pointers.begin(), pointers.end());
  pointers.erase(std::unique(pointers.begin(), pointers.end()), pointers.end());
}

Result<MergeOutcome> Native(const MergeInput& input, bool strategic) {
  NativeMerge merge(input.schema.schema,
                    {strategic, input.overwrite, input.merge_cr_lists, input.memo});
  TRY(Object patch,
      merge.Objects(input.last != nullptr ? &input.last->get_object() : nullptr,
                    input.desired->get_object(), input.live->get_object(), input.schema.type));
  MergeOutcome outcome;
  for (const Change& change : merge.changes()) {
    if (change.cluster) outcome.conflicts.push_back(change.pointer);
    if (change.sent) outcome.changed.push_back(change.pointer);
  }
  Sort(outcome.conflicts);
  Sort(outcome.changed);
  if (patch.empty()) return outcome;
  outcome.kind = strategic ? MergeKind::kStrategic : MergeKind::kJsonMerge;
  if (merge.folds_live()) {
    outcome.needs_resource_version = true;
    const std::string_view version =
        object::FindString(*input.live, {"metadata", "resourceVersion"});
    if (!version.empty()) {
      Value& metadata = patch["metadata"];
      if (!metadata.is_object()) metadata.emplace_object();
      metadata.get_object()["resourceVersion"] = version;
    }
  }
  outcome.body = std::move(patch);
  return outcome;
}

}  // namespace

Result<MergeOutcome> Merge(const MergeInput& input) {
  for (const Value* document : {input.last, input.desired, input.live}) {
    TRY_VOID(RequireObject(document));
  }
  if (input.desired == nullptr) return Delete(input);
  const bool native = input.compat == Compat::kNative;
  if (native && input.last != nullptr) {
    TRY_VOID(SameObject(*input.desired, *input.last));
  }
  if (input.live == nullptr) {
    MergeOutcome outcome;
    outcome.kind = MergeKind::kCreate;
    outcome.body = *input.desired;
    StripNulls(outcome.body);
    outcome.changed = {""};
    return outcome;
  }
  const bool strategic = input.strategic && input.schema;
  if (!native) return Upstream(input, strategic);
  TRY_VOID(SameObject(*input.desired, *input.live));
  return Native(input, strategic);
}

std::string_view ContentType(MergeKind kind) {
  switch (kind) {
    case MergeKind::kStrategic:
      return "application/strategic-merge-patch+json";
    case MergeKind::kJsonMerge:
      return "application/merge-patch+json";
    case MergeKind::kNone:
    case MergeKind::kCreate:
    case MergeKind::kDelete:
      break;
  }
  return {};
}

}  // namespace dunlin::merge
