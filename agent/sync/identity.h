// Who this agent is: what enrolment gave it. The private keys are not part of it; they stay in
// files of mode 0600 that only the shells read.
#pragma once

#include <string>

#include "protocol/base/bytes.h"
#include "protocol/base/ids.h"

namespace dunlin::sync {

struct Identity {
  ClusterId cluster;
  AgentId agent;
  std::string cluster_name;
  std::string region;
  std::string channel = "default";
  std::string kube_uid;  // UID of the kube-system namespace of the one cluster we may write to
  std::string hub_url;   // public port, for renewal
  std::string agent_host;
  uint16_t agent_port = 0;
  std::string certificate_pem;
  std::string ca_pem;
  int64_t generation = 1;  // of the certificate
  bool operator==(const Identity&) const = default;
};

}  // namespace dunlin::sync
