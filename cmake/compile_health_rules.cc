// Build tool: HealthRules in YAML (the documents that a fleet repository would hold) become one C++
// source with their canonical JSON. A rule that does not parse breaks the build, not an agent.
//   compile_health_rules OUT.cc RULES.yaml…
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <vector>

#include "protocol/healthrule/rule.h"
#include "protocol/object/json.h"
#include "protocol/yaml/config_yaml.h"

namespace {

using dunlin::object::Value;

[[noreturn]] void Fail(const std::string& text) {
  std::cerr << text << '\n';
  std::exit(1);
}

std::vector<std::string> Documents(const std::string& file) {
  std::ifstream in(file);
  if (!in) Fail(file + ": cannot be read");
  std::vector<std::string> out(1);
  for (std::string line; std::getline(in, line);) {
    if (line == "---") {
      out.emplace_back();
    } else {
      out.back() += line + '\n';
    }
  }
  return out;
}

std::string Quoted(const std::string& text) { return "R\"json(" + text + ")json\""; }

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) Fail("usage: compile_health_rules OUT.cc RULES.yaml…");
  std::ostringstream rules, matches;
  size_t count = 0, match_count = 0;
  for (int i = 2; i < argc; ++i) {
    for (const std::string& text : Documents(argv[i])) {
      const auto document = dunlin::yaml::ParseConfig(text);
      if (!document) Fail(std::string(argv[i]) + ": " + document.error().message);
      if (document->is_null()) continue;  // comments before the first document
      const std::string name(dunlin::object::FindString(*document, {"metadata", "name"}));
      const Value* spec = dunlin::object::Find(*document, {"spec"});
      if (name.empty() || spec == nullptr)
        Fail(std::string(argv[i]) + ": a rule without name or spec");
      const auto rule = dunlin::healthrule::ParseSpec(*spec);
      if (!rule) Fail(std::string(argv[i]) + ": " + name + ": " + rule.error().message);
      rules << "    {" << Quoted(name) << ",\n     " << Quoted(dunlin::object::CanonicalJson(*spec))
            << "},\n";
      for (const auto& match : rule->match) {
        for (const std::string& kind : match.kinds) {
          matches << "    {\"" << match.group << "\", \"" << kind << "\", " << count << "},\n";
          ++match_count;
        }
      }
      ++count;
    }
  }
  std::ofstream out(argv[1]);
  out << "// Made by compile_health_rules.\n#include <array>\n\n"
         "#include \"agent/health/shipped_rules.h\"\n\nnamespace dunlin::health {\n\nnamespace "
         "{\n\n"
      << "constexpr std::array<ShippedRule, " << count << "> kRules = {{\n"
      << rules.str() << "}};\n\nconstexpr std::array<ShippedMatch, " << match_count
      << "> kMatches = {{\n"
      << matches.str()
      << "}};\n\n}  // namespace\n\n"
         "std::span<const ShippedRule> ShippedRules() { return kRules; }\n"
         "std::span<const ShippedMatch> ShippedMatches() { return kMatches; }\n\n"
         "}  // namespace dunlin::health\n";
  return out ? 0 : 1;
}
