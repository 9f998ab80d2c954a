#include "hub/git/worker_protocol.h"

#include <algorithm>

#include "protocol/base/limits.h"
#include "protocol/object/json.h"

namespace dunlin::git {
namespace {

constexpr size_t kHeader = 5;
constexpr size_t kIdDigits = 40;
constexpr size_t kEntryHeader = 4 + 8 + kIdDigits;
constexpr object::ParseOptions kJson{.max_depth = 8, .max_bytes = 64 * limits::kMiB};

constexpr std::string_view kOps[] = {"fetch", "list", "resolve", "read"};

constexpr Errc kCodes[] = {
    Errc::kInvalidArgument, Errc::kCorrupt,     Errc::kSignature,       Errc::kExpired,
    Errc::kRollback,        Errc::kUnsupported, Errc::kLimit,           Errc::kNotFound,
    Errc::kConflict,        Errc::kPermission,  Errc::kUnauthenticated, Errc::kPrecondition,
    Errc::kUnavailable,     Errc::kTimeout,     Errc::kCancelled,       Errc::kIo,
    Errc::kInternal,
};

void PutBigEndian(std::string& out, uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    out += static_cast<char>((value >> shift) & 0xff);
  }
}

uint64_t GetBigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char c : bytes) value = (value << 8) | static_cast<unsigned char>(c);
  return value;
}

Error Corrupt(const std::string& what) { return MakeError(Errc::kCorrupt, "git-worker: " + what); }

bool IsCommitId(std::string_view text) {
  return text.size() == kIdDigits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

object::Array ListOf(const std::vector<std::string>& list) {
  object::Array array;
  for (const std::string& text : list) array.emplace_back(text);
  return array;
}

Result<std::vector<std::string>> Strings(const object::Value& value, std::string_view name) {
  std::vector<std::string> list;
  const object::Array* array = object::FindArray(value, {name});
  if (array == nullptr) return Corrupt(std::string(name) + " is no list");
  for (const object::Value& item : *array) {
    if (!item.is_string()) return Corrupt(std::string(name) + " holds no text");
    list.emplace_back(object::View(item.get_string()));
  }
  return list;
}

object::Object ErrorObject(const Error& error) {
  object::Object object;
  object["code"] = Name(error.code);
  object["message"] = error.message;
  return object;
}

Error ErrorOf(const object::Value& value) {
  const std::string_view name = object::FindString(value, {"code"});
  for (const Errc code : kCodes) {
    if (Name(code) != name) continue;
    return MakeError(code, std::string(object::FindString(value, {"message"})));
  }
  return Corrupt("an error without a known code");
}

}  // namespace

std::string EncodeFrame(char type, BytesView payload) {
  std::string frame(1, type);
  PutBigEndian(frame, payload.size(), 4);
  frame += payload;
  return frame;
}

Result<std::optional<Frame>> FrameReader::Next() {
  const std::string_view rest = std::string_view(buffer_).substr(used_);
  std::optional<Frame> frame;
  if (rest.size() < kHeader) return frame;
  const uint64_t length = GetBigEndian(rest.substr(1, 4));
  if (std::string_view("QTDRX").find(rest[0]) == std::string_view::npos) {
    return Corrupt("a frame of unknown type");
  }
  if (length > max_payload_) return MakeError(Errc::kLimit, "git-worker: a frame is too long");
  if (rest.size() < kHeader + length) {
    // What is used goes only when it pays, so that many small frames cost one copy.
    buffer_.erase(0, used_);
    used_ = 0;
    return frame;
  }
  frame = Frame{rest[0], Bytes(rest.substr(kHeader, length))};
  used_ += kHeader + length;
  if (used_ == buffer_.size()) {
    buffer_.clear();
    used_ = 0;
  }
  return frame;
}

std::string EncodeRequest(const WorkerRequest& request) {
  object::Object object;
  object["op"] = kOps[static_cast<int>(request.op)];
  object["mirror"] = request.mirror;
  object["url"] = request.url;
  object["revisions"] = ListOf(request.revisions);
  object["commit"] = request.commit.str();
  object["paths"] = ListOf(request.paths);
  object["withBytes"] = request.with_bytes;
  object["maxBytes"] = request.max_bytes;
  object["maxObjects"] = request.max_objects;
  object["localRoots"] = ListOf(request.local_roots);
  object["allowNetworks"] = ListOf(request.allow_networks);
  object["allowInsecureHttp"] = request.allow_insecure_http;
  object["silenceMs"] = request.silence.count();
  object["username"] = request.username;
  object["password"] = Base64Encode(request.password);  // any bytes
  object["sshProgram"] = request.ssh_program;
  object["sshKeyFile"] = request.ssh_key_file;
  object["knownHostsFile"] = request.known_hosts_file;
  object["caFile"] = request.ca_file;
  return object::CanonicalJson(object::Value(std::move(object)));
}

