#include "agent/kube/kubeconfig.h"

#include <charconv>
#include <map>
#include <utility>

#include "protocol/base/bytes.h"
#include "protocol/base/limits.h"
#include "protocol/object/value.h"
#include "protocol/store/files.h"
#include "protocol/yaml/config_yaml.h"

namespace dunlin::kube {

namespace {

// One entry of clusters, users or contexts, with the file that it stands in.
struct Entry {
  object::Value value;
  std::string file;
  std::string what;  // "user 'admin' of /etc/kubeconfig"
};
using Entries = std::map<std::string, Entry>;

struct Merged {
  std::string current_context;
  Entries clusters, users, contexts;
};

// YAML gives 123 as a number; a name or token of digits is text here.
std::string TextOf(const object::Value& value, std::string_view member) {
  const object::Value* found = object::Find(value, {member});
  if (found == nullptr) return {};
  if (found->is_string()) return std::string(object::View(found->as_string()));
  if (found->is_int64()) return std::to_string(found->as_int64());
  if (found->is_uint64()) return std::to_string(found->as_uint64());
  return {};
}

bool Has(const object::Value& value, std::string_view member) {
  const object::Value* found = object::Find(value, {member});
  return found != nullptr && !found->is_null();
}

std::vector<std::string> SplitList(std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) {
    const size_t end = list.find(':');
    if (end != 0) out.emplace_back(list.substr(0, end));
    if (end == std::string_view::npos) break;
    list.remove_prefix(end + 1);
  }
  return out;
}

std::string PathFrom(const std::string& file, const std::string& path) {
  if (path.empty() || path.front() == '/') return path;
  const size_t slash = file.rfind('/');
  return slash == std::string::npos ? path : file.substr(0, slash + 1) + path;
}

void MergeEntries(const object::Value& document, const std::string& file, std::string_view list,
                  std::string_view member, Entries& into) {
  const object::Array* entries = object::FindArray(document, {list});
  if (entries == nullptr) return;
  for (const object::Value& entry : *entries) {
    const std::string name = TextOf(entry, "name");
    const object::Value* value = object::Find(entry, {member});
    if (name.empty() || value == nullptr) continue;
    into.try_emplace(name, Entry{*value, file, std::string(member) + " '" + name + "' of " + file});
  }
}

Status MergeFile(const std::string& file, Merged& merged) {
  TRY(const Bytes text, ReadFile(file, limits::kKubeconfigBytes));
  TRY(const object::Value document, yaml::ParseConfig(text).WithContext(file));
  if (document.is_null()) return {};
  if (!document.is_object()) {
    return MakeError(Errc::kInvalidArgument, file + " is no kubeconfig: not a YAML map");
  }
  if (merged.current_context.empty()) merged.current_context = TextOf(document, "current-context");
  MergeEntries(document, file, "clusters", "cluster", merged.clusters);
  MergeEntries(document, file, "users", "user", merged.users);
  MergeEntries(document, file, "contexts", "context", merged.contexts);
  return {};
}

Result<const Entry*> FindEntry(const Entries& entries, std::string_view kind,
                               const std::string& name, const std::string& wanted_by) {
  const auto it = entries.find(name);
  if (it == entries.end()) {
    return MakeError(Errc::kInvalidArgument, wanted_by + " names the " + std::string(kind) + " '" +
                                                 name + "', which does not exist");
  }
  return &it->second;
}

// `<member>-data` (base64) before `<member>` (a file).
Result<std::string> DataOrFile(const Entry& entry, const std::string& member) {
  const std::string data = TextOf(entry.value, member + "-data");
  if (!data.empty()) {
    auto decoded = Base64Decode(data);
    if (decoded) return std::move(*decoded);
    return MakeError(Errc::kInvalidArgument, entry.what + ": " + member + "-data is no base64");
  }
  const std::string path = TextOf(entry.value, member);
  if (path.empty()) return std::string();
  return ReadFile(PathFrom(entry.file, path), limits::kKubeconfigBytes).WithContext(entry.what);
}

struct Refusal {
  const char* member;
  Errc code;
  const char* advice;
};

Status RefuseMembers(const Entry& entry, std::initializer_list<Refusal> refusals) {
  for (const Refusal& refusal : refusals) {
    if (!Has(entry.value, refusal.member)) continue;
    if (object::FindBool(entry.value, {refusal.member}) == false) continue;
    return MakeError(refusal.code, entry.what + ": " + refusal.member + " " + refusal.advice);
  }
  return {};
}

Status ReadCluster(const Entry& cluster, Access& access) {
  TRY_VOID(RefuseMembers(
      cluster, {{"insecure-skip-tls-verify", Errc::kPermission,
                 "is refused: give certificate-authority-data instead"},
                {"proxy-url", Errc::kUnsupported,
                 "is not supported: run the agent where it reaches the apiserver directly"}}));
  TRY_VOID(ParseServer(TextOf(cluster.value, "server"), access).WithContext(cluster.what));
  access.server_name = TextOf(cluster.value, "tls-server-name");
  TRY(access.ca_pem, DataOrFile(cluster, "certificate-authority"));
  return {};
}

Status ReadUser(const Entry& user, Access& access) {
  constexpr const char* kInstead =
      "is not supported: use a client certificate, token or tokenFile (a ServiceAccount's token)";
  TRY_VOID(RefuseMembers(user, {{"exec", Errc::kUnsupported, kInstead},
                                {"auth-provider", Errc::kUnsupported, kInstead},
                                {"username", Errc::kUnsupported, kInstead},
                                {"password", Errc::kUnsupported, kInstead},
                                {"as", Errc::kUnsupported, kInstead}}));
  TRY(access.client_certificate_pem, DataOrFile(user, "client-certificate"));
  TRY(access.client_key_pem, DataOrFile(user, "client-key"));
  if (access.client_certificate_pem.empty() != access.client_key_pem.empty()) {
    return MakeError(Errc::kInvalidArgument,
                     user.what + ": client-certificate and client-key belong together");
  }
  access.token = TextOf(user.value, "token");
  access.token_file = PathFrom(user.file, TextOf(user.value, "tokenFile"));
  return {};
}

Result<Access> FromMerged(const Merged& merged, const std::string& files) {
  if (merged.current_context.empty()) {
    return MakeError(Errc::kInvalidArgument,
                     files + ": no current-context; set one with kubectl config use-context NAME");
  }
  TRY(const Entry* context,
      FindEntry(merged.contexts, "context", merged.current_context, "current-context of " + files));
  TRY(const Entry* cluster,
      FindEntry(merged.clusters, "cluster", TextOf(context->value, "cluster"), context->what));
  Access out;
  TRY_VOID(ReadCluster(*cluster, out));
  const std::string user_name = TextOf(context->value, "user");
  if (!user_name.empty()) {
    TRY(const Entry* user, FindEntry(merged.users, "user", user_name, context->what));
    TRY_VOID(ReadUser(*user, out));
  }
  out.namespace_ = TextOf(context->value, "namespace");
  out.origin = context->what;
  return out;
}

Result<Access> FromFiles(const std::vector<std::string>& files, bool must_exist,
                         const std::string& what) {
  Merged merged;
  size_t found = 0;
  for (const std::string& file : files) {
    const Status read = MergeFile(file, merged);
    if (!read && read.error().code == Errc::kNotFound && !must_exist) continue;
    TRY_VOID(read);
    ++found;
  }
  if (found == 0) return MakeError(Errc::kNotFound, "no kubeconfig at " + what);
  return FromMerged(merged, what);
}

Result<Access> FromServiceAccount(const Environment& environment) {
  const std::string& dir = environment.service_account_dir;
  Access out;
  const bool ipv6 = environment.service_host.find(':') != std::string::npos;
  const std::string host = ipv6 ? "[" + environment.service_host + "]" : environment.service_host;
  const std::string port = environment.service_port.empty() ? "443" : environment.service_port;
  TRY_VOID(ParseServer("https://" + host + ":" + port, out).WithContext("KUBERNETES_SERVICE_HOST"));
  // Neither is there when the pod says automountServiceAccountToken: false.
  out.token_file = dir + "/token";
  for (const std::string& file : {dir + "/ca.crt", out.token_file}) {
    TRY(const Bytes content, ReadFile(file, limits::kKubeconfigBytes)
                                 .WithContext("no kubeconfig, and the pod's ServiceAccount cannot "
                                              "be used (give --kubeconfig FILE, or mount its "
                                              "token)"));
    if (file != out.token_file) out.ca_pem = content;
  }
  auto name = ReadFile(dir + "/namespace", limits::kKubeconfigBytes);
  if (name) out.namespace_ = std::move(*name);
  out.in_cluster = true;
  out.origin = "the pod's ServiceAccount";
  return out;
}

}  // namespace

