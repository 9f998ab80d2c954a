// What the apiserver's OpenAPI v3 document says about merging, as a small immutable table.
//
// Source: one document per group-version (`/openapi/v3/apis/apps/v1`). Rules (merge.md 3.2,
// apimachinery strategicpatch/meta.go PatchMetaFromOpenAPIV3): patch extensions are read from the
// property node itself; the child type comes from allOf[0], then $ref; the child of a list from
// `items`, dereferenced the same way; only `properties` is walked for patch metadata, never
// `additionalProperties` (those serve the semantic comparison of map values only).
//
// apps/v1 is 0.8 MB of JSON and becomes a table of some tens of KB: names are interned, fields are
// fixed-size records sorted by name, equal anonymous types are stored once. The bytes of ToBytes()
// are what the agent caches under the document's hash; FromBytes() refuses damaged ones.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/object/value.h"

namespace dunlin::merge {

using TypeId = uint32_t;
inline constexpr TypeId kEmptyType = 0;            // knows no field: every lookup is "unknown"
inline constexpr TypeId kUnresolved = UINT32_MAX;  // a $ref that the document does not define

enum class Strategy : uint8_t { kNone, kMerge, kReplace, kOther };
enum class ListType : uint8_t { kNone, kAtomic, kSet, kMap };
enum class ScalarClass : uint8_t { kPlain, kQuantity, kIntOrString };

struct Gvk {
  std::string group;  // "" for the core group
  std::string version;
  std::string kind;

  static Result<Gvk> Parse(std::string_view text);     // "apps/v1/Deployment", "v1/Service"
  static Result<Gvk> Of(const object::Value& object);  // from apiVersion and kind
  std::string Text() const;
  auto operator<=>(const Gvk&) const = default;
};

// One property of a type. Views live as long as the Schema.
struct Field {
  std::string_view name;
  std::string_view merge_key;     // empty when the schema names none
  std::string_view default_text;  // `default` when it is a string ("TCP")
  TypeId child = kEmptyType;      // of the map, or of the list's elements
  Strategy strategy = Strategy::kNone;
  bool retain_keys = false;
  bool bad_strategy = false;  // more than two, or two without retainKeys: upstream refuses it
  bool is_list = false;
  ListType list_type = ListType::kNone;
  ScalarClass scalar = ScalarClass::kPlain;  // of the value, or of the list's elements
  uint32_t map_keys_begin = 0;               // x-kubernetes-list-map-keys: Schema::MapKeys()
  uint32_t map_keys_count = 0;
};

class Schema {
 public:
  Schema() = default;

  // kCorrupt/kLimit when the text is no JSON, kInvalidArgument when it has no components.schemas.
  static Result<Schema> FromOpenApi(std::string_view json);
  static Result<Schema> FromBytes(BytesView bytes);
  Bytes ToBytes() const;

  // The type of a kind, by x-kubernetes-group-version-kind.
  std::optional<TypeId> Root(const Gvk& gvk) const;
  // The type of a component ("io.k8s.api.apps.v1.Deployment").
  std::optional<TypeId> Named(std::string_view component) const;
  // Whether the kind's PATCH operation takes application/strategic-merge-patch+json.
  bool SupportsStrategic(const Gvk& gvk) const;

  // Nothing when the type does not know the field.
  std::optional<Field> Find(TypeId type, std::string_view field) const;
  // additionalProperties of a type (map values), for semantic comparison only.
  std::optional<Field> MapValue(TypeId type) const;
  // Whether the type has properties or additionalProperties.
  bool KnowsMembers(TypeId type) const;
  std::string_view MapKey(const Field& field, uint32_t index) const;

  size_t MemoryBytes() const;

 private:
  friend class SchemaBuilder;
  using TextId = uint32_t;  // offset into text_: two length bytes, then the text
  struct Row {
    TextId name = 0;
    TextId merge_key = 0;
    TextId default_text = 0;
    TypeId child = kEmptyType;
    uint32_t map_keys_begin = 0;
    uint32_t map_keys_count = 0;
    uint32_t flags = 0;
    bool operator==(const Row&) const = default;
  };
  struct Type {
    uint32_t first = 0;  // rows of the type, sorted by name
    uint32_t count = 0;
    uint32_t map_value = UINT32_MAX;  // row, or none
  };
  struct RootEntry {
    TextId group = 0;
    TextId version = 0;
    TextId kind = 0;
    TypeId type = kEmptyType;
    uint32_t strategic = 0;
  };
  struct NamedEntry {
    TextId name = 0;
    TypeId type = kEmptyType;
  };

  std::string_view Text(TextId id) const;
  Field FieldAt(uint32_t row) const;
  const RootEntry* FindRoot(const Gvk& gvk) const;
  bool Valid() const;

  std::string text_{"\0\0", 2};  // id 0: the empty text
  std::vector<Type> types_{Type{}};
  std::vector<Row> rows_;
  std::vector<TextId> map_keys_;
  std::vector<RootEntry> roots_;   // sorted by group, version, kind
  std::vector<NamedEntry> names_;  // sorted by name
};

// A type inside a schema: what a merge of one object starts from. Without schema: no metadata.
struct SchemaRef {
  const Schema* schema = nullptr;
  TypeId type = kEmptyType;

  explicit operator bool() const { return schema != nullptr; }
};

}  // namespace dunlin::merge
