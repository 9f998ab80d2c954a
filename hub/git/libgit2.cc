#include "hub/git/libgit2.h"

#include <string_view>

#include "hub/git/socket_stream.h"
#include "hub/git/ssh_transport.h"
#include "protocol/base/limits.h"

namespace dunlin::git {
namespace {

constexpr size_t kQuotedBytes = 200;
constexpr size_t kMappedPackBytes = 512 * limits::kMiB;  // of packs mapped at one time

std::optional<Error>& CallbackError() {
  static std::optional<Error> error;
  return error;
}

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// libgit2 tells HTTP answers in words only ("unexpected http status code: 404").
std::optional<Error> HttpError(std::string_view words) {
  if (Contains(words, "too many redirects")) {
    return MakeError(Errc::kPermission, "the server redirects again and again");
  }
  if (Contains(words, "redirect") || Contains(words, "status code: 30")) {
    // A Location can be as long as the server likes.
    return MakeError(Errc::kPermission, "the server redirects (" +
                                            std::string(words.substr(0, kQuotedBytes)) +
                                            "); write the address that it leads to as the repo");
  }
  if (Contains(words, "stream ended at an unexpected time") ||
      Contains(words, "could not read from remote repository")) {
    return MakeError(Errc::kUnavailable,
                     "the server ended the connection in the middle of its answer");
  }
  if (Contains(words, "status code: 401") || Contains(words, "authentication")) {
    return MakeError(
        Errc::kUnauthenticated,
        "the server refuses the credentials; check the Source's username and password");
  }
  if (Contains(words, "status code: 403")) {
    return MakeError(Errc::kPermission, "the credentials may not read this repository");
  }
  if (Contains(words, "status code: 404") || Contains(words, "status code: 410")) {
    return MakeError(Errc::kNotFound,
                     "the server knows no such repository (or hides it without credentials)");
  }
  if (Contains(words, "status code: 5") || Contains(words, "status code: 429")) {
    return MakeError(Errc::kUnavailable, "the server answers \"" + std::string(words) + "\"");
  }
  return std::nullopt;
}

// "the SSL certificate is invalid: 0x1 - The certificate validity has expired"
Error CertificateError(std::string_view words) {
  const size_t reason = words.find(" - ");
  if (reason != std::string_view::npos) words = words.substr(reason + 3);
  return MakeError(Errc::kSignature,
                   "the server's TLS certificate is not trusted (" + std::string(words) +
                       "); if it is of a private CA, name its file in the Source");
}

Errc CodeOf(int code, int klass, std::string_view words) {
  switch (code) {
    case GIT_ENOTFOUND:
      return Errc::kNotFound;
    case GIT_EAUTH:
      return Errc::kUnauthenticated;
    case GIT_TIMEOUT:
      return Errc::kTimeout;
    case GIT_EINVALIDSPEC:
    case GIT_EAMBIGUOUS:
      return Errc::kInvalidArgument;
    case GIT_EMISMATCH:
      return Errc::kCorrupt;
    default:
      break;
  }
  if (Contains(words, "object format") || Contains(words, "object type mismatch")) {
    return Errc::kUnsupported;
  }
  if (Contains(words, "maximum object") || Contains(words, "too many objects") ||
      Contains(words, "too large") || Contains(words, "overly large")) {
    return Errc::kLimit;
  }
  switch (klass) {
    case GIT_ERROR_NET:
    case GIT_ERROR_HTTP:
    case GIT_ERROR_SSH:
    case GIT_ERROR_SSL:  // all but the certificate
      return Errc::kUnavailable;
    case GIT_ERROR_OS:
    case GIT_ERROR_FILESYSTEM:
      return Errc::kIo;
    case GIT_ERROR_ZLIB:
    case GIT_ERROR_ODB:
    case GIT_ERROR_INDEXER:
    case GIT_ERROR_OBJECT:
    case GIT_ERROR_TREE:
    case GIT_ERROR_TAG:
    case GIT_ERROR_REFERENCE:
    case GIT_ERROR_REPOSITORY:
      return Errc::kCorrupt;
    default:
      return Errc::kInternal;
  }
}

}  // namespace

void SetCallbackError(Error error) {
  if (!CallbackError()) CallbackError() = std::move(error);
}

Error LastError(const std::string& what, int code) {
  if (CallbackError()) return *CallbackError();
  const git_error* last = git_error_last();
  const std::string words = last != nullptr && last->message != nullptr ? last->message : "";
  const int klass = last != nullptr ? last->klass : GIT_ERROR_NONE;
  if (code == GIT_ECERTIFICATE) return CertificateError(words);
  if (klass == GIT_ERROR_HTTP || klass == GIT_ERROR_NET) {
    if (auto error = HttpError(words)) return *error;
  }
  return MakeError(CodeOf(code, klass, words), what + (words.empty() ? "" : ": " + words));
}

std::string IdText(const git_oid& id) {
  char text[GIT_OID_SHA1_HEXSIZE + 1] = "";
  git_oid_tostr(text, sizeof text, &id);
  return text;
}

Status StartLibrary(const WorkerRequest& request) {
  if (git_libgit2_init() < 0) return LastError("cannot start libgit2", GIT_ERROR);
  int code = 0;
  for (const int level : {GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL,
                          GIT_CONFIG_LEVEL_PROGRAMDATA}) {
    code |= git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
  }
  code |= git_libgit2_opts(GIT_OPT_SET_TEMPLATE_PATH, "");
  code |= git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECTS, static_cast<size_t>(request.max_objects));
  code |= git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECT_SIZE, limits::kGitObjectBytes);
  code |= git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, kMappedPackBytes);
  code |= git_libgit2_opts(GIT_OPT_SET_USER_AGENT_PRODUCT, "git/2.0 (dunlin)");
  // The directories of git.localRoots are the operator's; who owns a repository below them is not
  // asked, since nothing in it is ever run.
  code |= git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
  if (code != 0) return LastError("cannot set up libgit2", code);
  if (!request.ca_file.empty() &&
      git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, request.ca_file.c_str(), nullptr) != 0) {
    return MakeError(Errc::kInvalidArgument,
                     "the Source's CA file holds no certificate in PEM form");
  }
  TRY_VOID(RegisterSocketStream(request.allow_networks, request.silence));
  return RegisterSshTransport();
}

}  // namespace dunlin::git
