#include "protocol/object/value.h"

namespace dunlin::object {

const Value* Find(const Value& root, std::initializer_list<std::string_view> path) {
  const Value* at = &root;
  for (const std::string_view name : path) {
    const Object* object = at->if_object();
    if (object == nullptr) return nullptr;
    at = object->if_contains({name.data(), name.size()});
    if (at == nullptr) return nullptr;
  }
  return at;
}

const Object* FindObject(const Value& root, std::initializer_list<std::string_view> path) {
  const Value* value = Find(root, path);
  return value == nullptr ? nullptr : value->if_object();
}

const Array* FindArray(const Value& root, std::initializer_list<std::string_view> path) {
  const Value* value = Find(root, path);
  return value == nullptr ? nullptr : value->if_array();
}

std::string_view FindString(const Value& root, std::initializer_list<std::string_view> path) {
  const Value* value = Find(root, path);
  return value == nullptr || !value->is_string() ? std::string_view() : View(value->get_string());
}

std::optional<int64_t> FindInt(const Value& root, std::initializer_list<std::string_view> path) {
  const Value* value = Find(root, path);
  if (value == nullptr || !value->is_int64()) return std::nullopt;
  return value->get_int64();
}

std::optional<bool> FindBool(const Value& root, std::initializer_list<std::string_view> path) {
  const Value* value = Find(root, path);
  if (value == nullptr || !value->is_bool()) return std::nullopt;
  return value->get_bool();
}

namespace {

bool EqualObjects(const Object& a, const Object& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [key, value] : a) {
    const Value* other = b.if_contains(key);
    if (other == nullptr || !Equal(value, *other)) return false;
  }
  return true;
}

bool EqualArrays(const Array& a, const Array& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!Equal(a[i], b[i])) return false;
  }
  return true;
}

}  // namespace

bool Equal(const Value& a, const Value& b) {
  if (a.is_int64() && b.is_uint64()) {
    return a.get_int64() >= 0 && static_cast<uint64_t>(a.get_int64()) == b.get_uint64();
  }
  if (a.is_uint64() && b.is_int64()) return Equal(b, a);
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case boost::json::kind::null:
      return true;
    case boost::json::kind::bool_:
      return a.get_bool() == b.get_bool();
    case boost::json::kind::int64:
      return a.get_int64() == b.get_int64();
    case boost::json::kind::uint64:
      return a.get_uint64() == b.get_uint64();
    case boost::json::kind::double_:
      return a.get_double() == b.get_double();
    case boost::json::kind::string:
      return a.get_string() == b.get_string();
    case boost::json::kind::array:
      return EqualArrays(a.get_array(), b.get_array());
    case boost::json::kind::object:
      return EqualObjects(a.get_object(), b.get_object());
  }
  return false;
}

}  // namespace dunlin::object