Result<WorkerRequest> DecodeRequest(std::string_view json) {
  TRY(const object::Value value, object::ParseJson(json, kJson));
  WorkerRequest request;
  const auto op = std::find(std::begin(kOps), std::end(kOps), object::FindString(value, {"op"}));
  if (op == std::end(kOps)) return Corrupt("an unknown operation");
  request.op = static_cast<WorkerRequest::Op>(op - std::begin(kOps));
  const auto text = [&](std::string_view name) {
    return std::string(object::FindString(value, {name}));
  };
  request.mirror = text("mirror");
  request.url = text("url");
  TRY(request.revisions, Strings(value, "revisions"));
  request.commit = RevisionId(text("commit"));
  TRY(request.paths, Strings(value, "paths"));
  request.with_bytes = object::FindBool(value, {"withBytes"}).value_or(false);
  const auto number = [&](std::string_view name) {
    return std::max<int64_t>(0, object::FindInt(value, {name}).value_or(0));
  };
  request.max_bytes = static_cast<uint64_t>(number("maxBytes"));
  request.max_objects = static_cast<uint64_t>(number("maxObjects"));
  TRY(request.local_roots, Strings(value, "localRoots"));
  TRY(request.allow_networks, Strings(value, "allowNetworks"));
  request.allow_insecure_http = object::FindBool(value, {"allowInsecureHttp"}).value_or(false);
  request.silence = Millis(number("silenceMs"));
  request.username = text("username");
  TRY(request.password, Base64Decode(text("password")));
  request.ssh_program = text("sshProgram");
  request.ssh_key_file = text("sshKeyFile");
  request.known_hosts_file = text("knownHostsFile");
  request.ca_file = text("caFile");
  if (request.mirror.empty()) return Corrupt("no mirror");
  return request;
}

std::string EncodeFetchResult(const FetchResult& result) {
  object::Array revisions;
  for (const ResolvedRevision& revision : result.revisions) {
    object::Object item;
    item["name"] = revision.name;
    item["ref"] = revision.ref;
    item["commit"] = revision.commit.str();
    if (revision.error) item["error"] = ErrorObject(*revision.error);
    revisions.emplace_back(std::move(item));
  }
  object::Object object;
  object["revisions"] = std::move(revisions);
  object["downloaded"] = result.downloaded;
  object["receivedBytes"] = result.received_bytes;
  return object::CanonicalJson(object::Value(std::move(object)));
}

Result<FetchResult> DecodeFetchResult(std::string_view json) {
  TRY(const object::Value value, object::ParseJson(json, kJson));
  FetchResult result;
  const object::Array* revisions = object::FindArray(value, {"revisions"});
  if (revisions == nullptr) return Corrupt("a result without revisions");
  for (const object::Value& item : *revisions) {
    ResolvedRevision revision;
    revision.name = std::string(object::FindString(item, {"name"}));
    if (const object::Value* error = object::Find(item, {"error"})) {
      revision.error = ErrorOf(*error);
    } else {
      revision.ref = std::string(object::FindString(item, {"ref"}));
      revision.commit = RevisionId(std::string(object::FindString(item, {"commit"})));
      if (!IsCommitId(revision.commit.str())) return Corrupt("a revision without a commit id");
    }
    result.revisions.push_back(std::move(revision));
  }
  result.downloaded = object::FindBool(value, {"downloaded"}).value_or(false);
  const int64_t received = object::FindInt(value, {"receivedBytes"}).value_or(0);
  result.received_bytes = received < 0 ? 0 : static_cast<uint64_t>(received);
  return result;
}

std::string EncodeMissing(const std::vector<std::string>& missing) {
  object::Object object;
  object["missing"] = ListOf(missing);
  return object::CanonicalJson(object::Value(std::move(object)));
}

Result<std::vector<std::string>> DecodeMissing(std::string_view json) {
  TRY(const object::Value value, object::ParseJson(json, kJson));
  return Strings(value, "missing");
}

std::string EncodeError(const Error& error) {
  return object::CanonicalJson(object::Value(ErrorObject(error)));
}

Error DecodeError(std::string_view json) {
  const auto value = object::ParseJson(json, kJson);
  return value ? ErrorOf(*value) : Corrupt("an error that is no JSON");
}

std::string EncodeEntry(const TreeEntry& entry) {
  std::string payload;
  PutBigEndian(payload, entry.mode, 4);
  PutBigEndian(payload, entry.size, 8);
  payload += entry.blob;
  payload += entry.path;
  return payload;
}

Result<TreeEntry> DecodeEntry(BytesView payload) {
  if (payload.size() <= kEntryHeader || payload.size() > kEntryHeader + limits::kTreePathBytes) {
    return Corrupt("a file entry of a wrong length");
  }
  TreeEntry entry;
  entry.mode = static_cast<uint32_t>(GetBigEndian(payload.substr(0, 4)));
  entry.size = GetBigEndian(payload.substr(4, 8));
  entry.blob = std::string(payload.substr(12, kIdDigits));
  entry.path = std::string(payload.substr(kEntryHeader));
  const bool known = entry.mode == TreeEntry::kFile || entry.mode == TreeEntry::kExecutable ||
                     entry.mode == TreeEntry::kSymlink || entry.mode == TreeEntry::kSubmodule;
  if (!known || !IsCommitId(entry.blob)) return Corrupt("a file entry that makes no sense");
  return entry;
}

}  // namespace dunlin::git
