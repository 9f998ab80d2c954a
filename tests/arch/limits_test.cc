// The rule of protocol/base/limits.h: a limit that nothing enforces, or that no test names, is a
// number in a header. And the render worker, which is Go, must have the numbers that the hub has.
#include "protocol/base/limits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <optional>
#include <regex>
#include <sstream>

#include "tests/arch/source_tree.h"

namespace dunlin::arch {
namespace {

const std::string kHeader = "protocol/base/limits.h";

std::string TextOf(const std::string& path) {
  std::ifstream in(std::string(DUNLIN_SOURCE_DIR) + "/" + path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::set<std::string> Limits() {
  static const std::regex kConstant(R"(inline constexpr [\w:]+ (k\w+))");
  const std::string text = TextOf(kHeader);
  std::set<std::string> names;
  for (std::sregex_iterator at(text.begin(), text.end(), kConstant), end; at != end; ++at) {
    names.insert((*at)[1]);
  }
  names.erase("kKiB");
  names.erase("kMiB");
  return names;
}

bool IsWordCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// Every word of the code, without what stands in comments. By hand: a regular expression takes
// seconds over the whole tree.
std::set<std::string> Words(const std::vector<SourceFile>& files) {
  std::set<std::string> words;
  for (const SourceFile& file : files) {
    // Here the limits are only listed.
    if (file.path == kHeader || file.path.starts_with("tests/arch/")) continue;
    for (const std::string& line : file.lines) {
      const auto end =
          line.begin() + static_cast<ptrdiff_t>(std::min(line.find("//"), line.size()));
      for (auto begin = line.begin(); begin != end;) {
        begin = std::find_if(begin, end, IsWordCharacter);
        const auto after = std::find_if_not(begin, end, IsWordCharacter);
        if (begin != end && *begin == 'k') words.emplace(begin, after);
        begin = after;
      }
    }
  }
  return words;
}

TEST(LimitsTest, EachIsUsedByTheProduct) {
  const std::set<std::string> used =
      Words(ReadSources(DUNLIN_SOURCE_DIR, {"protocol", "agent", "hub"}));
  ASSERT_GT(Limits().size(), 80u);
  for (const std::string& name : Limits()) {
    EXPECT_TRUE(used.contains(name)) << name << ": nothing enforces it; wire it in or remove it";
  }
}

TEST(LimitsTest, EachIsNamedByATest) {
  const std::set<std::string> named = Words(ReadSources(DUNLIN_SOURCE_DIR, {"tests"}));
  for (const std::string& name : Limits()) {
    EXPECT_TRUE(named.contains(name))
        << name << ": no test; one at the limit and one above, in the tests of its module";
  }
}

// The number after `name` in a Go file: digits, "_", and a shift or products.
std::optional<uint64_t> GoNumber(const std::string& path, const std::string& name) {
  const std::string text = TextOf(path);
  const std::regex assignment("\\b" + name +
                              R"(\s*(?:=|:)\s*([0-9_]+(?:\s*(?:<<|\*)\s*[0-9_]+)*))");
  std::smatch match;
  if (!std::regex_search(text, match, assignment)) return std::nullopt;
  std::string expression = match[1];
  std::erase(expression, '_');
  std::istringstream in(expression);
  uint64_t value = 0, next = 0;
  std::string sign;
  in >> value;
  while (in >> sign >> next) value = sign == "<<" ? value << next : value * next;
  return value;
}

TEST(LimitsTest, TheRenderWorkerHasThoseOfTheHub) {
  struct Row {
    const char* file;
    const char* name;
    uint64_t limit;
  };
  const Row rows[] = {
      {"main.go", "maxRequestLine", limits::kRenderRequestBytes},
      {"internal/proto/proto.go", "TreeFiles", limits::kRenderTreeFiles},
      {"internal/proto/proto.go", "TreeBytes", limits::kRenderTarBytes},
      {"internal/proto/proto.go", "Objects", limits::kBundleObjects},
      {"internal/proto/proto.go", "ObjectBytes", limits::kObjectBytes},
      {"internal/proto/proto.go", "TargetBytes", limits::kBundleBytes},
      {"internal/proto/proto.go", "OutputBytes", limits::kRenderOutputBytes},
      {"internal/manifest/objects.go", "Objects", limits::kBundleObjects},
      {"internal/manifest/objects.go", "ObjectBytes", limits::kObjectBytes},
      {"internal/manifest/objects.go", "OutputBytes", limits::kBundleBytes},
      {"internal/manifest/yaml.go", "MaxDepth", limits::kBundleObjectDepth},
      {"internal/source/tree.go", "maxPath", limits::kTreePathBytes},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(GoNumber(std::string("hub/render/worker/") + row.file, row.name), row.limit)
        << row.file << " " << row.name;
  }
}

}  // namespace
}  // namespace dunlin::arch
