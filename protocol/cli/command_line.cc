#include "protocol/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <limits>

#include "protocol/cli/help.h"
#include "protocol/cli/usage.h"
#include "protocol/wire/exit_code.h"

namespace dunlin::cli {

namespace {

std::string Listed(const std::vector<std::string>& words) {
  std::string out;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += words[i];
  }
  return out;
}

void Check(CLI::Option* option, std::function<std::string(std::string&)> check) {
  option->check(CLI::Validator(std::move(check), ""));
}

// The arguments are refused, or ask for a page: prints it, returns the exit code.
int PrintPage(const CLI::App& root, const std::vector<std::string>& words, Format format) {
  const auto page = HelpPage(root, words);
  if (page) {
    std::fputs(page->c_str(), stdout);
    return 0;
  }
  PrintError({std::string(Name(page.error().code)), page.error().message, "",
              root.get_name() + " --help lists the verbs and the topics"},
             format);
  return wire::ExitCode(page.error().code);
}

}  // namespace

void AddOutput(CLI::App& verb, Format& format) {
  const auto take = [&format](const std::string& word) { format = FormatOf({"-o", word}); };
  CLI::Option* option =
      verb.add_option_function<std::string>("-o,--output", take, "table, json or yaml");
  option->option_text("FORMAT")->take_last();
  Takes(option, {"table", "json", "yaml"});
}

void Takes(CLI::Option* option, std::vector<std::string> words) {
  Check(option, [words = std::move(words)](const std::string& value) {
    if (std::find(words.begin(), words.end(), value) != words.end()) return std::string();
    return "takes " + Listed(words) + ", not \"" + value + "\"";
  });
}

void TakesNumber(CLI::Option* option, int64_t least, int64_t most) {
  Check(option, [least, most](const std::string& value) {
    int64_t number = 0;
    const char* end = value.data() + value.size();
    const auto [stop, error] = std::from_chars(value.data(), end, number);
    if (error == std::errc() && stop == end && number >= least && number <= most) {
      return std::string();
    }
    const bool open = most == std::numeric_limits<int64_t>::max();
    return "takes " +
           (open ? "a number from " + std::to_string(least)
                 : std::to_string(least) + " to " + std::to_string(most)) +
           ", not \"" + value + "\"";
  });
}

CLI::Option* AddRepeatable(CLI::App& verb, const std::string& names, std::vector<std::string>& to,
                           const std::string& help) {
  return verb.add_option(names, to, help)->allow_extra_args(false);
}

std::optional<int> Parse(CLI::App& root, int argc, const char* const* argv) {
  const Arguments arguments(argv + std::min(argc, 1), argv + argc);
  // Not left to CLI11, which would take the topic for a second verb.
  std::vector<std::string> words = WordsOf(root, arguments);
  if (!words.empty() && words.front() == "help") {
    words.erase(words.begin());
    return PrintPage(root, words, FormatOf(arguments));
  }
  try {
    root.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return root.exit(error);  // --help, --version
  }
  PrintError(UsageError(root, arguments), FormatOf(arguments));
  return wire::ExitCode(Errc::kInvalidArgument);
}

}  // namespace dunlin::cli
