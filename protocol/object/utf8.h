// One UTF-8 character at a time, strictly (RFC 3629).
#pragma once

#include <string_view>

namespace dunlin::object {

// Decodes and removes the first character; nothing for what is not one: overlong forms,
// surrogates, truncated sequences, values above U+10FFFF. REQUIRES: !text.empty().
inline constexpr char32_t kNoCharacter = 0xffffffff;
char32_t TakeCharacter(std::string_view& text);

bool IsUtf8(std::string_view text);

}  // namespace dunlin::object
