// Keeps the agent's certificate young: from half of its life on, jittered, with the same key.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/hublink/http_hub_link.h"
#include "agent/sync/identity.h"
#include "protocol/base/log.h"
#include "protocol/base/random.h"
#include "protocol/net/runtime.h"

namespace dunlin::app {

struct CertificateLife {
  TimePoint not_before{};
  TimePoint not_after{};
};
Result<CertificateLife> LifeOf(const std::string& certificate_pem);

// Half of the life plus up to a tenth of it (`random`: 64 uniform bits), so that a fleet that
// enrolled in one hour does not renew in one second. Pure.
TimePoint RenewAt(const CertificateLife& life, uint64_t random);

class Renewal {
 public:
  struct Parts {
    std::string state_dir;
    std::string key_pem;
    // A new connection to the public port, verified by the CA of the identity.
    std::function<Result<std::shared_ptr<net::HttpClient>>(const sync::Identity&)> connect_public;
    // Puts a new certificate or another place of the hub to use.
    std::function<Status(const sync::Identity&)> use;
    asio::thread_pool& pool;
    const Clock& clock;
    Random& random;
    Log log;
  };
  Renewal(sync::Identity identity, Parts parts);

  // Until cancelled or the process ends.
  TaskVoid Run();
  // One renewal, stored durably before it is used.
  TaskVoid RenewOnce();
  // `set-hub` may have stored another place of the hub: puts it to use.
  TaskVoid FollowPlace();
  const sync::Identity& identity() const { return identity_; }

 private:
  TaskVoid SleepUntil(TimePoint time);

  sync::Identity identity_;
  Parts parts_;
};

}  // namespace dunlin::app
