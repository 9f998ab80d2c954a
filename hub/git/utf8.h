// One UTF-8 character at a time, strictly (RFC 3629): names from Git end up in JSON.
#pragma once

#include <string_view>

namespace dunlin::git {

// Decodes and removes the first character; 0 (and nothing removed) for anything that is not one:
// overlong forms, surrogates, truncated sequences, NUL. REQUIRES: !text.empty().
char32_t TakeCharacter(std::string_view& text);

bool IsUtf8(std::string_view text);

}  // namespace dunlin::git
