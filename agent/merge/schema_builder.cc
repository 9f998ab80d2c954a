#include "agent/merge/schema_builder.h"

#include <algorithm>

#include "agent/merge/schema_flags.h"

namespace dunlin::merge {
namespace {

using object::Object;
using object::Value;

constexpr std::string_view kRefPrefix = "#/components/schemas/";
constexpr std::string_view kStrategicType = "application/strategic-merge-patch+json";
constexpr size_t kLongestText = 0xffff;

std::string_view TextOf(const Object& node, std::string_view key) {
  const Value* value = node.if_contains(key);
  return value != nullptr && value->is_string() ? object::View(value->get_string())
                                                : std::string_view();
}

const Object* ObjectOf(const Object& node, std::string_view key) {
  const Value* value = node.if_contains(key);
  return value != nullptr ? value->if_object() : nullptr;
}

// allOf[0] when there is one, else the node itself.
const Object& FirstOf(const Object& node) {
  const Value* all = node.if_contains("allOf");
  if (all == nullptr || !all->is_array() || all->get_array().empty()) return node;
  const Object* first = all->get_array().front().if_object();
  return first != nullptr ? *first : node;
}

std::string_view RefOf(const Object& node) {
  std::string_view ref = TextOf(node, "$ref");
  if (ref.substr(0, kRefPrefix.size()) == kRefPrefix) ref.remove_prefix(kRefPrefix.size());
  return ref;
}

bool IsTrue(const Object& node, std::string_view key) {
  const Value* value = node.if_contains(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

uint32_t StrategyFlags(std::string_view text) {
  if (text.empty()) return 0;
  uint32_t flags = 0;
  int others = 0;
  int parts = 0;
  bool retain = false;
  Strategy strategy = Strategy::kNone;
  while (true) {
    const size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    ++parts;
    if (part == "retainKeys" && !retain) {
      retain = true;
    } else {
      ++others;
      strategy = part == "merge"     ? Strategy::kMerge
                 : part == "replace" ? Strategy::kReplace
                 : part.empty()      ? Strategy::kNone
                                     : Strategy::kOther;
    }
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  if (parts > 2 || others > 1) flags |= flags::kBadStrategy;
  if (retain) flags |= flags::kRetainKeys;
  return flags | flags::PackStrategy(strategy);
}

ListType ListTypeOf(std::string_view text) {
  if (text == "map") return ListType::kMap;
  if (text == "set") return ListType::kSet;
  if (text == "atomic") return ListType::kAtomic;
  return ListType::kNone;
}

}  // namespace

Schema::TextId SchemaBuilder::Intern(std::string_view text) {
  if (text.empty()) return 0;
  text = text.substr(0, kLongestText);
  const auto [it, fresh] = texts_.try_emplace(std::string(text), 0);
  if (fresh) {
    it->second = static_cast<Schema::TextId>(schema_.text_.size());
    schema_.text_.push_back(static_cast<char>(text.size() & 0xff));
    schema_.text_.push_back(static_cast<char>(text.size() >> 8));
    schema_.text_.append(text);
  }
  return it->second;
}

ScalarClass SchemaBuilder::ScalarOf(const Object& node) const {
  const Object* current = &FirstOf(node);
  const std::string_view ref = RefOf(*current);
  if (ref.ends_with("resource.Quantity")) return ScalarClass::kQuantity;
  if (!ref.empty()) {
    const Object* target = ObjectOf(*components_, ref);
    if (target != nullptr) current = target;
  }
  if (TextOf(*current, "format") == "int-or-string" ||
      IsTrue(*current, "x-kubernetes-int-or-string")) {
    return ScalarClass::kIntOrString;
  }
  return ScalarClass::kPlain;
}

TypeId SchemaBuilder::Resolve(const Object& node) {
  const Object& first = FirstOf(node);
  const std::string_view ref = RefOf(first);
  if (ref.empty()) return AnonymousType(first);
  const auto it = ids_.find(ref);
  return it != ids_.end() ? it->second : kUnresolved;
}

TypeId SchemaBuilder::AnonymousType(const Object& node) {
  const Object* properties = ObjectOf(node, "properties");
  const Object* values = ObjectOf(node, "additionalProperties");
  if ((properties == nullptr || properties->empty()) && values == nullptr) return kEmptyType;
  const auto id = static_cast<TypeId>(schema_.types_.size());
  schema_.types_.emplace_back();
  DefineType(id, node);
  // Equal content: keep the first. Children are deduplicated before their parents, so equal
  // subtrees have equal child ids by now.
  const Schema::Type& type = schema_.types_[id];
  std::string content(reinterpret_cast<const char*>(&type.count), sizeof type.count);
  const auto append = [&](const Row& row) {
    content.append(reinterpret_cast<const char*>(&row), sizeof row);
  };
  for (uint32_t i = 0; i < type.count; ++i) append(schema_.rows_[type.first + i]);
  if (type.map_value != UINT32_MAX) append(schema_.rows_[type.map_value]);
  const auto [it, fresh] = anonymous_.try_emplace(std::move(content), id);
  if (!fresh && id + 1 == schema_.types_.size()) {
    const uint32_t rows = type.count + (type.map_value != UINT32_MAX ? 1 : 0);
    schema_.rows_.resize(schema_.rows_.size() - rows);
    schema_.types_.pop_back();
  }
  return it->second;
}

SchemaBuilder::Row SchemaBuilder::MakeRow(std::string_view name, const Object& property) {
  Row row;
  row.name = Intern(name);
  row.merge_key = Intern(TextOf(property, "x-kubernetes-patch-merge-key"));
  row.default_text = Intern(TextOf(property, "default"));
  row.flags = StrategyFlags(TextOf(property, "x-kubernetes-patch-strategy")) |
              flags::PackListType(ListTypeOf(TextOf(property, "x-kubernetes-list-type")));
  const Object* items = ObjectOf(property, "items");
  if (items != nullptr) row.flags |= flags::kIsList;
  const Object& element = items != nullptr ? *items : property;
  row.flags |= flags::PackScalar(ScalarOf(element));
  const Value* keys = property.if_contains("x-kubernetes-list-map-keys");
  if (keys != nullptr && keys->is_array()) {
    row.map_keys_begin = static_cast<uint32_t>(schema_.map_keys_.size());
    for (const Value& key : keys->get_array()) {
      if (key.is_string()) schema_.map_keys_.push_back(Intern(object::View(key.get_string())));
    }
    row.map_keys_count = static_cast<uint32_t>(schema_.map_keys_.size()) - row.map_keys_begin;
    // Most key lists repeat ("name"): share an earlier equal run.
    const auto begin = schema_.map_keys_.begin();
    const auto run = begin + row.map_keys_begin;
    const auto earlier = std::search(begin, run, run, schema_.map_keys_.end());
    if (earlier != run) {
      schema_.map_keys_.resize(row.map_keys_begin);
      row.map_keys_begin = static_cast<uint32_t>(earlier - begin);
    }
  }
  row.child = Resolve(element);
  return row;
}

void SchemaBuilder::DefineType(TypeId id, const Object& node) {
  std::vector<std::pair<std::string_view, Row>> rows;
  if (const Object* properties = ObjectOf(node, "properties"); properties != nullptr) {
    for (const auto& member : *properties) {
      const Object* property = member.value().if_object();
      if (property != nullptr) rows.emplace_back(member.key(), MakeRow(member.key(), *property));
    }
  }
  std::sort(rows.begin(), rows.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  Schema::Type type;
  const Object* values = ObjectOf(node, "additionalProperties");
  Row value_row;
  if (values != nullptr) value_row = MakeRow("", *values);
  type.first = static_cast<uint32_t>(schema_.rows_.size());
  type.count = static_cast<uint32_t>(rows.size());
  for (auto& [name, row] : rows) schema_.rows_.push_back(row);
  if (values != nullptr) {
    type.map_value = static_cast<uint32_t>(schema_.rows_.size());
    schema_.rows_.push_back(value_row);
  }
  schema_.types_[id] = type;
}

void SchemaBuilder::ReadRoots(std::string_view component, const Object& node) {
  const Value* gvks = node.if_contains("x-kubernetes-group-version-kind");
  if (gvks == nullptr || !gvks->is_array()) return;
  for (const Value& gvk : gvks->get_array()) {
    Schema::RootEntry root;
    root.group = Intern(object::FindString(gvk, {"group"}));
    root.version = Intern(object::FindString(gvk, {"version"}));
    root.kind = Intern(object::FindString(gvk, {"kind"}));
    root.type = ids_.find(component)->second;
    schema_.roots_.push_back(root);
  }
}

void SchemaBuilder::ReadPaths(const Value& document) {
  const Object* paths = object::FindObject(document, {"paths"});
  if (paths == nullptr) return;
  for (const auto& path : *paths) {
    const Object* patch = object::FindObject(path.value(), {"patch"});
    const Object* content = object::FindObject(path.value(), {"patch", "requestBody", "content"});
    if (patch == nullptr || content == nullptr || !content->contains(kStrategicType)) continue;
    const Value* gvk = patch->if_contains("x-kubernetes-group-version-kind");
    if (gvk == nullptr) continue;
    for (Schema::RootEntry& root : schema_.roots_) {
      if (schema_.Text(root.kind) == object::FindString(*gvk, {"kind"}) &&
          schema_.Text(root.version) == object::FindString(*gvk, {"version"}) &&
          schema_.Text(root.group) == object::FindString(*gvk, {"group"})) {
        root.strategic = 1;
      }
    }
  }
}

Result<Schema> SchemaBuilder::Build(const Value& document) {
  components_ = object::FindObject(document, {"components", "schemas"});
  if (components_ == nullptr) {
    return MakeError(Errc::kInvalidArgument,
                     "the document has no components.schemas: it is not OpenAPI v3");
  }
  for (const auto& component : *components_) {
    if (!component.value().is_object()) continue;
    ids_.emplace(component.key(), static_cast<TypeId>(schema_.types_.size()));
    schema_.types_.emplace_back();
  }
  for (const auto& [name, id] : ids_) {
    const Object& node = components_->at(name).get_object();
    DefineType(id, node);
    ReadRoots(name, node);
    schema_.names_.push_back({Intern(name), id});  // ids_ is sorted, so names_ is
  }
  ReadPaths(document);
  const auto key = [this](const Schema::RootEntry& root) {
    return std::tuple(schema_.Text(root.group), schema_.Text(root.version),
                      schema_.Text(root.kind));
  };
  std::sort(schema_.roots_.begin(), schema_.roots_.end(),
            [&](const auto& a, const auto& b) { return key(a) < key(b); });
  schema_.text_.shrink_to_fit();
  schema_.types_.shrink_to_fit();
  schema_.rows_.shrink_to_fit();
  schema_.map_keys_.shrink_to_fit();
  schema_.roots_.shrink_to_fit();
  schema_.names_.shrink_to_fit();
  return std::move(schema_);
}

}  // namespace dunlin::merge
