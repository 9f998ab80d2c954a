// Where the apiserver is and who we are to it: kubeconfig files as kubectl reads them, or the
// ServiceAccount of the pod.
//
// Read: current-context, merged files of KUBECONFIG (the first to name a thing wins), relative
// paths (from the file's directory), certificate-authority, client-certificate, client-key and
// their
// *-data forms, tls-server-name, token, tokenFile.
// Refused, each with what to do instead (kUnsupported): exec plugins, auth-provider, basic
// authentication, impersonation of the user entry, proxy-url, http:// servers;
// insecure-skip-tls-verify (kPermission).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/base/result.h"

namespace dunlin::kube {

// The parts of the process's environment that decide where to look. In order: `file`, the list
// `kubeconfig`, the ServiceAccount when service_host is set, <home>/.kube/config.
struct Environment {
  std::string file;        // --kubeconfig; must exist
  std::string kubeconfig;  // KUBECONFIG: file names separated by ':'; missing ones are skipped
  std::string home;
  std::string service_host;  // KUBERNETES_SERVICE_HOST
  std::string service_port;  // KUBERNETES_SERVICE_PORT
  std::string service_account_dir = "/var/run/secrets/kubernetes.io/serviceaccount";
};

// Everything needed to open connections. Secrets are inside: never log it.
struct Access {
  std::string host;
  uint16_t port = 443;
  std::string path_prefix;  // "/k8s/clusters/c-1" behind a gateway; else empty
  std::string server_name;  // verified instead of host when not empty
  std::string ca_pem;       // empty: the system's trust store is wanted
  std::string client_certificate_pem;
  std::string client_key_pem;
  std::string token;
  std::string token_file;  // read again when the server says 401 and every minute
  std::string namespace_;  // of the context, or of the pod; may be empty
  bool in_cluster = false;
  std::string origin;  // for messages: the file and context, or "ServiceAccount"
};

// Reads files. kNotFound: nothing is configured; kInvalidArgument names file and entry.
Result<Access> LoadAccess(const Environment& environment);

// https://host[:port][/prefix] into the three. kInvalidArgument, kUnsupported (http).
Status ParseServer(std::string_view url, Access& access);

}  // namespace dunlin::kube
