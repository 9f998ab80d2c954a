// What is wrong with a command line, in our words. Pure functions of the tree of verbs and the
// words; CLI11 decides that something is wrong, this says what.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/cli/output.h"

namespace CLI {
class App;
}  // namespace CLI

namespace dunlin::cli {

// The arguments without the program's name.
using Arguments = std::vector<std::string>;

// The format that -o or --output names, wherever it stands; kTable without one that is known.
Format FormatOf(const Arguments& arguments);

// What stands beside options and their values: the verbs, then what they are about.
std::vector<std::string> WordsOf(const CLI::App& root, const Arguments& arguments);

// The error for arguments that CLI11 refused.
wire::ErrorBody UsageError(const CLI::App& root, const Arguments& arguments);

// The verbs that people may use, and the one of that name (nullptr: none).
std::vector<std::string> VerbsOf(const CLI::App& app);
const CLI::App* VerbOf(const CLI::App& app, std::string_view name);

}  // namespace dunlin::cli
