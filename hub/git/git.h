// Git as the hub sees it: bring a repository's refs and objects here, say which commit a revision
// is, hand out the files of a commit. Nothing is ever checked out, no hook, filter or submodule is
// ever touched, and the code that parses packs runs in a child process (worker_protocol.h).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/ids.h"
#include "protocol/base/result.h"
#include "protocol/base/time.h"
#include "protocol/net/task.h"

namespace dunlin::git {

// One repository and what is needed to reach it. The *_file members are plain names of files in the
// hub's credentials directory (catalog::Source).
struct Repository {
  std::string url;  // as written; checked against the hub's policy before anything else
  std::string username;
  std::string password_file;
  std::string ssh_key_file;
  std::string known_hosts_file;
  std::string ca_file;
};

// What one revision is now.
struct ResolvedRevision {
  std::string name;  // as asked for
  std::string ref;   // full ref name, "HEAD", or empty for a commit id
  RevisionId commit;
  std::optional<Error> error;  // then ref and commit are empty
};

struct FetchResult {
  std::vector<ResolvedRevision> revisions;  // in the order of the question
  bool downloaded = false;                  // false: everything wanted was here already
  uint64_t received_bytes = 0;
};

struct TreeEntry {
  enum Mode : uint32_t {
    kFile = 0100644,
    kExecutable = 0100755,
    kSymlink = 0120000,    // bytes = the link's target
    kSubmodule = 0160000,  // never fetched: no bytes, size 0
  };
  std::string path;  // from the root of the repository, '/' between components
  uint32_t mode = kFile;
  std::string blob;  // id, 40 hex digits; of the commit for a submodule
  uint64_t size = 0;
  Bytes bytes;  // empty unless they were asked for

  bool operator==(const TreeEntry&) const = default;
};

struct Tree {
  std::vector<TreeEntry> entries;    // in Git's order
  std::vector<std::string> missing;  // of the paths that were asked for

  const TreeEntry* Find(std::string_view path) const;
};

struct ReadOptions {
  std::vector<std::string> paths;  // files or directories; empty = everything
  bool with_bytes = true;          // false: only names and blob ids, to see what changed
};

// Errors of all calls: kInvalidArgument (URL or revision malformed), kPermission (URL, address or
// directory not allowed), kUnsupported, kNotFound (repository), kUnauthenticated (credentials or
// ssh key refused), kSignature (TLS certificate or ssh host key not trusted), kLimit, kTimeout,
// kUnavailable (server away), kCorrupt (mirror or pack damaged), kIo. Each message says what to do.
//
// Calls for one repository wait for each other; different repositories run side by side.
class Git {
 public:
  virtual ~Git() = default;

  // Fetches what the revisions need and says what each is now. A revision that does not resolve is
  // an error of that revision alone. Names: branch, tag, refs/heads/…, refs/tags/…, a commit id (40
  // digits or at least 7), HEAD. Cheap when nothing has changed: one ls-remote on the wire.
  virtual Task<FetchResult> Fetch(Repository repository, std::vector<std::string> revisions) = 0;

  // The same answer without downloading anything: ls-remote. Commit ids are not looked up there, so
  // a full one is returned as it is and an abbreviated one is kUnsupported.
  virtual Task<FetchResult> List(Repository repository, std::vector<std::string> revisions) = 0;

  // From what was fetched before, without the network.
  virtual Task<ResolvedRevision> Resolve(Repository repository, std::string revision) = 0;

  // The files of a fetched commit; kNotFound when the commit was never fetched. With bytes at most
  // limits::kGitReadBytes together (kLimit); always at most limits::kGitTreeFiles files.
  virtual Task<Tree> ReadTree(Repository repository, RevisionId commit, ReadOptions options) = 0;
};

}  // namespace dunlin::git
