// Internal to protocol/yaml: which characters a YAML stream may hold.
#pragma once

#include <optional>
#include <string_view>

namespace dunlin::yaml {

// c-printable of YAML 1.2, section 5.1.
bool IsPrintable(char32_t character);

// The number of the first line (from 1) with a character that must not stand there, or with bytes
// that are not UTF-8.
std::optional<int> FirstBadLine(std::string_view text);

}  // namespace dunlin::yaml
