#include "protocol/yaml/characters.h"

#include "protocol/object/utf8.h"

namespace dunlin::yaml {

bool IsPrintable(char32_t c) {
  return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c <= 0x7e) || c == 0x85 ||
         (c >= 0xa0 && c <= 0xd7ff) || (c >= 0xe000 && c <= 0xfffd) ||
         (c >= 0x10000 && c <= 0x10ffff);
}

std::optional<int> FirstBadLine(std::string_view text) {
  int line = 1;
  while (!text.empty()) {
    const char32_t character = object::TakeCharacter(text);
    if (character == object::kNoCharacter || !IsPrintable(character)) return line;
    if (character == '\n') ++line;
  }
  return std::nullopt;
}

}  // namespace dunlin::yaml
