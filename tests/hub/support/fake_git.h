// Git as values: repositories are maps of commits, commits are maps of files.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "hub/git/git.h"
#include "protocol/crypto/crypto.h"
#include "protocol/net/runtime.h"

namespace dunlin::git {

class FakeGit : public Git {
 public:
  using Files = std::map<std::string, std::string>;
  struct Repo {
    std::map<std::string, std::string> refs;  // name -> commit
    std::map<std::string, Files> commits;
    std::optional<Error> error;  // of every fetch
  };

  // A commit on `ref`, named after its content, so that pushing the same files again is no change.
  std::string Push(const std::string& url, Files files, const std::string& ref = "HEAD") {
    std::string all = std::to_string(++pushes_);
    for (const auto& [path, text] : files) all += path + '\0' + text + '\0';
    const std::string commit = crypto::Sha256(all).Hex().substr(0, 40);
    repos[url].commits[commit] = std::move(files);
    repos[url].refs[ref] = commit;
    return commit;
  }

  Task<FetchResult> Fetch(Repository repository, std::vector<std::string> revisions) override {
    ++fetches;
    if (hangs) {
      ++hanging;
      auto slept = co_await net::Sleep(std::chrono::hours(1));
      --hanging;
      co_return slept.error();
    }
    const auto repo = repos.find(repository.url);
    if (repo == repos.end()) {
      co_return MakeError(Errc::kNotFound, "there is no repository at " + repository.url);
    }
    if (repo->second.error) co_return *repo->second.error;
    FetchResult result;
    for (const std::string& name : revisions) {
      ResolvedRevision resolved;
      resolved.name = name;
      const auto ref = repo->second.refs.find(name);
      if (ref == repo->second.refs.end()) {
        resolved.error = MakeError(Errc::kNotFound, "no branch, tag or commit " + name);
      } else {
        resolved.commit = RevisionId(ref->second);
      }
      result.revisions.push_back(std::move(resolved));
    }
    co_return result;
  }

  Task<FetchResult> List(Repository repository, std::vector<std::string> revisions) override {
    auto result = co_await Fetch(std::move(repository), std::move(revisions));
    co_return result;
  }

  Task<ResolvedRevision> Resolve(Repository repository, std::string revision) override {
    std::vector<std::string> revisions(1, std::move(revision));
    auto fetched = co_await Fetch(std::move(repository), std::move(revisions));
    if (!fetched) co_return fetched.error();
    co_return fetched->revisions.front();
  }

  Task<Tree> ReadTree(Repository repository, RevisionId commit, ReadOptions options) override {
    ++reads;
    if (read_error) co_return *read_error;
    const Files& files = repos.at(repository.url).commits.at(commit.str());
    Tree tree;
    for (const auto& [path, text] : files) {
      bool wanted = options.paths.empty();
      for (const std::string& root : options.paths) {
        wanted = wanted || path == root || path.compare(0, root.size() + 1, root + "/") == 0;
      }
      if (!wanted) continue;
      TreeEntry entry;
      entry.path = path;
      entry.blob = crypto::Sha256(text).Hex().substr(0, 40);
      entry.size = text.size();
      if (options.with_bytes) entry.bytes = text;
      tree.entries.push_back(std::move(entry));
    }
    co_return tree;
  }

  std::map<std::string, Repo> repos;
  std::optional<Error> read_error;
  bool hangs = false;  // every fetch, until it is cancelled
  int hanging = 0;
  int fetches = 0;
  int reads = 0;

 private:
  int pushes_ = 0;
};

}  // namespace dunlin::git
