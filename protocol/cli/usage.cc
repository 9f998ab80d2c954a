#include "protocol/cli/usage.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <map>
#include <optional>

#include "protocol/base/nearest.h"

namespace dunlin::cli {

namespace {

struct Given {
  const CLI::Option* option;
  std::string typed;  // "-o", or the name of a positional argument
  std::string value;
};

// The arguments once more, as CLI11 reads them, with what it does not tell.
struct Walk {
  const CLI::App* at = nullptr;
  std::string path;  // "dunlin app get"
  std::vector<std::string> words;
  std::vector<Given> given;
  std::string problem;  // the first one
};

bool IsOption(const std::string& word) { return word.size() > 1 && word.front() == '-'; }

bool Named(const CLI::Option& option, const std::string& typed) {
  return typed.starts_with("--") ? option.check_lname(typed.substr(2))
                                 : option.check_sname(typed.substr(1));
}

// In this verb or, with fallthrough, above it.
const CLI::Option* FindOption(const CLI::App& app, const std::string& typed) {
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
    for (const CLI::Option* option : at->get_options()) {
      if (Named(*option, typed)) return option;
    }
    if (!at->get_fallthrough()) break;
  }
  return nullptr;
}

std::vector<std::string> OptionNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
    for (const CLI::Option* option : at->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
    if (!at->get_fallthrough()) break;
  }
  return names;
}

std::vector<const CLI::Option*> Positionals(const CLI::App& app) {
  std::vector<const CLI::Option*> out;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) out.push_back(option);
  }
  return out;
}

// One option at `i`, and its value; `i` is then the last argument that belongs to it.
void TakeOption(Walk& walk, const Arguments& arguments, size_t& i) {
  const std::string& argument = arguments[i];
  const bool is_long = argument.starts_with("--");
  const size_t equals = is_long ? argument.find('=') : std::string::npos;
  const std::string typed = is_long ? argument.substr(0, equals) : argument.substr(0, 2);
  const CLI::Option* option = FindOption(*walk.at, typed);
  if (option == nullptr) {
    if (walk.problem.empty()) {
      const std::string name = is_long ? typed : argument;
      walk.problem = "unknown option " + name + " of " + walk.path +
                     (is_long ? DidYouMean(name, OptionNames(*walk.at)) : "");
    }
    return;
  }
  Given given{option, typed, ""};
  const bool has_rest = is_long ? equals != std::string::npos : argument.size() > 2;
  const std::string rest = !has_rest ? "" : argument.substr(is_long ? equals + 1 : 2);
  if (option->get_items_expected_max() == 0) {
    if (is_long && has_rest && walk.problem.empty()) walk.problem = typed + " takes no value";
  } else if (has_rest) {
    given.value = rest;
  } else if (i + 1 < arguments.size() &&
             (option->get_items_expected_min() > 0 || !IsOption(arguments[i + 1]))) {
    given.value = arguments[++i];
  } else if (option->get_items_expected_min() > 0 && walk.problem.empty()) {
    walk.problem = typed + " takes a value";
  }
  walk.given.push_back(std::move(given));
}

void TakeWord(Walk& walk, const std::string& word) {
  const bool help = !walk.words.empty() && walk.words.front() == "help";
  walk.words.push_back(word);
  if (help) return;
  const CLI::App* below = VerbOf(*walk.at, word);
  if (below != nullptr) {
    walk.at = below;
    walk.path += " " + word;
    return;
  }
  const std::vector<std::string> verbs = VerbsOf(*walk.at);
  if (!verbs.empty()) {
    if (walk.problem.empty()) {
      walk.problem = "no such verb: " + walk.path + " " + word + DidYouMean(word, verbs);
    }
    return;
  }
  const auto positionals = Positionals(*walk.at);
  size_t taken = 0;
  for (const Given& given : walk.given) taken += given.option->get_positional() ? 1 : 0;
  if (taken < positionals.size()) {
    const CLI::Option* option = positionals[taken];
    walk.given.push_back({option, option->get_name(true), word});
  } else if (walk.problem.empty()) {
    walk.problem = walk.path + " takes no argument \"" + word + "\"";
  }
}

