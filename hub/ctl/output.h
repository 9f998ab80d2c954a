// What the CLI prints: tables for people, JSON and YAML for programs, and errors in one form.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "hub/ctl/admin_client.h"
#include "protocol/object/value.h"

namespace dunlin::ctl {

enum class Format { kTable, kJson, kYaml };

struct Column {
  std::string title;
  std::function<std::string(const object::Value& row)> cell;
};

// Left-aligned columns, two spaces apart, header first; "" becomes "-". Control characters and
// escape sequences in cells are made visible: names come from repositories.
std::string RenderTable(const std::vector<Column>& columns, const object::Array& rows);

// The document in one of the machine formats (REQUIRES: not kTable), with a final newline.
std::string RenderDocument(const object::Value& document, Format format);

// wire::ErrorText on stderr for tables, the JSON form on stdout otherwise. Returns the exit code.
int PrintFailure(const Failure& failure, Format format);

// "4 s", "3 min", "2 h", "5 d" between two times in ms; "-" when `then` is 0.
std::string Age(int64_t then_ms, int64_t now_ms);

}  // namespace dunlin::ctl
