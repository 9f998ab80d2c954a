#include <charconv>

#include "agent/merge/errors.h"
#include "agent/merge/json_merge.h"

namespace dunlin::merge {
namespace {

using object::Array;
using object::Object;
using object::Value;

Error Bad(std::string_view pointer, std::string_view message) {
  return MakeMergeError(ErrorClass::kBadPatchFormat, pointer, message);
}

// RFC 6901: "/a~1b/0" → {"a/b", "0"}.
Result<std::vector<std::string>> Tokens(std::string_view pointer) {
  std::vector<std::string> tokens;
  if (pointer.empty()) return tokens;
  if (pointer[0] != '/') return Bad(pointer, "a JSON pointer starts with /");
  for (const char c : pointer) {
    if (c == '/') {
      tokens.emplace_back();
    } else {
      tokens.back() += c;
    }
  }
  for (std::string& token : tokens) {
    std::string plain;
    for (size_t i = 0; i < token.size(); ++i) {
      if (token[i] != '~') {
        plain += token[i];
      } else if (i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1')) {
        plain += token[++i] == '0' ? '~' : '/';
      } else {
        return Bad(pointer, "~ is followed by neither 0 nor 1");
      }
    }
    token = std::move(plain);
  }
  return tokens;
}

// Position in a list; `end_allowed`: "-" and one past the last element name the end.
Result<size_t> IndexOf(const std::string& token, size_t size, bool end_allowed,
                       std::string_view pointer) {
  if (token == "-" && end_allowed) return size;
  size_t index = 0;
  const auto [end, ec] = std::from_chars(token.data(), token.data() + token.size(), index);
  const bool number = ec == std::errc() && end == token.data() + token.size() && !token.empty() &&
                      (token.size() == 1 || token[0] != '0');
  if (!number || index > size || (index == size && !end_allowed)) {
    return Bad(pointer, "there is no such list element");
  }
  return index;
}

Result<Value*> Walk(Value& root, const std::vector<std::string>& tokens, size_t count,
                    std::string_view pointer) {
  Value* current = &root;
  for (size_t i = 0; i < count; ++i) {
    if (Object* map = current->if_object(); map != nullptr) {
      current = map->if_contains(tokens[i]);
      if (current == nullptr) return Bad(pointer, "the path does not exist");
    } else if (Array* list = current->if_array(); list != nullptr) {
      TRY(const size_t index, IndexOf(tokens[i], list->size(), false, pointer));
      current = &(*list)[index];
    } else {
      return Bad(pointer, "the path goes through a scalar");
    }
  }
  return current;
}

Status Change(Value& root, std::string_view op, std::string_view pointer, const Value* value) {
  TRY(const std::vector<std::string> tokens, Tokens(pointer));
  if (op == "test" || op == "replace") {
    TRY(Value * target, Walk(root, tokens, tokens.size(), pointer));
    if (op == "replace") {
      *target = *value;
    } else if (!object::Equal(*target, *value)) {
      return Bad(pointer, "the test failed");
    }
    return {};
  }
  if (tokens.empty()) {
    if (op == "remove") return Bad(pointer, "the whole document cannot be removed");
    root = *value;
    return {};
  }
  TRY(Value * parent, Walk(root, tokens, tokens.size() - 1, pointer));
  const std::string& last = tokens.back();
  if (Object* map = parent->if_object(); map != nullptr) {
    if (op == "add") {
      (*map)[last] = *value;
    } else if (map->erase(last) == 0) {
      return Bad(pointer, "the path does not exist");
    }
    return {};
  }
  Array* list = parent->if_array();
  if (list == nullptr) return Bad(pointer, "the path goes through a scalar");
  TRY(const size_t index, IndexOf(last, list->size(), op == "add", pointer));
  if (op == "add") {
    list->insert(list->begin() + index, *value);
  } else {
    list->erase(list->begin() + index);
  }
  return {};
}

}  // namespace

Result<Value> JsonPatch(Value target, const Value& patch) {
  if (!patch.is_array()) return Bad("", "a JSON patch is a list of operations");
  for (const Value& operation : patch.get_array()) {
    const std::string_view op = object::FindString(operation, {"op"});
    const Value* path = object::Find(operation, {"path"});
    const Value* value = object::Find(operation, {"value"});
    if (path == nullptr || !path->is_string()) return Bad("", "an operation has no path");
    if (op != "test" && op != "replace" && op != "remove" && op != "add") {
      return MakeMergeError(ErrorClass::kBadRequest, object::View(path->get_string()),
                            "the operation \"" + std::string(op) + "\" is not supported");
    }
    const std::string_view pointer = object::View(path->get_string());
    if (op != "remove" && value == nullptr) return Bad(pointer, "the operation has no value");
    TRY_VOID(Change(target, op, pointer, value));
  }
  return target;
}

}  // namespace dunlin::merge