Walk WalkOver(const CLI::App& root, const Arguments& arguments) {
  Walk walk;
  walk.at = &root;
  walk.path = root.get_name();
  bool options_over = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!options_over && arguments[i] == "--") {
      options_over = true;
    } else if (!options_over && IsOption(arguments[i])) {
      TakeOption(walk, arguments, i);
    } else {
      TakeWord(walk, arguments[i]);
    }
  }
  return walk;
}

bool IsGiven(const Walk& walk, const CLI::Option* option) {
  for (const Given& given : walk.given) {
    if (given.option == option) return true;
  }
  const std::string variable = option->get_envname();
  return !variable.empty() && std::getenv(variable.c_str()) != nullptr;
}

// What the option says about its value; "" when it takes it.
std::string Refusal(const Given& given) {
  try {
    // Takes and TakesNumber add one. CLI11's accessor is not const, though it changes nothing.
    const auto* check = const_cast<CLI::Option*>(given.option)->get_validator(0);
    const std::string said = (*check)(given.value);
    return said.empty() ? "" : given.typed + " " + said;
  } catch (const CLI::OptionNotFound&) {
    return "";  // it takes anything
  }
}

std::string BadValue(const Walk& walk) {
  std::map<const CLI::Option*, int> count;
  for (const Given& given : walk.given) {
    std::string refusal = Refusal(given);
    if (!refusal.empty()) return refusal;
    const bool once = given.option->get_multi_option_policy() == CLI::MultiOptionPolicy::Throw &&
                      given.option->get_expected_max() == 1 &&
                      given.option->get_items_expected_max() == 1;
    if (++count[given.option] == 2 && once) return given.typed + " is given twice";
  }
  return "";
}

std::string Missing(const Walk& walk) {
  const std::vector<std::string> verbs = VerbsOf(*walk.at);
  if (!verbs.empty()) {
    std::string list;
    for (const std::string& verb : verbs) list += (list.empty() ? "" : ", ") + verb;
    return walk.path + " needs a verb: " + list;
  }
  for (const CLI::Option* option : walk.at->get_options()) {
    const bool positional = option->get_positional();
    if (option->get_required() && !IsGiven(walk, option)) {
      return option->get_name(positional) + " is missing";
    }
  }
  return "";
}

std::string Excluded(const Walk& walk) {
  for (const CLI::Option* option : walk.at->get_options()) {
    if (!IsGiven(walk, option)) continue;
    for (const CLI::Option* other : option->get_excludes()) {
      if (!IsGiven(walk, other)) continue;
      return option->get_name() + " and " + other->get_name() + " exclude each other";
    }
  }
  return "";
}

}  // namespace

Format FormatOf(const Arguments& arguments) {
  Format format = Format::kTable;
  const auto take = [&format](std::string_view word) {
    if (word == "table") format = Format::kTable;
    if (word == "json") format = Format::kJson;
    if (word == "yaml") format = Format::kYaml;
  };
  for (size_t i = 0; i < arguments.size() && arguments[i] != "--"; ++i) {
    const std::string_view argument = arguments[i];
    if ((argument == "-o" || argument == "--output") && i + 1 < arguments.size()) {
      take(arguments[++i]);
    } else if (argument.starts_with("--output=")) {
      take(argument.substr(9));
    } else if (argument.starts_with("-o")) {
      take(argument.substr(2));
    }
  }
  return format;
}

std::vector<std::string> WordsOf(const CLI::App& root, const Arguments& arguments) {
  return WalkOver(root, arguments).words;
}

wire::ErrorBody UsageError(const CLI::App& root, const Arguments& arguments) {
  const Walk walk = WalkOver(root, arguments);
  wire::ErrorBody error;
  error.code = Name(Errc::kInvalidArgument);
  error.message = walk.problem;
  for (const auto& look : {BadValue, Missing, Excluded}) {
    if (error.message.empty()) error.message = look(walk);
  }
  if (error.message.empty()) error.message = walk.path + " does not take these arguments";
  error.hint = VerbsOf(*walk.at).empty() ? walk.path + " --help shows what it takes"
                                         : walk.path + " --help lists the verbs";
  return error;
}

std::vector<std::string> VerbsOf(const CLI::App& app) {
  std::vector<std::string> verbs;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!verb->get_group().empty()) verbs.push_back(verb->get_name());
  }
  return verbs;
}

const CLI::App* VerbOf(const CLI::App& app, std::string_view name) {
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (verb->check_name(std::string(name))) return verb;
  }
  return nullptr;
}

}  // namespace dunlin::cli
