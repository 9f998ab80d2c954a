// The public port: enrolment and renewal (agents that have no valid certificate), and liveness.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/net/http.h"
#include "protocol/wire/enroll.h"

namespace dunlin::hub {

class EnrollBackend {
 public:
  virtual ~EnrollBackend() = default;
  // kNotFound: no such token; kExpired; kPermission: used.
  virtual Result<wire::EnrollChallenge> Begin(const wire::EnrollBegin& request,
                                              uint64_t connection) = 0;
  virtual Result<wire::EnrollResult> Finish(const wire::EnrollFinish& request,
                                            uint64_t connection) = 0;
  virtual Result<wire::EnrollChallenge> BeginRenew(const std::string& agent_id,
                                                   uint64_t connection) = 0;
  virtual Result<wire::RenewResult> FinishRenew(const wire::RenewFinish& request,
                                                uint64_t connection) = 0;
};

net::HttpHandler PublicRoutes(EnrollBackend& backend);

}  // namespace dunlin::hub
