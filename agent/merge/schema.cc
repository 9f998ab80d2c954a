#include "agent/merge/schema.h"

#include <algorithm>
#include <tuple>

#include "agent/merge/schema_builder.h"
#include "agent/merge/schema_flags.h"
#include "protocol/base/limits.h"
#include "protocol/object/json.h"
#include "protocol/object/resource_key.h"

namespace dunlin::merge {
namespace {

// Format of ToBytes(): the magic, then six sections, each a count (32 bits, little endian) and that
// many records of 32-bit little-endian words; the text section counts bytes.
constexpr std::string_view kMagic = "DLSCHEMA1";

void PutWord(Bytes& out, uint32_t word) {
  for (int shift = 0; shift < 32; shift += 8)
    out.push_back(static_cast<char>(word >> shift & 0xff));
}

class Reader {
 public:
  explicit Reader(BytesView bytes) : rest_(bytes) {}

  bool Word(uint32_t& word) {
    constexpr size_t kSize = 4;
    if (rest_.size() < kSize) return false;
    word = 0;
    for (size_t i = 0; i < kSize; ++i) {
      word |= static_cast<uint32_t>(static_cast<unsigned char>(rest_[i])) << (8 * i);
    }
    rest_.remove_prefix(kSize);
    return true;
  }
  bool Take(std::string_view expected) {
    if (rest_.substr(0, expected.size()) != expected) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }
  bool Text(std::string& out) {
    uint32_t size = 0;
    if (!Word(size) || size > rest_.size()) return false;
    out.assign(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return true;
  }
  template <typename T, typename... Members>
  bool Records(std::vector<T>& out, Members... members) {
    uint32_t count = 0;
    constexpr size_t kRecord = sizeof...(Members) * 4;
    if (!Word(count) || count > rest_.size() / kRecord) return false;
    out.resize(count);
    for (T& record : out) {
      if (!(Word(record.*members) && ...)) return false;
    }
    return true;
  }
  bool Words(std::vector<uint32_t>& out) {
    uint32_t count = 0;
    if (!Word(count) || count > rest_.size() / 4) return false;
    out.resize(count);
    for (uint32_t& word : out) {
      if (!Word(word)) return false;
    }
    return true;
  }
  bool AtEnd() const { return rest_.empty(); }

 private:
  BytesView rest_;
};

template <typename T, typename... Members>
void PutRecords(Bytes& out, const std::vector<T>& records, Members... members) {
  PutWord(out, static_cast<uint32_t>(records.size()));
  for (const T& record : records) (PutWord(out, record.*members), ...);
}

}  // namespace

Result<Gvk> Gvk::Parse(std::string_view text) {
  const size_t last = text.rfind('/');
  if (last == std::string_view::npos || last == 0 || last + 1 == text.size()) {
    return MakeError(Errc::kInvalidArgument,
                     "\"" + std::string(text) + "\" is not group/version/kind or version/kind");
  }
  const std::string_view api_version = text.substr(0, last);
  const size_t slash = api_version.find('/');
  if (slash == std::string_view::npos) {
    return Gvk{"", std::string(api_version), std::string(text.substr(last + 1))};
  }
  return Gvk{std::string(api_version.substr(0, slash)), std::string(api_version.substr(slash + 1)),
             std::string(text.substr(last + 1))};
}

Result<Gvk> Gvk::Of(const object::Value& object) {
  TRY(object::GroupVersion gv,
      object::GroupVersion::Parse(object::FindString(object, {"apiVersion"})));
  const std::string_view kind = object::FindString(object, {"kind"});
  if (kind.empty()) return MakeError(Errc::kInvalidArgument, "the object has no kind");
  return Gvk{std::move(gv.group), std::move(gv.version), std::string(kind)};
}

std::string Gvk::Text() const { return (group.empty() ? "" : group + "/") + version + "/" + kind; }

Result<Schema> Schema::FromOpenApi(std::string_view json) {
  TRY(const object::Value document,
      object::ParseJson(json, {limits::kMergeDocumentDepth, limits::kOpenApiBytes}));
  SchemaBuilder builder;
  return builder.Build(document);
}

Bytes Schema::ToBytes() const {
  Bytes out(kMagic);
  PutWord(out, static_cast<uint32_t>(text_.size()));
  out += text_;
  PutRecords(out, types_, &Type::first, &Type::count, &Type::map_value);
  PutRecords(out, rows_, &Row::name, &Row::merge_key, &Row::default_text, &Row::child,
             &Row::map_keys_begin, &Row::map_keys_count, &Row::flags);
  PutWord(out, static_cast<uint32_t>(map_keys_.size()));
  for (const TextId key : map_keys_) PutWord(out, key);
  PutRecords(out, roots_, &RootEntry::group, &RootEntry::version, &RootEntry::kind,
             &RootEntry::type, &RootEntry::strategic);
  PutRecords(out, names_, &NamedEntry::name, &NamedEntry::type);
  return out;
}

Result<Schema> Schema::FromBytes(BytesView bytes) {
  if (bytes.size() > limits::kSchemaTableBytes) {
    return MakeError(Errc::kLimit, "the cached schema table is too large: fetch it again");
  }
  Reader reader(bytes);
  Schema schema;
  const bool read =
      reader.Take(kMagic) && reader.Text(schema.text_) &&
      reader.Records(schema.types_, &Type::first, &Type::count, &Type::map_value) &&
      reader.Records(schema.rows_, &Row::name, &Row::merge_key, &Row::default_text, &Row::child,
                     &Row::map_keys_begin, &Row::map_keys_count, &Row::flags) &&
      reader.Words(schema.map_keys_) &&
      reader.Records(schema.roots_, &RootEntry::group, &RootEntry::version, &RootEntry::kind,
                     &RootEntry::type, &RootEntry::strategic) &&
      reader.Records(schema.names_, &NamedEntry::name, &NamedEntry::type) && reader.AtEnd();
  if (!read || !schema.Valid()) {
    return MakeError(Errc::kCorrupt, "the cached schema table is damaged: fetch it again");
  }
  return schema;
}

bool Schema::Valid() const {
  const auto text_ok = [this](TextId id) {
    return id + size_t{2} <= text_.size() && id + size_t{2} + Text(id).size() <= text_.size();
  };
  const auto type_ok = [this](TypeId id) { return id < types_.size() || id == kUnresolved; };
  if (types_.empty()) return false;
  for (const Type& type : types_) {
    if (size_t{type.first} + type.count > rows_.size()) return false;
    if (type.map_value != UINT32_MAX && type.map_value >= rows_.size()) return false;
  }
  for (const Row& row : rows_) {
    if (!text_ok(row.name) || !text_ok(row.merge_key) || !text_ok(row.default_text)) return false;
    if (!type_ok(row.child)) return false;
    if (size_t{row.map_keys_begin} + row.map_keys_count > map_keys_.size()) return false;
  }
  return std::all_of(map_keys_.begin(), map_keys_.end(), text_ok) &&
         std::all_of(roots_.begin(), roots_.end(),
                     [&](const RootEntry& root) {
                       return text_ok(root.group) && text_ok(root.version) && text_ok(root.kind) &&
                              root.type < types_.size();
                     }) &&
         std::all_of(names_.begin(), names_.end(), [&](const NamedEntry& name) {
           return text_ok(name.name) && name.type < types_.size();
         });
}

std::string_view Schema::Text(TextId id) const {
  const size_t size = static_cast<unsigned char>(text_[id]) |
                      static_cast<size_t>(static_cast<unsigned char>(text_[id + 1])) << 8;
  return {text_.data() + id + 2, size};
}

const Schema::RootEntry* Schema::FindRoot(const Gvk& gvk) const {
  const auto key = std::tuple<std::string_view, std::string_view, std::string_view>(
      gvk.group, gvk.version, gvk.kind);
  const auto key_of = [this](const RootEntry& root) {
    return std::tuple(Text(root.group), Text(root.version), Text(root.kind));
  };
  const auto it = std::lower_bound(
      roots_.begin(), roots_.end(), key,
      [&](const RootEntry& root, const auto& wanted) { return key_of(root) < wanted; });
  return it != roots_.end() && key_of(*it) == key ? &*it : nullptr;
}

std::optional<TypeId> Schema::Root(const Gvk& gvk) const {
  const RootEntry* root = FindRoot(gvk);
  if (root == nullptr) return std::nullopt;
  return root->type;
}

bool Schema::SupportsStrategic(const Gvk& gvk) const {
  const RootEntry* root = FindRoot(gvk);
  return root != nullptr && root->strategic != 0;
}

std::optional<TypeId> Schema::Named(std::string_view component) const {
  const auto it = std::lower_bound(names_.begin(), names_.end(), component,
                                   [this](const NamedEntry& entry, std::string_view wanted) {
                                     return Text(entry.name) < wanted;
                                   });
  if (it == names_.end() || Text(it->name) != component) return std::nullopt;
  return it->type;
}

Field Schema::FieldAt(uint32_t index) const {
  const Row& row = rows_[index];
  const auto bits = [&row](int shift) { return row.flags >> shift & flags::kMask; };
  Field field;
  field.name = Text(row.name);
  field.merge_key = Text(row.merge_key);
  field.default_text = Text(row.default_text);
  field.child = row.child;
  field.strategy = static_cast<Strategy>(bits(flags::kStrategyShift));
  field.retain_keys = (row.flags & flags::kRetainKeys) != 0;
  field.bad_strategy = (row.flags & flags::kBadStrategy) != 0;
  field.is_list = (row.flags & flags::kIsList) != 0;
  field.list_type = static_cast<ListType>(bits(flags::kListTypeShift));
  field.scalar = static_cast<ScalarClass>(bits(flags::kScalarShift));
  field.map_keys_begin = row.map_keys_begin;
  field.map_keys_count = row.map_keys_count;
  return field;
}

std::optional<Field> Schema::Find(TypeId type, std::string_view field) const {
  if (type >= types_.size()) return std::nullopt;
  uint32_t low = types_[type].first;
  uint32_t high = low + types_[type].count;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    const int order = Text(rows_[middle].name).compare(field);
    if (order == 0) return FieldAt(middle);
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return std::nullopt;
}

std::optional<Field> Schema::MapValue(TypeId type) const {
  if (type >= types_.size() || types_[type].map_value == UINT32_MAX) return std::nullopt;
  return FieldAt(types_[type].map_value);
}

bool Schema::KnowsMembers(TypeId type) const {
  return type < types_.size() && (types_[type].count > 0 || types_[type].map_value != UINT32_MAX);
}

std::string_view Schema::MapKey(const Field& field, uint32_t index) const {
  return Text(map_keys_[field.map_keys_begin + index]);
}

size_t Schema::MemoryBytes() const {
  return text_.capacity() + types_.capacity() * sizeof(Type) + rows_.capacity() * sizeof(Row) +
         map_keys_.capacity() * sizeof(TextId) + roots_.capacity() * sizeof(RootEntry) +
         names_.capacity() * sizeof(NamedEntry);
}

}  // namespace dunlin::merge
