#include "hub/git/tree_path.h"

#include <string>

#include "protocol/object/utf8.h"

namespace dunlin::git {
namespace {

// Drops the characters that HFS+ ignores in names (U+200C … U+200F, U+202A … U+202E, U+206A …
// U+206F, U+FEFF) and lowers ASCII: what is left is what a lenient file system compares.
std::string Folded(std::string_view name) {
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    const auto a = static_cast<unsigned char>(name[i]);
    const auto b = i + 1 < name.size() ? static_cast<unsigned char>(name[i + 1]) : 0;
    const auto c = i + 2 < name.size() ? static_cast<unsigned char>(name[i + 2]) : 0;
    const bool general =
        a == 0xe2 && b == 0x80 && ((c >= 0x8b && c <= 0x8f) || (c >= 0xaa && c <= 0xae));
    const bool deprecated = a == 0xe2 && b == 0x81 && c >= 0xa0 && c <= 0xaf;
    const bool mark = a == 0xef && b == 0xbb && c == 0xbf;
    if (general || deprecated || mark) {
      i += 2;
      continue;
    }
    out += a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : name[i];
  }
  while (!out.empty() && (out.back() == '.' || out.back() == ' ')) out.pop_back();
  return out;
}

}  // namespace

Status CheckTreeName(std::string_view name) {
  bool bad = name.empty() || name == "." || name == ".." || !object::IsUtf8(name);
  for (const char c : name) {
    bad = bad || c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  }
  const std::string folded = Folded(name);
  bad = bad || folded == ".git" || folded == "git~1" || folded.substr(0, 5) == ".git:";
  if (!bad) return {};
  return MakeError(Errc::kInvalidArgument,
                   "the repository holds a file name that is not accepted (a control character, "
                   "invalid UTF-8, \"..\", or a form of \".git\")");
}

}  // namespace dunlin::git
