// Reading annotations: comma-separated lists of words.
#pragma once

#include <algorithm>
#include <string_view>

#include "protocol/object/value.h"

namespace dunlin::plan {

inline std::string_view AnnotationOf(const object::Value& object, std::string_view name) {
  return object::FindString(object, {"metadata", "annotations", name});
}

// Members of a comma-separated annotation, blanks around them removed.
template <typename Visit>
void ForEachWord(std::string_view list, Visit visit) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    std::string_view item = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (!item.empty()) visit(item);
  }
}

}  // namespace dunlin::plan
