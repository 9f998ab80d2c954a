// The agent port: poll, bundles, report. Who asks comes only from the client certificate; every
// request is authorised for (cluster, object).
#pragma once

#include <optional>

#include "protocol/base/ids.h"
#include "protocol/net/http.h"
#include "protocol/wire/poll.h"
#include "protocol/wire/report.h"

namespace dunlin::hub {

struct AgentIdentity {
  ClusterId cluster;
  AgentId agent;
};

// What stands behind the routes. Implementations outlive the server.
class AgentBackend {
 public:
  virtual ~AgentBackend() = default;
  // kUnauthenticated: unknown key; kPermission: locked or superseded. The message says what to do.
  virtual Result<AgentIdentity> Identify(const net::Peer& peer) = 0;
  // Frames (wire/frame.h), held until there is something newer or wire::kHoldSeconds passed.
  virtual Task<Bytes> Poll(AgentIdentity agent, wire::PollRequest request) = 0;
  // One frame and the end frame. kPermission without a grant for this cluster, kNotFound.
  virtual Result<Bytes> Bundle(const AgentIdentity& agent, const BundleDigest& digest,
                               const std::optional<BundleDigest>& from) = 0;
  // Returns when the report is stored.
  virtual TaskVoid Report(AgentIdentity agent, wire::Report report) = 0;
};

net::HttpHandler AgentRoutes(AgentBackend& backend);

}  // namespace dunlin::hub
