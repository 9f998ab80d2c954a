#include "hub/git/remote.h"

#include <filesystem>

#include "hub/git/socket_stream.h"
#include "hub/git/ssh_transport.h"
#include "hub/git/url.h"
#include "protocol/base/limits.h"

namespace dunlin::git {
namespace {

constexpr std::string_view kPeeled = "^{}";

// The directory itself, after all symbolic links, must lie under a root after all of its own.
Result<std::string> LocalDirectory(const catalog::RepoUrl& url, const WorkerRequest& request) {
  std::error_code error;
  const auto real = std::filesystem::canonical(url.path, error);
  if (error) {
    return MakeError(Errc::kNotFound, "there is no local repository " + url.path);
  }
  std::vector<std::string> roots;
  for (const std::string& root : request.local_roots) {
    const auto real_root = std::filesystem::canonical(root, error);
    if (!error) roots.push_back(real_root.string());
  }
  if (IsUnder(real.string(), roots)) return real.string();
  return MakeError(Errc::kPermission, url.path +
                                          " is not below a directory of git.localRoots in the "
                                          "hub's configuration");
}

Result<std::string> Address(const WorkerRequest& request) {
  UrlPolicy policy;
  policy.local_roots = request.local_roots;
  policy.allow_insecure_http = request.allow_insecure_http;
  TRY(const catalog::RepoUrl url, CheckUrl(request.url, policy));
  using Scheme = catalog::RepoUrl::Scheme;
  if (url.scheme == Scheme::kLocal) return LocalDirectory(url, request);
  if (url.scheme != Scheme::kSsh) {
    const uint16_t usual = url.scheme == Scheme::kHttps ? 443 : 80;
    PinServer(url.host, url.port == 0 ? usual : url.port);
    return url.Text();
  }
  TRY_VOID(UseSsh(request, url));
  return std::string("ssh://host/path");  // UseSsh has the real one
}

}  // namespace

Result<std::unique_ptr<Remote>> Remote::Connect(const WorkerRequest& request,
                                                git_repository* repository) {
  TRY(const std::string address, Address(request));
  std::unique_ptr<Remote> self(new Remote(request));
  git_remote* remote = nullptr;
  int code = repository != nullptr
                 ? git_remote_create_anonymous(&remote, repository, address.c_str())
                 : git_remote_create_detached(&remote, address.c_str());
  self->remote_.reset(remote);
  if (code != 0) return LastError("cannot use the repository's address", code);

  git_remote_connect_options options = GIT_REMOTE_CONNECT_OPTIONS_INIT;
  options.callbacks = self->Callbacks();
  options.proxy_opts = self->Proxy();
  options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
  code = git_remote_connect_ext(self->remote_.get(), GIT_DIRECTION_FETCH, &options);
  if (code != 0) return LastError("cannot reach the repository", code);
  TRY_VOID(self->ReadRefs());
  return self;
}

Status Remote::ReadRefs() {
  const git_remote_head** heads = nullptr;
  size_t count = 0;
  const int code = git_remote_ls(&heads, &count, remote_.get());
  if (code != 0) return LastError("cannot list the repository's refs", code);
  if (count > limits::kGitRefs) {
    return MakeError(Errc::kLimit, "the repository announces more than " +
                                       std::to_string(limits::kGitRefs) + " refs");
  }
  for (size_t i = 0; i < count; ++i) {
    const std::string_view name = heads[i]->name;
    const std::string id = IdText(heads[i]->oid);
    if (name == "HEAD") {
      refs_.refs["HEAD"] = refs_.tips["HEAD"] = id;
      const char* target = heads[i]->symref_target;
      if (target != nullptr && IsTrackedRef(target)) refs_.head_target = target;
    } else if (name.size() > kPeeled.size() &&
               name.substr(name.size() - kPeeled.size()) == kPeeled) {
      // The peeled line comes after its tag and takes its place.
      const std::string tag(name.substr(0, name.size() - kPeeled.size()));
      if (IsTrackedRef(tag)) refs_.refs[tag] = id;
    } else if (IsTrackedRef(name)) {
      // A name that we would refuse to be asked for is not fetched either.
      if (!ParseRevision(name)) continue;
      refs_.refs[std::string(name)] = refs_.tips[std::string(name)] = id;
    }
  }
  return {};
}

Status Remote::Fetch(std::vector<std::string> refspecs) {
  std::vector<char*> pointers;
  for (std::string& refspec : refspecs) pointers.push_back(refspec.data());
  const git_strarray list{pointers.data(), pointers.size()};
  git_fetch_options options = GIT_FETCH_OPTIONS_INIT;
  options.callbacks = Callbacks();
  options.proxy_opts = Proxy();
  options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
  options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
  options.update_fetchhead = 0;
  options.prune = GIT_FETCH_NO_PRUNE;
  // git_remote_fetch would take leave of the server before it tells what is wrong with the pack,
  // and one that is gone by then would look like the reason.
  int code = git_remote_download(remote_.get(), &list, &options);
  if (code != 0) return LastError("cannot fetch", code);
  code = git_remote_update_tips(remote_.get(), &options.callbacks, 0, GIT_REMOTE_DOWNLOAD_TAGS_NONE,
                                "fetch");
  if (code != 0) return LastError("cannot store the fetched refs", code);
  return {};
}

git_remote_callbacks Remote::Callbacks() {
  git_remote_callbacks callbacks = GIT_REMOTE_CALLBACKS_INIT;
  callbacks.credentials = OnCredentials;
  callbacks.transfer_progress = OnProgress;
  callbacks.payload = this;
  return callbacks;
}

git_proxy_options Remote::Proxy() const {
  git_proxy_options proxy = GIT_PROXY_OPTIONS_INIT;
  proxy.type = GIT_PROXY_NONE;
  return proxy;
}

int Remote::OnCredentials(git_credential** out, const char*, const char*, unsigned int allowed,
                          void* payload) {
  Remote& self = *static_cast<Remote*>(payload);
  if (self.request_.password.empty()) {
    SetCallbackError(MakeError(Errc::kUnauthenticated,
                               "the server asks for credentials; name them in a Source, or the "
                               "repository does not exist"));
    return GIT_EUSER;
  }
  // Asked again means refused: the same answer would loop for ever.
  if (self.credentials_given_ || (allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT) == 0) {
    SetCallbackError(
        MakeError(Errc::kUnauthenticated,
                  "the server refuses the credentials; check the Source's username and password"));
    return GIT_EUSER;
  }
  self.credentials_given_ = true;
  const std::string user = self.request_.username.empty() ? "git" : self.request_.username;
  return git_credential_userpass_plaintext_new(out, user.c_str(), self.request_.password.c_str());
}

int Remote::OnProgress(const git_indexer_progress* progress, void* payload) {
  Remote& self = *static_cast<Remote*>(payload);
  self.received_bytes_ = progress->received_bytes;
  if (progress->total_objects > self.request_.max_objects) {
    SetCallbackError(MakeError(
        Errc::kLimit,
        "the server sends more than " + std::to_string(self.request_.max_objects) + " objects"));
    return GIT_EUSER;
  }
  if (self.request_.max_bytes != 0 && progress->received_bytes > self.request_.max_bytes) {
    SetCallbackError(MakeError(
        Errc::kLimit,
        "the server sends more than " + std::to_string(self.request_.max_bytes) + " bytes"));
    return GIT_EUSER;
  }
  return 0;
}

}  // namespace dunlin::git
