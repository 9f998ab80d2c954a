// docs/reference.md names what the parsers accept. A page that is only written once decays: here
// every word that a parser compares with must stand as code in the section about that parser.
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace dunlin::arch {
namespace {

using Words = std::set<std::string>;

std::string Text(const std::string& path) {
  std::ifstream in(std::string(DUNLIN_SOURCE_DIR) + "/" + path);
  EXPECT_TRUE(in) << path;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

Words Matches(const std::string& text, const std::regex& pattern) {
  Words words;
  for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it) {
    words.insert((*it)[1].str());
  }
  return words;
}

// The string literals of a source file that are one word: members, values of an enumeration. Texts
// for people have blanks. Options of a command line start with "--".
Words WordsOf(const std::string& source, bool options) {
  static const std::regex kComment(R"(//[^\n]*)");
  static const std::regex kInclude(R"(#include[^\n]*)");
  static const std::regex kWord(R"re("([A-Za-z][A-Za-z0-9-]*)")re");
  static const std::regex kOption(R"re("(?:-\w,)?(--[a-z][a-z-]*)")re");
  std::string text = std::regex_replace(Text(source), kInclude, "");
  text = std::regex_replace(text, kComment, "");
  return Matches(text, options ? kOption : kWord);
}

// From "## title" to the next of its level.
std::string Section(const std::string& page, const std::string& title) {
  const size_t begin = page.find("\n## " + title + "\n");
  if (begin == std::string::npos) return {};
  return page.substr(begin, page.find("\n## ", begin + 4) - begin);
}

// The words of a text's code spans: `sync.adopt` holds "sync" and "adopt".
Words CodeWords(const std::string& text) {
  static const std::regex kSpan(R"(`([^`\n]+)`)");
  static const std::regex kWord(R"((-{0,2}[A-Za-z][A-Za-z0-9-]*))");
  Words words;
  for (const std::string& span : Matches(text, kSpan)) words.merge(Matches(span, kWord));
  return words;
}

struct Parser {
  std::string source;
  std::string section;
  bool options = false;
  Words not_for_users = {};
};

const std::vector<Parser> kParsers = {
    {"hub/catalog/app.cc", "App"},
    // The render worker's words for `parameters`.
    {"hub/catalog/render_options.cc", "Rendering", false, {"set", "setString"}},
    {"hub/catalog/parse.cc", "Cluster and Source"},
    {"hub/catalog/application.cc", "Argo CD Application"},
    {"protocol/healthrule/parse_case.cc", "HealthRule", false, {"spec"}},
    {"protocol/healthrule/parse_expression.cc", "HealthRule", false, {"conditions"}},
    {"agent/plan/hooks.cc",
     "Hooks",
     false,
     {"content",       "seq",   "ended",      "failed", "tasks",  "leftovers", "phase",
      "declared",      "key",   "apiVersion", "uid",    "before", "succeeded", "timeout",
      "state",         "why",   "removed",    "kind",   "spec",   "suspend",   "status",
      "restartPolicy", "batch", "Job",        "Pod",    "v1",     "Running",   "Always"}},
    {"hub/app/config.cc", "hub.yaml"},
    {"agent/app/cli.cc", "The agent", true},
};

TEST(Reference, NamesEveryWordThatTheParsersAccept) {
  const std::string page = Text("docs/reference.md");
  for (const Parser& parser : kParsers) {
    const Words named = CodeWords(Section(page, parser.section));
    ASSERT_FALSE(named.empty()) << "docs/reference.md has no section " << parser.section;
    const Words words = WordsOf(parser.source, parser.options);
    ASSERT_GE(words.size(), 5u) << parser.source << ": the words are not found any more";
    for (const std::string& word : words) {
      EXPECT_TRUE(named.contains(word) || parser.not_for_users.contains(word))
          << parser.source << " reads " << word << ", which the section \"" << parser.section
          << "\" of docs/reference.md does not name";
    }
  }
}

}  // namespace
}  // namespace dunlin::arch
