// The product's version, shown by every program.
#pragma once

namespace dunlin {

inline constexpr const char* kProductVersion = "0.1.0";

}  // namespace dunlin
