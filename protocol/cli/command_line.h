// The command lines of the three programs: declared with CLI11, refused in our own words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/cli/output.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace dunlin::cli {

// Adds -o/--output: table, json or yaml. The last one given counts.
void AddOutput(CLI::App& verb, Format& format);

// What an option accepts; anything else is "--kind takes helm or plain, not \"x\"". Numbers need
// TakesNumber before they are converted, or CLI11 would answer in its own words.
void Takes(CLI::Option* option, std::vector<std::string> words);
void TakesNumber(CLI::Option* option, int64_t least, int64_t most);

// An option with one value that may be given several times: `--set a=1 DIR` must not take DIR.
CLI::Option* AddRepeatable(CLI::App& verb, const std::string& names, std::vector<std::string>& to,
                           const std::string& help);

// Parses. Nothing: go on with the verb that was chosen. Otherwise the program is done and this is
// its exit code: after help (`--help`, `help [VERB … | TOPIC]`), the version, or a usage error,
// which is printed as -o asks wherever it stands.
std::optional<int> Parse(CLI::App& root, int argc, const char* const* argv);

}  // namespace dunlin::cli
