// What a revision of the catalogue names among the refs of a repository. Pure, so that every odd
// name (security.md 4.2, G7) is a row of a table.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/ids.h"
#include "protocol/base/result.h"

namespace dunlin::git {

// Full ref name -> id of the commit, tags peeled. "HEAD" may be among them.
using RefMap = std::map<std::string, std::string>;

struct RevisionName {
  enum class Kind {
    kHead,    // "HEAD": the default branch
    kCommit,  // 40 hex digits, or an abbreviation of at least 7
    kFull,    // refs/heads/… or refs/tags/…
    kShort,   // a branch or a tag
  };
  Kind kind = Kind::kShort;
  std::string text;
};

// kInvalidArgument for what is no ref name by git-check-ref-format(1), starts with '-', is not
// UTF-8 or holds invisible or direction-changing characters; kLimit above limits::kRevisionBytes.
Result<RevisionName> ParseRevision(std::string_view text);

// The full ref that the name means. A short name that is a branch *and* a tag is an error, never a
// guess: the two can be moved by different people. kNotFound names what exists nearby.
// REQUIRES: kind is not kCommit. An abbreviated commit id that is also a branch is the branch.
Result<std::string> FindRef(const RevisionName& name, const RefMap& refs);

// The refs that must be fetched so that all names resolve: their full names, or every branch and
// tag when one of them is a commit id. Names that do not resolve are left out.
std::vector<std::string> RefsToFetch(const std::vector<RevisionName>& names, const RefMap& refs);

// The refs that a mirror and its users know of: refs/heads/ and refs/tags/, never a pull request's.
bool IsTrackedRef(std::string_view full_name);

}  // namespace dunlin::git
