#include "hub/git/mirror.h"

#include <algorithm>
#include <filesystem>

#include "hub/git/mirror_lock.h"
#include "hub/git/packs.h"
#include "hub/git/remote.h"
#include "hub/git/revision.h"

namespace dunlin::git {
namespace {

// Where a HEAD that is on no branch is kept; not below refs/heads/, so it is nobody's revision.
constexpr const char* kDetachedHead = "refs/dunlin/head";

constexpr size_t kManyPacks = 50;

Result<RepositoryPtr> MakeMirror(const std::string& directory) {
  git_repository_init_options options = GIT_REPOSITORY_INIT_OPTIONS_INIT;
  options.flags =
      GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKPATH | GIT_REPOSITORY_INIT_NO_REINIT;
  git_repository* repository = nullptr;
  const int code = git_repository_init_ext(&repository, directory.c_str(), &options);
  if (code != 0) return LastError("cannot make the mirror " + directory, code);
  return RepositoryPtr(repository);
}

Result<RepositoryPtr> OpenOrMakeMirror(const std::string& directory) {
  git_repository* repository = nullptr;
  if (git_repository_open_bare(&repository, directory.c_str()) == 0) {
    return RepositoryPtr(repository);
  }
  // Nothing in a mirror is ours alone, so a broken one is not worth a repair.
  std::error_code error;
  std::filesystem::remove_all(directory, error);
  if (error) {
    return MakeError(Errc::kIo,
                     "cannot remove the broken mirror " + directory + ": " + error.message());
  }
  return MakeMirror(directory);
}

Status DeleteRef(git_repository* repository, const std::string& name) {
  const int code = git_reference_remove(repository, name.c_str());
  if (code != 0 && code != GIT_ENOTFOUND) return LastError("cannot remove " + name, code);
  return {};
}

// Ref name -> id it points to, of the mirror.
Result<RefMap> MirrorTips(git_repository* repository) {
  git_reference_iterator* raw = nullptr;
  int code = git_reference_iterator_new(&raw, repository);
  if (code != 0) return LastError("cannot list the mirror's refs", code);
  const IteratorPtr iterator(raw);
  RefMap tips;
  git_reference* next = nullptr;
  while ((code = git_reference_next(&next, iterator.get())) == 0) {
    const ReferencePtr reference(next);
    const git_oid* id = git_reference_target(reference.get());
    if (id != nullptr) tips[git_reference_name(reference.get())] = IdText(*id);
  }
  if (code != GIT_ITEROVER) return LastError("cannot list the mirror's refs", code);
  return tips;
}

// Before the fetch, so that a branch a/b may follow a branch a.
Status Prune(git_repository* repository, const RemoteRefs& remote, const RefMap& mirror) {
  for (const auto& [name, id] : mirror) {
    if (IsTrackedRef(name) && !remote.tips.contains(name)) {
      TRY_VOID(DeleteRef(repository, name));
    }
  }
  if (remote.tips.contains("HEAD") && remote.head_target.empty()) return {};
  return DeleteRef(repository, kDetachedHead);
}

Status SetHead(git_repository* repository, const RemoteRefs& remote) {
  if (remote.head_target.empty()) return {};
  git_reference* raw = nullptr;
  const int code = git_reference_symbolic_create(&raw, repository, "HEAD",
                                                 remote.head_target.c_str(), 1, nullptr);
  const ReferencePtr reference(raw);
  if (code != 0) return LastError("cannot set the mirror's HEAD", code);
  return {};
}

bool HasCommit(git_repository* repository, const std::string& id) {
  git_oid oid;
  git_commit* raw = nullptr;
  if (git_oid_fromstr(&oid, id.c_str()) != 0) return false;
  const int code = git_commit_lookup(&raw, repository, &oid);
  const CommitPtr commit(raw);
  return code == 0;
}

// The commit that `name` is among the mirror's objects: in full, or an abbreviation of one only.
Result<std::string> FindCommit(git_repository* repository, const std::string& name) {
  git_oid id;
  int code = git_oid_fromstrn(&id, name.data(), name.size());
  git_object* raw = nullptr;
  if (code == 0) {
    code = git_object_lookup_prefix(&raw, repository, &id, name.size(), GIT_OBJECT_COMMIT);
  }
  const ObjectPtr object(raw);
  if (code == GIT_EAMBIGUOUS) {
    return MakeError(Errc::kInvalidArgument,
                     "\"" + name + "\" is the beginning of several commits; write all 40 digits");
  }
  if (code != 0) {
    return MakeError(Errc::kNotFound,
                     "the repository has no commit \"" + name + "\" on a branch or tag");
  }
  return IdText(*git_object_id(object.get()));
}

// `repository` is null for what ls-remote alone can tell.
ResolvedRevision ResolveOne(git_repository* repository, const std::string& text,
                            const RefMap& refs) {
  ResolvedRevision revision{.name = text};
  const auto fail = [&](Error error) {
    revision.ref.clear();
    revision.commit = RevisionId();
    revision.error = std::move(error);
    return revision;
  };
  const auto name = ParseRevision(text);
  if (!name) return fail(name.error());
  const bool is_id = name->kind == RevisionName::Kind::kCommit;
  const bool is_full_id = is_id && text.size() == 40;
  const auto ref = FindRef(*name, refs);
  // A full id is that commit, whatever somebody named a branch.
  if (ref && !is_full_id) {
    revision.ref = *ref;
    revision.commit = RevisionId(refs.at(*ref));
    if (repository == nullptr || HasCommit(repository, revision.commit.str())) return revision;
    return fail(MakeError(Errc::kInvalidArgument, "\"" + text + "\" is not a commit"));
  }
  if (!is_id) return fail(ref.error());
  if (repository == nullptr) {
    if (!is_full_id) {
      return fail(MakeError(Errc::kUnsupported,
                            "an abbreviated commit id cannot be looked up on the server"));
    }
    revision.commit = RevisionId(text);
    return revision;
  }
  const auto commit = FindCommit(repository, text);
  if (!commit) return fail(commit.error());
  revision.commit = RevisionId(*commit);
  return revision;
}

FetchResult ResolveAll(git_repository* repository, const std::vector<std::string>& names,
                       const RefMap& refs) {
  FetchResult result;
  for (const std::string& name : names) {
    result.revisions.push_back(ResolveOne(repository, name, refs));
  }
  return result;
}

// Names of commits that the mirror already has need no fetch.
std::vector<RevisionName> NamesToFetch(git_repository* repository,
                                       const std::vector<std::string>& revisions) {
  std::vector<RevisionName> names;
  for (const std::string& revision : revisions) {
    const auto name = ParseRevision(revision);
    if (!name) continue;
    const bool known = name->kind == RevisionName::Kind::kCommit && name->text.size() == 40 &&
                       HasCommit(repository, name->text);
    if (!known) names.push_back(*name);
  }
  return names;
}

// The refspecs of what the mirror does not have yet.
std::vector<std::string> Refspecs(git_repository* repository, const RemoteRefs& remote,
                                  const RefMap& mirror, const std::vector<std::string>& revisions) {
  std::vector<std::string> refspecs;
  for (std::string ref : RefsToFetch(NamesToFetch(repository, revisions), remote.refs)) {
    std::string here = ref;
    if (ref == "HEAD") {
      ref = remote.head_target.empty() ? "HEAD" : remote.head_target;
      here = remote.head_target.empty() ? kDetachedHead : remote.head_target;
    }
    const auto tip = remote.tips.find(ref);
    const auto have = mirror.find(here);
    if (tip == remote.tips.end()) continue;  // HEAD's branch is not announced
    if (have != mirror.end() && have->second == tip->second) continue;
    std::string refspec = "+" + ref + ":" + here;
    refspecs.push_back(std::move(refspec));
  }
  std::sort(refspecs.begin(), refspecs.end());
  refspecs.erase(std::unique(refspecs.begin(), refspecs.end()), refspecs.end());
  return refspecs;
}

}  // namespace

Result<RepositoryPtr> OpenMirror(const std::string& directory) {
  git_repository* repository = nullptr;
  const int code = git_repository_open_bare(&repository, directory.c_str());
  if (code == GIT_ENOTFOUND) {
    return MakeError(Errc::kNotFound, "the repository was not fetched yet");
  }
  if (code != 0) {
    return MakeError(Errc::kCorrupt, "the mirror is damaged: fetch the repository again");
  }
  return RepositoryPtr(repository);
}

Result<FetchResult> List(const WorkerRequest& request) {
  TRY(const auto remote, Remote::Connect(request, nullptr));
  return ResolveAll(nullptr, request.revisions, remote->refs().refs);
}

Result<FetchResult> Fetch(const WorkerRequest& request) {
  TRY(const MirrorLock lock, MirrorLock::Take(request.mirror));
  TRY(const RepositoryPtr repository, OpenOrMakeMirror(request.mirror));
  TRY(const auto remote, Remote::Connect(request, repository.get()));
  TRY(const RefMap mirror, MirrorTips(repository.get()));
  TRY_VOID(Prune(repository.get(), remote->refs(), mirror));
  TRY_VOID(SetHead(repository.get(), remote->refs()));
  auto refspecs = Refspecs(repository.get(), remote->refs(), mirror, request.revisions);
  const bool download = !refspecs.empty();
  if (download) {
    TRY_VOID(remote->Fetch(std::move(refspecs)));
  }
  FetchResult result = ResolveAll(repository.get(), request.revisions, remote->refs().refs);
  result.downloaded = download;
  result.received_bytes = remote->received_bytes();
  // Upkeep that fails loses nothing; the next fetch tries again.
  if (download) (void)JoinPacks(repository.get(), kManyPacks);
  return result;
}

Result<FetchResult> Resolve(const WorkerRequest& request) {
  TRY(const RepositoryPtr repository, OpenMirror(request.mirror));
  TRY(RefMap refs, MirrorTips(repository.get()));
  for (auto& [name, id] : refs) {
    git_oid oid;
    git_object* raw = nullptr;
    if (git_oid_fromstr(&oid, id.c_str()) != 0) continue;
    if (git_object_lookup(&raw, repository.get(), &oid, GIT_OBJECT_ANY) != 0) continue;
    const ObjectPtr object(raw);
    git_object* commit = nullptr;
    if (git_object_peel(&commit, object.get(), GIT_OBJECT_COMMIT) != 0) continue;
    id = IdText(*git_object_id(ObjectPtr(commit).get()));
  }
  git_oid head;
  if (const auto detached = refs.find(kDetachedHead); detached != refs.end()) {
    refs["HEAD"] = detached->second;
  } else if (git_reference_name_to_id(&head, repository.get(), "HEAD") == 0) {
    refs["HEAD"] = IdText(head);
  }
  std::erase_if(refs,
                [](const auto& ref) { return ref.first != "HEAD" && !IsTrackedRef(ref.first); });
  return ResolveAll(repository.get(), request.revisions, refs);
}

}  // namespace dunlin::git
