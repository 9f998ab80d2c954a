#include "hub/git/read_tree.h"

#include <set>

#include "hub/git/mirror.h"
#include "hub/git/tree_path.h"
#include "protocol/base/limits.h"

namespace dunlin::git {
namespace {

// "a/b" for "a/b/", "./a//b" and so on; empty for the root.
std::string Normalised(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    if (part.empty() || part == ".") continue;
    if (!out.empty()) out += '/';
    out += part;
  }
  return out;
}

bool IsAtOrBelow(std::string_view path, std::string_view directory) {
  return directory.empty() || path == directory ||
         (path.size() > directory.size() && path.substr(0, directory.size()) == directory &&
          path[directory.size()] == '/');
}

class Walk {
 public:
  Walk(git_repository* repository, const WorkerRequest& request, const EntrySink& sink)
      : repository_(repository), request_(request), sink_(sink) {
    for (const std::string& path : request.paths) wanted_.insert(Normalised(path));
    if (wanted_.empty()) wanted_.insert("");
  }

  Status Run(const git_tree* root) {
    git_odb* odb = nullptr;
    const int code = git_repository_odb(&odb, repository_);
    odb_.reset(odb);
    if (code != 0) return LastError("cannot open the mirror's objects", code);
    found_.insert("");
    return Visit(root, "", 0);
  }

  std::vector<std::string> Missing() const {
    std::vector<std::string> missing;
    for (const std::string& path : request_.paths) {
      if (!found_.contains(Normalised(path))) missing.push_back(path);
    }
    return missing;
  }

 private:
  // All of it, or a part of it further down.
  bool IsWanted(const std::string& path) const {
    for (const std::string& wanted : wanted_) {
      if (IsAtOrBelow(path, wanted)) return true;
    }
    return false;
  }
  bool LeadsToWanted(const std::string& path) const {
    for (const std::string& wanted : wanted_) {
      if (IsAtOrBelow(wanted, path)) return true;
    }
    return false;
  }

  Status Visit(const git_tree* tree, const std::string& prefix, size_t depth) {
    if (depth > limits::kGitTreeDepth) {
      return MakeError(Errc::kLimit, "the repository's directories are nested deeper than " +
                                         std::to_string(limits::kGitTreeDepth));
    }
    std::set<std::string_view> names;
    const size_t count = git_tree_entrycount(tree);
    for (size_t i = 0; i < count; ++i) {
      const git_tree_entry* entry = git_tree_entry_byindex(tree, i);
      const std::string_view name = git_tree_entry_name(entry);
      const std::string path =
          prefix.empty() ? std::string(name) : prefix + "/" + std::string(name);
      if (!IsWanted(path) && !LeadsToWanted(path)) continue;
      TRY_VOID(CheckTreeName(name));
      if (!names.insert(name).second) {
        return MakeError(Errc::kCorrupt, "a directory holds \"" + path + "\" twice");
      }
      if (path.size() > limits::kTreePathBytes) {
        return MakeError(Errc::kLimit, "a path of the repository is longer than " +
                                           std::to_string(limits::kTreePathBytes) + " bytes");
      }
      // Directories count, too: a tree of empty ones costs as much to walk.
      if (++visited_ > limits::kGitTreeFiles) {
        return MakeError(Errc::kLimit, "more than " + std::to_string(limits::kGitTreeFiles) +
                                           " files and directories; name a smaller path");
      }
      if (wanted_.contains(path)) found_.insert(path);
      TRY_VOID(VisitEntry(entry, path, depth));
    }
    return {};
  }

  Status VisitEntry(const git_tree_entry* entry, const std::string& path, size_t depth) {
    if (git_tree_entry_type(entry) != GIT_OBJECT_TREE) {
      return IsWanted(path) ? Emit(entry, path) : Status();
    }
    git_tree* raw = nullptr;
    const int code = git_tree_lookup(&raw, repository_, git_tree_entry_id(entry));
    const TreePtr tree(raw);
    if (code != 0) return LastError("cannot read the directory " + path, code);
    return Visit(tree.get(), path, depth + 1);
  }

  Status Emit(const git_tree_entry* entry, const std::string& path) {
    TreeEntry out;
    out.path = path;
    out.blob = IdText(*git_tree_entry_id(entry));
    const git_filemode_t mode = git_tree_entry_filemode(entry);
    if (mode == GIT_FILEMODE_COMMIT) {
      out.mode = TreeEntry::kSubmodule;
      return sink_(out, {});
    }
    out.mode = mode == GIT_FILEMODE_LINK              ? TreeEntry::kSymlink
               : mode == GIT_FILEMODE_BLOB_EXECUTABLE ? TreeEntry::kExecutable
                                                      : TreeEntry::kFile;
    size_t size = 0;
    git_object_t type = GIT_OBJECT_INVALID;
    int code = git_odb_read_header(&size, &type, odb_.get(), git_tree_entry_id(entry));
    if (code != 0 || type != GIT_OBJECT_BLOB)
      return LastError("cannot read the file " + path, code);
    out.size = size;
    total_ += size;
    const uint64_t limit = request_.with_bytes ? request_.max_bytes : limits::kGitTreeBytes;
    if (total_ > limit || size > limits::kGitObjectBytes) {
      return MakeError(Errc::kLimit, "the files are larger than the limit (" + path +
                                         " is where it is passed); name a smaller path");
    }
    if (!request_.with_bytes) return sink_(out, {});
    git_blob* raw = nullptr;
    code = git_blob_lookup(&raw, repository_, git_tree_entry_id(entry));
    const BlobPtr blob(raw);
    if (code != 0) return LastError("cannot read the file " + path, code);
    return sink_(out, {static_cast<const char*>(git_blob_rawcontent(blob.get())),
                       static_cast<size_t>(git_blob_rawsize(blob.get()))});
  }

  git_repository* repository_;
  const WorkerRequest& request_;
  const EntrySink& sink_;
  OdbPtr odb_;
  std::set<std::string> wanted_;
  std::set<std::string> found_;
  uint64_t total_ = 0;
  size_t visited_ = 0;
};

}  // namespace

Result<std::vector<std::string>> ReadTree(const WorkerRequest& request, const EntrySink& sink) {
  TRY(const RepositoryPtr repository, OpenMirror(request.mirror));
  git_oid id;
  git_commit* raw_commit = nullptr;
  int code = git_oid_fromstr(&id, request.commit.str().c_str());
  if (code == 0) code = git_commit_lookup(&raw_commit, repository.get(), &id);
  const CommitPtr commit(raw_commit);
  if (code != 0) {
    const bool absent = code == GIT_ENOTFOUND || code == GIT_EINVALIDSPEC;
    if (!absent) return LastError("cannot read the commit", code);
    return MakeError(Errc::kNotFound, "the commit " + request.commit.str() + " was not fetched");
  }
  git_tree* raw_tree = nullptr;
  code = git_commit_tree(&raw_tree, commit.get());
  const TreePtr tree(raw_tree);
  if (code != 0) return LastError("cannot read the commit's files", code);
  Walk walk(repository.get(), request, sink);
  TRY_VOID(walk.Run(tree.get()));
  return walk.Missing();
}

}  // namespace dunlin::git
