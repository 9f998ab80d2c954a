// Reading rows of the admin API for table cells, and the columns that several verbs share.
#pragma once

#include <string>
#include <vector>

#include "hub/ctl/output.h"

namespace dunlin::ctl {

// A column that shows a text member of each row.
Column TextColumn(std::string title, std::string member);
// A column that shows an integer member.
Column NumberColumn(std::string title, std::string member);
// A commit or digest member, cut to its first 12 characters.
Column ShortIdColumn(std::string title, std::string member);
// The age of a time member (ms since 1970) at `now_ms`.
Column AgeColumn(std::string title, std::string member, int64_t now_ms);

std::vector<Column> TargetColumns();

// The array member, or an empty one.
const object::Array& Items(const object::Value& document, std::string_view member = "items");
int64_t Number(const object::Value& row, std::string_view member);

}  // namespace dunlin::ctl
