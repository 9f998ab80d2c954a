#include "hub/ctl/rows.h"

namespace dunlin::ctl {

Column TextColumn(std::string title, std::string member) {
  return {std::move(title), [member](const object::Value& row) {
            return std::string(object::FindString(row, {member}));
          }};
}

Column NumberColumn(std::string title, std::string member) {
  return {std::move(title),
          [member](const object::Value& row) { return std::to_string(Number(row, member)); }};
}

Column ShortIdColumn(std::string title, std::string member) {
  return {std::move(title), [member](const object::Value& row) {
            return std::string(object::FindString(row, {member}).substr(0, 12));
          }};
}

Column AgeColumn(std::string title, std::string member, int64_t now_ms) {
  return {std::move(title),
          [member, now_ms](const object::Value& row) { return Age(Number(row, member), now_ms); }};
}

std::vector<Column> TargetColumns() {
  Column reason = TextColumn("REASON", "reason");
  reason.may_be_cut = true;  // `app get` has every problem in full
  return {TextColumn("APP", "app"),           TextColumn("CLUSTER", "cluster"),
          TextColumn("REGION", "region"),     TextColumn("STATE", "state"),
          TextColumn("HEALTH", "health"),     ShortIdColumn("REVISION", "revision"),
          NumberColumn("OBJECTS", "objects"), std::move(reason)};
}

const object::Array& Items(const object::Value& document, std::string_view member) {
  static const object::Array kNone;
  const object::Array* items = object::FindArray(document, {member});
  return items == nullptr ? kNone : *items;
}

int64_t Number(const object::Value& row, std::string_view member) {
  return object::FindInt(row, {member}).value_or(0);
}

}  // namespace dunlin::ctl
