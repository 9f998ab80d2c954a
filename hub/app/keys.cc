#include "hub/app/keys.h"

#include <arpa/inet.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "protocol/base/limits.h"
#include "protocol/base/random.h"
#include "protocol/store/files.h"
#include "protocol/trust/signing.h"

namespace dunlin::hub {

namespace {

constexpr std::chrono::days kCaLife{3650};
constexpr std::chrono::days kRootLife{365};
constexpr std::chrono::days kServerLife{397};
// Clocks of the edge may be behind ours.
constexpr std::chrono::hours kBackdate{1};

std::string KeyPath(const std::string& data, const std::string& name) {
  return data + "/keys/" + name;
}

bool IsAddress(const std::string& name) {
  unsigned char buffer[sizeof(in6_addr)];
  return inet_pton(AF_INET, name.c_str(), buffer) == 1 ||
         inet_pton(AF_INET6, name.c_str(), buffer) == 1;
}

Result<std::string> MakeServerPem(const crypto::PrivateKey& ca, const std::string& ca_pem,
                                  const crypto::PublicKey& server,
                                  const std::vector<std::string>& names, TimePoint now,
                                  Random& random) {
  crypto::CertificateRequest request;
  request.common_name = "dunlin-hub";
  for (const std::string& name : names) {
    (IsAddress(name) ? request.ip_sans : request.dns_sans).push_back(name);
  }
  request.not_before = now - kBackdate;
  request.not_after = now + kServerLife;
  request.serial = random.Fill(16);
  request.server = true;
  TRY(const std::string leaf, crypto::MakeLeafPem(ca, ca_pem, server, request));
  return leaf + ca_pem;  // the chain goes along: an enrolling agent knows only the CA's hash
}

}  // namespace

Status InitKeys(const std::string& data, const std::vector<std::string>& server_names,
                TimePoint now, Random& random) {
  std::error_code error;
  std::filesystem::create_directories(data + "/keys", error);
  if (error) return MakeError(Errc::kIo, "cannot create " + data + "/keys: " + error.message());
  ::chmod(data.c_str(), 0700);
  ::chmod((data + "/keys").c_str(), 0700);
  if (std::filesystem::exists(KeyPath(data, "hub.key"))) {
    return MakeError(Errc::kConflict,
                     data +
                         " holds the keys of a hub already; agents enrolled with "
                         "them would be cut off by new ones: choose another --data");
  }
  TRY(const crypto::PrivateKey root_key, crypto::PrivateKey::Generate());
  TRY(const crypto::PrivateKey hub_key, crypto::PrivateKey::Generate());
  TRY(const crypto::PrivateKey ca_key, crypto::PrivateKey::Generate());
  TRY(const crypto::PrivateKey server_key, crypto::PrivateKey::Generate());
  TRY(const std::string ca_pem,
      crypto::MakeCaPem(ca_key, "Dunlin hub CA " + random.Uuid().substr(0, 8), now - kBackdate,
                        now + kCaLife, random.Fill(16)));
  TRY(const std::string server_pem,
      MakeServerPem(ca_key, ca_pem, server_key.Public(), server_names, now, random));
  trust::Root root;
  root.expires = std::chrono::floor<Seconds>(now + kRootLife);
  root.roles["root"] = {{root_key.Public()}, 1, 1};
  root.roles["hub"] = {{hub_key.Public()}, 1, 1};
  TRY(const Bytes root_raw, root.Serialize());
  TRY(const trust::SignatureEntry signature, trust::SignRaw(root_key, root_raw));
  TRY_VOID(WriteFileDurably(KeyPath(data, "root.key"), root_key.Pem(), 0600));
  TRY_VOID(WriteFileDurably(KeyPath(data, "ca.key"), ca_key.Pem(), 0600));
  TRY_VOID(WriteFileDurably(KeyPath(data, "ca.pem"), ca_pem, 0644));
  TRY_VOID(WriteFileDurably(KeyPath(data, "server.key"), server_key.Pem(), 0600));
  TRY_VOID(WriteFileDurably(KeyPath(data, "server.pem"), server_pem, 0644));
  TRY_VOID(WriteFileDurably(data + "/root.json", root_raw, 0644));
  TRY_VOID(WriteFileDurably(data + "/root.json.sig", Base64Encode(signature.der) + "\n", 0644));
  TRY_VOID(WriteFileDurably(KeyPath(data, "hub.pub"), hub_key.Public().Pem(), 0644));
  // Last: its presence says that the set is complete.
  return WriteFileDurably(KeyPath(data, "hub.key"), hub_key.Pem(), 0600);
}

Result<HubKeys> LoadKeys(const std::string& data) {
  const auto read_key = [&](const std::string& name) -> Result<crypto::PrivateKey> {
    TRY(const std::string pem, ReadFile(KeyPath(data, name), limits::kRootBytes));
    return crypto::PrivateKey::FromPem(pem).WithContext(KeyPath(data, name));
  };
  TRY(crypto::PrivateKey hub, read_key("hub.key"));
  TRY(crypto::PrivateKey ca, read_key("ca.key"));
  TRY(std::string ca_pem, ReadFile(KeyPath(data, "ca.pem"), limits::kRootBytes));
  TRY(std::string server_key_pem, ReadFile(KeyPath(data, "server.key"), limits::kRootBytes));
  TRY(std::string server_pem, ReadFile(KeyPath(data, "server.pem"), limits::kRootBytes));
  TRY(Bytes root_raw, ReadFile(data + "/root.json", limits::kRootBytes));
  TRY(trust::Root root, trust::Root::Parse(root_raw).WithContext(data + "/root.json"));
  return HubKeys{
      std::move(hub),        std::move(ca),   std::move(ca_pem),  std::move(server_key_pem),
      std::move(server_pem), std::move(root), std::move(root_raw)};
}

Result<std::string> MakeServerCertificate(const HubKeys& keys,
                                          const std::vector<std::string>& server_names,
                                          TimePoint now, Random& random) {
  TRY(const crypto::PrivateKey server, crypto::PrivateKey::FromPem(keys.server_key_pem));
  return MakeServerPem(keys.ca, keys.ca_pem, server.Public(), server_names, now, random);
}

Status RenewServerCertificate(const std::string& data, const std::vector<std::string>& server_names,
                              TimePoint now, Random& random) {
  TRY(const HubKeys keys, LoadKeys(data));
  TRY(const std::string pem, MakeServerCertificate(keys, server_names, now, random));
  return WriteFileDurably(KeyPath(data, "server.pem"), pem, 0644);
}

}  // namespace dunlin::hub
