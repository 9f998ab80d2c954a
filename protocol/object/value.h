// The one object model: Boost.JSON values behind our own names. Everything a cluster, bundle or
// message holds is a Value; Boost's own parser and serializer are never used on it (they keep
// duplicate keys silently, round doubles wrongly and write other bytes: see json.h).
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace dunlin::object {

using Value = boost::json::value;
using Object = boost::json::object;
using Array = boost::json::array;

// Null-safe readers: the value at a path of member names, or nothing when a step is missing or has
// another type. They never throw. Pointers live as long as `root` is unchanged.
const Value* Find(const Value& root, std::initializer_list<std::string_view> path);
const Object* FindObject(const Value& root, std::initializer_list<std::string_view> path);
const Array* FindArray(const Value& root, std::initializer_list<std::string_view> path);
// Empty when absent or no string.
std::string_view FindString(const Value& root, std::initializer_list<std::string_view> path);
std::optional<int64_t> FindInt(const Value& root, std::initializer_list<std::string_view> path);
std::optional<bool> FindBool(const Value& root, std::initializer_list<std::string_view> path);

inline std::string_view View(const boost::json::string& text) { return {text.data(), text.size()}; }

// Typed, deep equality as the apiserver sees it: key order is irrelevant; int64 and uint64 of equal
// value are equal; 1 and 1.0 are not.
bool Equal(const Value& a, const Value& b);

}  // namespace dunlin::object
