// What the hub and its git-worker child say to each other over the child's stdin and stdout. One
// request per process: the hub writes one 'Q' frame and closes stdin; the worker answers and exits.
//
//   frame   = type (1 byte), length (4 bytes big endian), payload
//   'Q'     hub -> worker: the request, JSON, at most limits::kGitRequestBytes
//   'T'     worker -> hub: one file of a tree: mode (4 bytes big endian), size (8 bytes big
//   endian),
//           blob id (40 hex digits), path (the rest, UTF-8)
//   'D'     the bytes of the 'T' before it, when they were asked for; once per file, also
//           when empty, but not for a submodule
//   'R'     the result, JSON; the last frame of a success
//   'X'     {"code", "message"}; the last frame of a failure
//
// Pure codec. The hub does not trust the worker, which parses packs from anywhere: lengths are
// capped at limits::kGitFrameBytes and every field is checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hub/git/git.h"
#include "protocol/base/bytes.h"
#include "protocol/base/limits.h"
#include "protocol/base/result.h"
#include "protocol/base/time.h"

namespace dunlin::git {

struct Frame {
  char type = 0;
  Bytes payload;
};

std::string EncodeFrame(char type, BytesView payload);

// Takes bytes as they come, gives frames. Next(): nothing = more bytes needed; kLimit, kCorrupt =
// the stream is unusable.
class FrameReader {
 public:
  explicit FrameReader(size_t max_payload) : max_payload_(max_payload) {}
  void Feed(BytesView bytes) { buffer_ += bytes; }
  Result<std::optional<Frame>> Next();
  // True between frames: the stream may end here.
  bool AtBoundary() const { return buffer_.size() == used_; }

 private:
  size_t max_payload_;
  Bytes buffer_;
  size_t used_ = 0;
};

struct WorkerRequest {
  enum class Op { kFetch, kList, kResolve, kRead };
  Op op = Op::kFetch;
  std::string mirror;                              // directory of the bare mirror
  std::string url;                                 // fetch, list
  std::vector<std::string> revisions;              // fetch, list, resolve
  RevisionId commit;                               // read
  std::vector<std::string> paths;                  // read; empty = the whole tree
  bool with_bytes = false;                         // read
  uint64_t max_bytes = 0;                          // read, fetch: of what is received or returned
  uint64_t max_objects = limits::kGitPackObjects;  // fetch
  // How the source may be reached.
  std::vector<std::string> local_roots;
  std::vector<std::string> allow_networks;
  bool allow_insecure_http = false;
  Millis silence{30'000};  // of the server, before it counts as away
  std::string username;
  Bytes password;
  std::string ssh_program;
  std::string ssh_key_file;
  std::string known_hosts_file;
  std::string ca_file;
};

std::string EncodeRequest(const WorkerRequest& request);
Result<WorkerRequest> DecodeRequest(std::string_view json);

std::string EncodeFetchResult(const FetchResult& result);
Result<FetchResult> DecodeFetchResult(std::string_view json);

std::string EncodeMissing(const std::vector<std::string>& missing);
Result<std::vector<std::string>> DecodeMissing(std::string_view json);

std::string EncodeError(const Error& error);
// The error itself, or kCorrupt when it cannot be read.
Error DecodeError(std::string_view json);

// A 'T' payload. `bytes` is not part of it.
std::string EncodeEntry(const TreeEntry& entry);
Result<TreeEntry> DecodeEntry(BytesView payload);

}  // namespace dunlin::git
