#include "hub/catalog/template.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "protocol/base/nearest.h"

namespace dunlin::catalog {
namespace {

constexpr std::string_view kLabels = "cluster.labels.";

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool IsNameByte(char c) {
  return IsLetter(c) || (c >= '0' && c <= '9') ||
         std::string_view("._/-").find(c) != std::string_view::npos;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool IsVariableName(std::string_view name) {
  return !name.empty() && IsLetter(name.front()) && name.find('.') != std::string_view::npos &&
         std::all_of(name.begin(), name.end(), IsNameByte);
}

Error Unknown(std::string_view name, std::vector<std::string> known) {
  if (name.substr(0, kLabels.size()) == kLabels) {
    return MakeError(Errc::kInvalidArgument, "the cluster has no label \"" +
                                                 std::string(name.substr(kLabels.size())) +
                                                 "\", which {{" + std::string(name) + "}} needs");
  }
  known.emplace_back("cluster.labels.<key>");
  return MakeError(Errc::kInvalidArgument,
                   "unknown variable {{" + std::string(name) + "}}" + DidYouMean(name, known));
}

using Lookup = std::function<Result<std::string>(std::string_view name)>;

Result<std::string> Replace(std::string_view text, TemplateUse use, const Lookup& lookup) {
  std::string out;
  while (true) {
    const size_t open = text.find("{{");
    out += text.substr(0, open);
    if (open == std::string_view::npos) return out;
    const size_t close = text.find("}}", open);
    const std::string_view name =
        close == std::string_view::npos ? "" : Trim(text.substr(open + 2, close - open - 2));
    if (IsVariableName(name)) {
      TRY(const std::string value, lookup(name));
      out += value;
      text.remove_prefix(close + 2);
      continue;
    }
    if (use == TemplateUse::kPath) {
      return MakeError(Errc::kInvalidArgument,
                       "\"{{\" must start a variable such as {{cluster.region}}");
    }
    out += "{{";
    text.remove_prefix(open + 2);
  }
}

}  // namespace

bool HasTemplate(std::string_view text) { return text.find("{{") != std::string_view::npos; }

Result<std::string> FillTemplate(std::string_view text, const StringMap& variables,
                                 TemplateUse use) {
  return Replace(text, use, [&](std::string_view name) -> Result<std::string> {
    const auto variable = variables.find(std::string(name));
    if (variable == variables.end()) {
      std::vector<std::string> known;
      for (const auto& [key, value] : variables) known.push_back(key);
      return Unknown(name, std::move(known));
    }
    if (use == TemplateUse::kPath && variable->second.empty()) {
      return MakeError(Errc::kInvalidArgument,
                       "{{" + std::string(name) + "}} is empty for this cluster");
    }
    return variable->second;
  });
}

Status CheckTemplate(std::string_view text, TemplateUse use) {
  const std::vector<std::string> known = {"app.name", "cluster.name", "cluster.region",
                                          "cluster.uuid"};
  const auto filled = Replace(text, use, [&](std::string_view name) -> Result<std::string> {
    const bool is_label = name.substr(0, kLabels.size()) == kLabels && name.size() > kLabels.size();
    if (is_label || std::find(known.begin(), known.end(), name) != known.end()) {
      return std::string("x");
    }
    return Unknown(name, known);
  });
  if (!filled) return filled.error();
  return {};
}

}  // namespace dunlin::catalog
