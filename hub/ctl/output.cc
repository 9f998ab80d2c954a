#include "hub/ctl/output.h"

#include <algorithm>

#include "protocol/wire/exit_code.h"

namespace dunlin::ctl {

namespace {

std::string Visible(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out.push_back(c);
    } else {
      out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out.empty() ? "-" : out;
}

// Characters, not bytes: continuation bytes of UTF-8 take no column.
size_t Width(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

// The text in at most `room` columns (at least 1).
std::string Cut(const std::string& text, size_t room) {
  if (Width(text) <= room) return text;
  size_t end = 0;
  for (size_t columns = 0; end < text.size(); ++end) {
    const bool starts = (text[end] & 0xc0) != 0x80;
    if (starts && ++columns == room) break;
  }
  return text.substr(0, end) + "…";
}

}  // namespace

std::string RenderTable(const std::vector<Column>& columns, const object::Array& rows,
                        size_t width) {
  std::vector<std::vector<std::string>> lines(1);
  for (const Column& column : columns) lines[0].push_back(column.title);
  for (const object::Value& row : rows) {
    std::vector<std::string>& line = lines.emplace_back();
    for (const Column& column : columns) line.push_back(Visible(column.cell(row)));
  }
  std::vector<size_t> widths(columns.size(), 0);
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], Width(line[i]));
  }
  if (width > 0 && columns.back().may_be_cut) {
    size_t before = 0;
    for (size_t i = 0; i + 1 < widths.size(); ++i) before += widths[i] + 2;
    const size_t left = width > before ? width - before : 0;
    const size_t room = std::max(left, Width(columns.back().title));
    for (auto& line : lines) line.back() = Cut(line.back(), room);
  }
  std::string out;
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) {
      out += line[i];
      if (i + 1 < line.size()) out.append(widths[i] - Width(line[i]) + 2, ' ');
    }
    out.push_back('\n');
  }
  return out;
}

int PrintFailure(const Failure& failure, Format format) {
  cli::PrintError(failure.body, format);
  return wire::ExitCode(failure.code);
}

std::string Age(int64_t then_ms, int64_t now_ms) {
  if (then_ms <= 0) return "-";
  const int64_t seconds = std::max<int64_t>(now_ms - then_ms, 0) / 1000;
  if (seconds < 120) return std::to_string(seconds) + " s";
  if (seconds < 2 * 3600) return std::to_string(seconds / 60) + " min";
  if (seconds < 2 * 86400) return std::to_string(seconds / 3600) + " h";
  return std::to_string(seconds / 86400) + " d";
}

}  // namespace dunlin::ctl
