// Enrolment and renewal: tokens in, certificates out. Identity is the key's SPKI hash.
#pragma once

#include <functional>
#include <map>

#include "hub/api/public_api.h"
#include "hub/app/config.h"
#include "hub/app/keys.h"
#include "hub/app/model.h"
#include "protocol/base/random.h"

namespace dunlin::hub {

struct NewToken {
  std::string text;  // shown once, never stored
  TimePoint expires{};
};

class Enrolment : public EnrollBackend {
 public:
  // All references outlive it. `agent_port`: where enrolled agents connect.
  Enrolment(FleetModel& model, const HubKeys& keys, const HubConfig& config, const Clock& clock,
            Random& random);
  void SetAgentPort(uint16_t port) { agent_port_ = port; }
  // Called after a cluster's agent was stored.
  void OnEnrolled(std::function<void(const ClusterId&)> enrolled) {
    enrolled_ = std::move(enrolled);
  }

  Result<NewToken> MakeToken(const std::string& cluster_name, int hours);

  Result<wire::EnrollChallenge> Begin(const wire::EnrollBegin& request,
                                      uint64_t connection) override;
  Result<wire::EnrollResult> Finish(const wire::EnrollFinish& request,
                                    uint64_t connection) override;
  Result<wire::EnrollChallenge> BeginRenew(const std::string& agent_id,
                                           uint64_t connection) override;
  Result<wire::RenewResult> FinishRenew(const wire::RenewFinish& request,
                                        uint64_t connection) override;

 private:
  Result<Bytes> TakeNonce(uint64_t connection);
  Bytes NewNonce(uint64_t connection);
  Result<TokenRecord> ValidToken(const std::string& id);
  // Sets the agent's serial number.
  Result<std::string> MakeCertificate(const crypto::PublicKey& key, AgentRecord& agent);

  FleetModel& model_;
  const HubKeys& keys_;
  const HubConfig& config_;
  const Clock& clock_;
  Random& random_;
  uint16_t agent_port_ = 0;
  std::function<void(const ClusterId&)> enrolled_;
  struct Pending {
    Bytes nonce;
    TimePoint made{};
  };
  std::map<uint64_t, Pending> nonces_;  // per connection, single use
};

}  // namespace dunlin::hub
