#include "protocol/healthrule/pointer.h"

#include <charconv>

namespace dunlin::healthrule {

namespace {

Result<std::string> Unescape(std::string_view step) {
  std::string out;
  for (size_t i = 0; i < step.size(); ++i) {
    if (step[i] != '~') {
      out += step[i];
      continue;
    }
    const char next = i + 1 < step.size() ? step[i + 1] : '\0';
    if (next != '0' && next != '1') {
      return MakeError(Errc::kInvalidArgument,
                       "'~' must be written as ~0, '/' inside a name as ~1");
    }
    out += next == '0' ? '~' : '/';
    ++i;
  }
  return out;
}

const object::Value* Element(const object::Array& list, std::string_view step) {
  size_t index = 0;
  const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
  const bool canonical = !step.empty() && (step.size() == 1 || step.front() != '0');
  if (!canonical || error != std::errc() || end != step.data() + step.size()) return nullptr;
  return index < list.size() ? &list[index] : nullptr;
}

}  // namespace

Result<Pointer> ParsePointer(std::string_view text) {
  Pointer out;
  if (text.empty()) return out;
  if (text.front() != '/') {
    return MakeError(Errc::kInvalidArgument,
                     "must be a JSON pointer such as /status/phase: it begins with '/'");
  }
  while (!text.empty()) {
    text.remove_prefix(1);
    const size_t end = std::min(text.find('/'), text.size());
    TRY(std::string step, Unescape(text.substr(0, end)));
    out.steps.push_back(std::move(step));
    text.remove_prefix(end);
  }
  return out;
}

const object::Value* Follow(const Pointer& pointer, const object::Value& from) {
  const object::Value* at = &from;
  for (const std::string& step : pointer.steps) {
    if (const object::Object* map = at->if_object()) {
      at = map->if_contains(step);
    } else if (const object::Array* list = at->if_array()) {
      at = Element(*list, step);
    } else {
      at = nullptr;
    }
    if (at == nullptr) return nullptr;
  }
  return at->is_null() ? nullptr : at;
}

}  // namespace dunlin::healthrule
