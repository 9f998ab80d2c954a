// What the CLI prints: tables for people, JSON and YAML for programs, and errors in one form.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "hub/ctl/admin_client.h"
#include "protocol/cli/output.h"
#include "protocol/object/value.h"

namespace dunlin::ctl {

using cli::Format;

struct Column {
  std::string title;
  std::function<std::string(const object::Value& row)> cell;
  bool may_be_cut = false;  // the full text is shown elsewhere
};

// Left-aligned columns, two spaces apart, header first; "" becomes "-". Control characters and
// escape sequences in cells are made visible: names come from repositories. When lines are longer
// than `width` (0: any length) a last column that may be cut is, with "…" at its end, but never to
// less than its title.
std::string RenderTable(const std::vector<Column>& columns, const object::Array& rows,
                        size_t width = 0);

// cli::PrintError. Returns the exit code.
int PrintFailure(const Failure& failure, Format format);

// "4 s", "3 min", "2 h", "5 d" between two times in ms; "-" when `then` is 0.
std::string Age(int64_t then_ms, int64_t now_ms);

}  // namespace dunlin::ctl
