#include <set>

#include "protocol/base/check.h"
#include "protocol/base/limits.h"
#include "protocol/trust/document_fields.h"
#include "protocol/trust/documents.h"

namespace dunlin::trust {

namespace {

constexpr char kRootRole[] = "root";
constexpr char kHubRole[] = "hub";
constexpr std::string_view kApproverPrefix = "approver:";
constexpr char kKeyType[] = "ecdsa";
constexpr char kScheme[] = "ecdsa-sha2-nistp256";

Error Wrong(const std::string& role, const std::string& why) {
  return MakeError(Errc::kInvalidArgument, "role \"" + role + "\" " + why);
}

bool IsKnownRole(std::string_view name) {
  return name == kRootRole || name == kHubRole ||
         (name.starts_with(kApproverPrefix) && name.size() > kApproverPrefix.size());
}

object::Object KeyToJson(const crypto::PublicKey& key) {
  return object::Object{{"keytype", kKeyType},
                        {"keyval", object::Object{{"public", key.Pem()}}},
                        {"scheme", kScheme}};
}

// Adds the role's keys to `keys` and gives the role's own member.
Result<object::Object> RoleToJson(const std::string& name, const Role& role, object::Object& keys) {
  if (!IsKnownRole(name)) return Wrong(name, "is not known");
  TRY_VOID(CheckName(name, "roles"));
  TRY_VOID(CheckNumber(role.epoch, 1, "epoch"));
  std::set<std::string> ids;  // sorted: one set of keys has one spelling
  for (const crypto::PublicKey& key : role.keys) {
    const std::string id = key.SpkiHash().Hex();
    if (!ids.insert(id).second) return Wrong(name, "lists a key twice");
    keys[id] = KeyToJson(key);
  }
  if (role.threshold < 1 || static_cast<size_t>(role.threshold) > ids.size()) {
    return Wrong(name, "has a threshold that its keys cannot meet");
  }
  object::Array listed;
  for (const std::string& id : ids) listed.emplace_back(id);
  return object::Object{
      {"epoch", role.epoch}, {"keyids", std::move(listed)}, {"threshold", role.threshold}};
}

Result<crypto::PublicKey> KeyFromJson(const object::Value& json) {
  const object::Object* members = json.if_object();
  if (members == nullptr) return MakeError(Errc::kCorrupt, "a key that is not an object");
  TRY(const std::string scheme, NeedText(*members, "scheme"));
  if (scheme != kScheme) {
    return MakeError(Errc::kUnsupported, "a key of another scheme than ecdsa-sha2-nistp256");
  }
  TRY(const object::Object value, NeedObject(*members, "keyval"));
  TRY(const std::string pem, NeedText(value, "public"));
  return crypto::PublicKey::FromPem(pem);
}

Result<Role> RoleFromJson(const object::Value& json,
                          const std::map<std::string, crypto::PublicKey>& keys) {
  const object::Object* members = json.if_object();
  if (members == nullptr) return MakeError(Errc::kCorrupt, "a role that is not an object");
  Role role;
  TRY(role.epoch, NeedInt(*members, "epoch"));
  TRY(const int64_t threshold, NeedInt(*members, "threshold"));
  TRY_VOID(CheckNumber(threshold, 1, "threshold"));
  TRY(const object::Array ids, NeedArray(*members, "keyids"));
  if (static_cast<size_t>(threshold) > ids.size()) {
    return MakeError(Errc::kCorrupt, "a threshold that the keys cannot meet");
  }
  role.threshold = static_cast<int>(threshold);
  for (const object::Value& id : ids) {
    const auto key = keys.find(id.is_string() ? std::string(object::View(id.get_string())) : "");
    if (key == keys.end()) return MakeError(Errc::kCorrupt, "a role names a key that is not there");
    role.keys.push_back(key->second);
  }
  return role;
}

}  // namespace

Result<Bytes> Root::Serialize() const {
  TRY_VOID(CheckTime(expires, "expires"));
  TRY_VOID(CheckNumber(version, 1, "version"));
  if (!roles.contains(kRootRole)) return Wrong(kRootRole, "is missing");
  if (!roles.contains(kHubRole)) return Wrong(kHubRole, "is missing");
  object::Object keys;
  object::Object listed;
  for (const auto& [name, role] : roles) {
    TRY(object::Object entry, RoleToJson(name, role, keys));
    listed[name] = std::move(entry);
  }
  return WriteDocument(object::Object{{"_type", "root"},
                                      {"expires", FormatTime(expires)},
                                      {"keys", std::move(keys)},
                                      {"roles", std::move(listed)},
                                      {"version", version}},
                       limits::kRootBytes);
}

Result<Root> Root::Parse(BytesView bytes) {
  TRY(const object::Object document, ParseDocument(bytes, limits::kRootBytes, "root", 0));
  Root out;
  TRY(out.version, NeedInt(document, "version"));
  TRY(out.expires, NeedTime(document, "expires"));
  TRY(const object::Object listed_keys, NeedObject(document, "keys"));
  std::map<std::string, crypto::PublicKey> keys;
  for (const auto& [id, value] : listed_keys) {
    TRY(crypto::PublicKey key, KeyFromJson(value));
    if (std::string_view(id) != key.SpkiHash().Hex()) {
      return MakeError(Errc::kCorrupt, "a key id that is not the hash of its key");
    }
    keys.emplace(std::string(id), std::move(key));
  }
  TRY(const object::Object listed_roles, NeedObject(document, "roles"));
  for (const auto& [name, value] : listed_roles) {
    TRY(Role role, RoleFromJson(value, keys));
    out.roles.emplace(std::string(name), std::move(role));
  }
  TRY_VOID(CheckCanonical(out.Serialize(), bytes));
  return out;
}

const Role& Root::RootRole() const {
  const auto role = roles.find(kRootRole);
  CHECK(role != roles.end());
  return role->second;
}

const Role& Root::HubRole() const {
  const auto role = roles.find(kHubRole);
  CHECK(role != roles.end());
  return role->second;
}

const Role* Root::ApproverRole(std::string_view channel) const {
  const auto role = roles.find(std::string(kApproverPrefix) + std::string(channel));
  return role == roles.end() ? nullptr : &role->second;
}

}  // namespace dunlin::trust
