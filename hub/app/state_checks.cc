// The hub's data directory and its keys, for `doctor`.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "hub/app/check.h"
#include "protocol/base/random.h"

namespace dunlin::hub {

namespace {

constexpr uint64_t kLeastFreeMib = 200;
constexpr const char* kData = "data directory";
constexpr const char* kKeys = "keys";

// What an earlier run as another user (root, mostly) left behind.
std::string NotWritable(const std::string& data) {
  for (const char* part : {"", "/keys", "/bundles", "/mirrors", "/sandboxes", "/hub.db",
                           "/hub.db-wal", "/hub.db-shm", "/hub.db.lock"}) {
    const std::string path = data + part;
    if (access(path.c_str(), F_OK) == 0 && access(path.c_str(), W_OK) != 0) return path;
  }
  return "";
}

Check Unreadable(const HubConfig& config, const Error& error) {
  return Failed(kKeys, error.message,
                error.code == Errc::kNotFound
                    ? "no hub was made here: run dunlin-hub init --data " + config.data +
                          ", or correct data in the configuration"
                    : "bring back keys/ and root.json from a backup: agents trust these keys only");
}

}  // namespace

Check CheckData(const std::string& data) {
  struct stat info {};
  if (stat(data.c_str(), &info) != 0) {
    return Failed(kData, data + " does not exist", "run: dunlin-hub init --data " + data);
  }
  if (const std::string path = NotWritable(data); !path.empty()) {
    return Failed(
        kData, path + " cannot be written by this user (uid " + std::to_string(geteuid()) + ")",
        "run as its owner, or give it to the user that runs the hub: chown -R USER " + data);
  }
  if ((info.st_mode & 077) != 0) {
    return Failed(kData, data + " is open to other users", "run: chmod 700 " + data);
  }
  std::error_code error;
  const auto space = std::filesystem::space(data, error);
  const uint64_t free_mib = error ? 0 : space.available >> 20;
  const std::string free = std::to_string(free_mib) + " MiB free";
  if (free_mib < kLeastFreeMib) return Failed(kData, free, "free some space");
  return Passed(kData, data + ", " + free);
}

Check CheckKeys(const HubConfig& config, TimePoint now, std::optional<HubKeys>& keys) {
  auto loaded = LoadKeys(config.data);
  if (!loaded) return Unreadable(config, loaded.error());
  const auto server = crypto::PrivateKey::FromPem(loaded->server_key_pem);
  if (!server) return Unreadable(config, server.error());
  const auto certificate = crypto::ParseCertificatePem(loaded->server_pem);
  if (!certificate) return Unreadable(config, certificate.error());
  if (certificate->key != server->Public()) {
    return Failed(kKeys, "keys/server.pem is not the certificate of keys/server.key",
                  "bring back both from one backup");
  }
  SystemRandom random;
  const auto names = MakeServerCertificate(*loaded, config.names, now, random);
  if (!names) {
    return Failed(kKeys, "no server certificate can be made: " + names.error().message,
                  "correct names in the configuration");
  }
  keys.emplace(std::move(*loaded));
  const std::string expires = FormatTime(keys->root.expires);
  if (keys->root.expires <= now) {
    return Failed(kKeys, "the root document expired at " + expires, "sign a new root document");
  }
  return Passed(kKeys, "root document valid until " + expires);
}

}  // namespace dunlin::hub
