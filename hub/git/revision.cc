#include "hub/git/revision.h"

#include <algorithm>

#include "protocol/base/limits.h"
#include "protocol/base/nearest.h"
#include "protocol/object/utf8.h"

namespace dunlin::git {
namespace {

constexpr std::string_view kHeads = "refs/heads/";
constexpr std::string_view kTags = "refs/tags/";

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

bool EndsWith(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}

bool IsHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsInvisible(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || (c >= 0x200b && c <= 0x200f) ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
         (c >= 0xe0000 && c <= 0xe0fff);
}

bool IsForbiddenByGit(char32_t c) {
  return c == ' ' || c == '~' || c == '^' || c == ':' || c == '?' || c == '*' || c == '[' ||
         c == '\\';
}

// git-check-ref-format(1), rules 1 to 10.
bool IsRefName(std::string_view text) {
  if (text.empty() || text == "@" || text.front() == '-' || text.front() == '/' ||
      text.back() == '/' || text.back() == '.') {
    return false;
  }
  for (const std::string_view part : {"..", "@{", "//", "/.", ".lock/"}) {
    if (text.find(part) != std::string_view::npos) return false;
  }
  if (text.front() == '.' || EndsWith(text, ".lock")) return false;
  while (!text.empty()) {
    const char32_t c = object::TakeCharacter(text);
    if (c == object::kNoCharacter || IsInvisible(c) || IsForbiddenByGit(c)) return false;
  }
  return true;
}

Error NoSuchRef(const std::string& name, const RefMap& refs) {
  std::vector<std::string> known;
  for (const auto& [ref, id] : refs) {
    if (StartsWith(ref, kHeads)) known.push_back(ref.substr(kHeads.size()));
    if (StartsWith(ref, kTags)) known.push_back(ref.substr(kTags.size()));
    if (known.size() > 1000) break;
  }
  const bool empty = known.empty();
  return MakeError(Errc::kNotFound, empty
                                        ? "the repository is empty: it has no branch and no tag yet"
                                        : "the repository has no branch or tag \"" + name + "\"" +
                                              DidYouMean(name, known));
}

}  // namespace

bool IsTrackedRef(std::string_view full_name) {
  return StartsWith(full_name, kHeads) || StartsWith(full_name, kTags);
}

Result<RevisionName> ParseRevision(std::string_view text) {
  if (text.size() > limits::kRevisionBytes) {
    return MakeError(Errc::kLimit, "the revision is longer than " +
                                       std::to_string(limits::kRevisionBytes) + " bytes");
  }
  if (!IsRefName(text)) {
    return MakeError(Errc::kInvalidArgument,
                     "the revision is no valid name of a branch, tag or commit");
  }
  RevisionName name{RevisionName::Kind::kShort, std::string(text)};
  if (text == "HEAD") {
    name.kind = RevisionName::Kind::kHead;
  } else if (StartsWith(text, "refs/")) {
    if (!IsTrackedRef(text)) {
      return MakeError(
          Errc::kUnsupported,
          "only refs/heads/ and refs/tags/ can be deployed, not \"" + std::string(text) + "\"");
    }
    name.kind = RevisionName::Kind::kFull;
  } else if (IsHex(text) && text.size() >= 7 && text.size() <= 40) {
    name.kind = RevisionName::Kind::kCommit;
  }
  return name;
}

Result<std::string> FindRef(const RevisionName& name, const RefMap& refs) {
  if (name.kind == RevisionName::Kind::kHead) {
    if (refs.contains("HEAD")) return std::string("HEAD");
    if (!refs.empty()) {
      return MakeError(Errc::kNotFound,
                       "the repository's default branch does not exist; name a branch");
    }
    return NoSuchRef("HEAD", refs);
  }
  if (name.kind == RevisionName::Kind::kFull) {
    if (refs.contains(name.text)) return name.text;
    return NoSuchRef(name.text.substr(name.text.find('/', 5) + 1), refs);
  }
  const std::string branch = std::string(kHeads) + name.text;
  const std::string tag = std::string(kTags) + name.text;
  const bool is_branch = refs.contains(branch);
  const bool is_tag = refs.contains(tag);
  if (is_branch && is_tag) {
    return MakeError(Errc::kInvalidArgument,
                     "\"" + name.text + "\" is a branch and a tag; write " + branch + " or " + tag);
  }
  if (is_branch) return branch;
  if (is_tag) return tag;
  return NoSuchRef(name.text, refs);
}

std::vector<std::string> RefsToFetch(const std::vector<RevisionName>& names, const RefMap& refs) {
  std::vector<std::string> wanted;
  bool all = false;
  for (const RevisionName& name : names) {
    const bool is_commit = name.kind == RevisionName::Kind::kCommit;
    // A full id is that commit, whatever somebody named a branch.
    const bool is_full_id = is_commit && name.text.size() == 40;
    const auto ref = FindRef(name, refs);
    if (ref && !is_full_id) wanted.push_back(*ref);
    all = all || is_full_id || (is_commit && !ref);
  }
  if (all) {
    wanted.clear();
    for (const auto& [ref, id] : refs) {
      if (IsTrackedRef(ref)) wanted.push_back(ref);
    }
  }
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  return wanted;
}

}  // namespace dunlin::git