Status ParseServer(std::string_view url, Access& access) {
  constexpr std::string_view kHttps = "https://";
  if (url.substr(0, 7) == "http://") {
    return MakeError(Errc::kUnsupported,
                     "server " + std::string(url) + ": credentials are only sent over https");
  }
  const Error wrong = MakeError(
      Errc::kInvalidArgument, "server '" + std::string(url) + "' is no https://host[:port][/path]");
  if (url.substr(0, kHttps.size()) != kHttps) return wrong;
  std::string_view rest = url.substr(kHttps.size());
  const size_t slash = rest.find('/');
  std::string_view path = slash == std::string_view::npos ? "" : rest.substr(slash);
  rest = rest.substr(0, slash);
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  if (path.find_first_of("?# ") != std::string_view::npos) return wrong;

  std::string_view host = rest;
  std::string_view port;
  if (!rest.empty() && rest.front() == '[') {
    const size_t close = rest.find(']');
    if (close == std::string_view::npos) return wrong;
    host = rest.substr(1, close - 1);
    port = rest.substr(close + 1);
    if (!port.empty() && port.front() != ':') return wrong;
  } else if (const size_t colon = rest.find(':'); colon != std::string_view::npos) {
    host = rest.substr(0, colon);
    port = rest.substr(colon);
  }
  if (host.empty() || host.find_first_of("@ ?#") != std::string_view::npos) return wrong;
  uint16_t number = 443;
  if (!port.empty()) {
    port.remove_prefix(1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error != std::errc() || end != port.data() + port.size() || number == 0) return wrong;
  }
  access.host = host;
  access.port = number;
  access.path_prefix = path;
  return {};
}

Result<Access> LoadAccess(const Environment& environment) {
  if (!environment.file.empty()) return FromFiles({environment.file}, true, environment.file);
  if (!environment.kubeconfig.empty()) {
    return FromFiles(SplitList(environment.kubeconfig), false, environment.kubeconfig);
  }
  if (!environment.service_host.empty()) return FromServiceAccount(environment);
  const std::string file = environment.home + "/.kube/config";
  auto out = FromFiles({file}, false, file);
  if (!out && out.error().code == Errc::kNotFound) {
    return MakeError(Errc::kNotFound,
                     "no kubeconfig: give --kubeconfig FILE, set KUBECONFIG, or run in a pod with "
                     "a ServiceAccount");
  }
  return out;
}

}  // namespace dunlin::kube
