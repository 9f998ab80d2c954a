#include "agent/health/conditions.h"

#include <string>

namespace dunlin::health {

namespace {

Error Wrong(std::string_view what) {
  return MakeError(Errc::kCorrupt, "status." + std::string(what));
}

// A member that is absent, null or a string.
bool ReadText(const object::Object& condition, std::string_view member, std::string_view& out) {
  const object::Value* value = condition.if_contains({member.data(), member.size()});
  if (value == nullptr || value->is_null()) return true;
  if (!value->is_string()) return false;
  out = object::View(value->get_string());
  return true;
}

}  // namespace

std::optional<Millis> Condition::Age(TimePoint now) const {
  const auto since = ParseTime(last_transition);
  if (!since) return std::nullopt;
  return now - *since;
}

Result<std::vector<Condition>> ReadConditions(const object::Value& live) {
  std::vector<Condition> out;
  const object::Value* status = object::Find(live, {"status"});
  if (status == nullptr || status->is_null()) return out;
  if (!status->is_object()) return MakeError(Errc::kCorrupt, "status is not a map");
  const object::Value* list = status->get_object().if_contains("conditions");
  if (list == nullptr || list->is_null()) return out;
  if (!list->is_array()) return Wrong("conditions is not a list");
  for (const object::Value& item : list->get_array()) {
    if (!item.is_object()) return Wrong("conditions holds something that is not a map");
    const object::Object& fields = item.get_object();
    Condition condition;
    const bool texts = ReadText(fields, "type", condition.type) &&
                       ReadText(fields, "status", condition.status) &&
                       ReadText(fields, "reason", condition.reason) &&
                       ReadText(fields, "message", condition.message);
    if (!texts) return Wrong("conditions holds a field that is not text");
    ReadText(fields, "lastTransitionTime", condition.last_transition);
    condition.observed_generation = object::FindInt(item, {"observedGeneration"});
    out.push_back(condition);
  }
  return out;
}

const Condition* FindCondition(const std::vector<Condition>& conditions, std::string_view type) {
  for (const Condition& condition : conditions) {
    if (condition.type == type) return &condition;
  }
  return nullptr;
}

}  // namespace dunlin::health
