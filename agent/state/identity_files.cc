#include "agent/state/identity_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "protocol/base/limits.h"
#include "protocol/object/json.h"
#include "protocol/store/files.h"
#include "protocol/wire/json_fields.h"

namespace dunlin::state {

namespace {

constexpr unsigned kPrivate = 0600;

std::string IdentityPath(const std::string& dir) { return dir + "/identity.json"; }

// From reading identity.json to replacing it: a running agent and `set-hub` change different parts
// of it. Not the database's lock, which `run` holds for as long as it lives. Whoever holds this one
// writes one small file, so the other waits.
class IdentityLock {
 public:
  static Result<IdentityLock> Take(const std::string& dir) {
    const std::string path = IdentityPath(dir) + ".lock";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kPrivate);
    if (fd < 0) return Failed("open " + path);
    IdentityLock lock(fd);
    while (::flock(fd, LOCK_EX) != 0) {
      if (errno != EINTR) return Failed("lock " + path);
    }
    return lock;
  }
  IdentityLock(IdentityLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  IdentityLock& operator=(IdentityLock&&) = delete;
  ~IdentityLock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  explicit IdentityLock(int fd) : fd_(fd) {}
  static Error Failed(const std::string& what) {
    return MakeError(errno == EACCES ? Errc::kPermission : Errc::kIo,
                     what + ": " + std::strerror(errno));
  }

  int fd_;
};

// Whether it had to be made.
Result<bool> MakeDirectory(const std::string& dir) {
  if (::mkdir(dir.c_str(), 0700) == 0) return true;
  if (errno == EEXIST) return false;
  return MakeError(errno == EACCES ? Errc::kPermission : Errc::kIo,
                   "make " + dir + ": " + std::strerror(errno));
}

Bytes ToJson(const sync::Identity& identity) {
  return object::CanonicalJson(object::Object{{"agent", identity.agent.str()},
                                              {"agent_host", identity.agent_host},
                                              {"agent_port", identity.agent_port},
                                              {"ca", identity.ca_pem},
                                              {"certificate", identity.certificate_pem},
                                              {"channel", identity.channel},
                                              {"cluster", identity.cluster.str()},
                                              {"cluster_name", identity.cluster_name},
                                              {"generation", identity.generation},
                                              {"hub_url", identity.hub_url},
                                              {"kube_uid", identity.kube_uid},
                                              {"region", identity.region}});
}

Result<sync::Identity> FromJson(BytesView text) {
  TRY(const object::Object json, wire::ParseMessage(text, limits::kIdentityBytes, "identity"));
  sync::Identity out;
  TRY(std::string agent, wire::NeedString(json, "agent"));
  TRY(std::string cluster, wire::NeedString(json, "cluster"));
  out.agent = AgentId(std::move(agent));
  out.cluster = ClusterId(std::move(cluster));
  TRY(out.agent_host, wire::NeedString(json, "agent_host"));
  TRY(const int64_t port, wire::NeedInt(json, "agent_port"));
  if (port < 1 || port > 65535) return MakeError(Errc::kCorrupt, "agent_port is no port");
  out.agent_port = static_cast<uint16_t>(port);
  TRY(out.ca_pem, wire::NeedString(json, "ca"));
  TRY(out.certificate_pem, wire::NeedString(json, "certificate"));
  TRY(out.channel, wire::NeedString(json, "channel"));
  TRY(out.cluster_name, wire::GetString(json, "cluster_name"));
  TRY(out.generation, wire::NeedInt(json, "generation"));
  TRY(out.hub_url, wire::NeedString(json, "hub_url"));
  TRY(out.kube_uid, wire::GetString(json, "kube_uid"));
  TRY(out.region, wire::GetString(json, "region"));
  return out;
}

}  // namespace

Result<sync::Identity> ReadIdentity(const std::string& dir) {
  const std::string path = IdentityPath(dir);
  auto text = ReadFile(path, limits::kIdentityBytes);
  if (!text && text.error().code == Errc::kNotFound) {
    return MakeError(Errc::kPrecondition,
                     dir +
                         " holds no identity: enrol with dunlin-agent enroll --hub URL --token "
                         "TOKEN --state " +
                         dir);
  }
  TRY_VOID(text);
  auto identity = FromJson(*text);
  if (identity) return identity;
  return MakeError(Errc::kCorrupt, path + " is damaged (" + identity.error().message +
                                       "); restore it or enrol again with an empty directory");
}

Result<std::string> ReadAgentKey(const std::string& dir) {
  return ReadFile(dir + "/agent.key", limits::kIdentityBytes);
}

Result<Bytes> ReadRoot(const std::string& dir) {
  return ReadFile(dir + "/root.json", limits::kRootBytes);
}

Result<bool> TakeUnused(const std::string& dir) {
  TRY(const bool made, MakeDirectory(dir));
  auto identity = ReadIdentity(dir);
  if (!identity && identity.error().code == Errc::kPrecondition) return made;
  const std::string who =
      identity ? "cluster " + identity->cluster_name : std::string("a damaged identity");
  return MakeError(Errc::kPrecondition,
                   dir + " is enrolled already (" + who + "); use another --state directory");
}

Status WriteEnrolled(const std::string& dir, const EnrolledFiles& files) {
  TRY_VOID(MakeDirectory(dir));
  TRY_VOID(WriteFileDurably(dir + "/agent.key", files.key_pem, kPrivate));
  TRY_VOID(WriteFileDurably(dir + "/envelope.key", files.envelope_key_pem, kPrivate));
  TRY_VOID(WriteRoot(dir, files.root_raw));
  return WriteIdentity(dir, files.identity);
}

HubPlace PlaceOf(const sync::Identity& identity) {
  return {identity.hub_url, identity.agent_host, identity.agent_port};
}

Status WritePlace(const std::string& dir, const HubPlace& place) {
  TRY(const IdentityLock lock, IdentityLock::Take(dir));
  TRY(sync::Identity identity, ReadIdentity(dir));
  identity.hub_url = place.url;
  identity.agent_host = place.agent_host;
  identity.agent_port = place.agent_port;
  return WriteIdentity(dir, identity);
}

Status WriteRenewed(const std::string& dir, const sync::Identity& identity) {
  TRY(const IdentityLock lock, IdentityLock::Take(dir));
  TRY(sync::Identity stored, ReadIdentity(dir));
  stored.certificate_pem = identity.certificate_pem;
  stored.generation = identity.generation;
  return WriteIdentity(dir, stored);
}

Status WriteIdentity(const std::string& dir, const sync::Identity& identity) {
  return WriteFileDurably(IdentityPath(dir), ToJson(identity), kPrivate);
}

Status WriteRoot(const std::string& dir, BytesView root_raw) {
  return WriteFileDurably(dir + "/root.json", root_raw, kPrivate);
}

}  // namespace dunlin::state
