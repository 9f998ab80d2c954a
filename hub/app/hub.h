// The hub without its sockets: everything between "what Git says" and "what an agent is answered".
// The composition root gives it the outside worlds, tests give it fakes. REQUIRES: one thread.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <memory>

#include "hub/app/admin_service.h"
#include "hub/app/agent_service.h"
#include "hub/app/config.h"
#include "hub/app/driver.h"
#include "hub/app/enrolment.h"
#include "hub/app/keys.h"

namespace dunlin::hub {

class Hub {
 public:
  // The outside worlds; all outlive the hub.
  struct Worlds {
    HubState& state;
    BundleStore& bundles;
    git::Git& git;
    render::Renderer& renderer;
    Clock& clock;
    Random& random;
    asio::thread_pool& pool;
  };

  // Loads what the database holds. kCorrupt and others: it cannot be trusted, nothing runs.
  static Result<std::unique_ptr<Hub>> Make(HubConfig config, HubKeys keys, Worlds worlds,
                                           asio::any_io_executor executor, Log log);

  // Where agents connect, known once the ports are bound.
  void SetAddresses(uint16_t agent_port, uint16_t public_port);

  // Follows Git until Stop.
  TaskVoid Run() { return driver_.Run(); }
  // Ends Run, and answers everything that is held.
  void Stop();

  // Called for each agent that is no longer in force: its connections are to be closed.
  void OnCutOff(FleetModel::CutOff cut_off) { cut_off_ = std::move(cut_off); }

  AgentService& agents() { return agents_; }
  AdminBackend& admin() { return admin_; }
  EnrollBackend& enrolment() { return enrolment_; }
  Driver& driver() { return driver_; }

 private:
  Hub(HubConfig config, HubKeys keys, Worlds worlds, asio::any_io_executor executor, Log log);
  Status Load(HubState& state);

  HubConfig config_;
  HubKeys keys_;
  Metrics metrics_;
  FleetModel model_;
  FleetCatalogue catalogue_;
  Pipeline pipeline_;
  PollGate gate_;
  Publisher publisher_;
  Driver driver_;
  Enrolment enrolment_;
  AgentService agents_;
  AdminService admin_;
  FleetModel::CutOff cut_off_;
};

}  // namespace dunlin::hub
