// The running agent: everything wired together on one io thread, one pool thread for CPU work and
// small files, and the driver's state thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <memory>
#include <optional>
#include <string>

#include "agent/app/commands.h"
#include "agent/app/driver.h"
#include "agent/app/renewal.h"
#include "agent/app/status_file.h"
#include "agent/hublink/http_hub_link.h"
#include "agent/kube/apiserver_kube.h"
#include "agent/state/sqlite_agent_state.h"
#include "agent/sync/machine.h"
#include "protocol/net/http_server.h"

namespace dunlin::app {

class Agent {
 public:
  Agent(const RunOptions& options, Log log);

  // Opens state, hub and apiserver. Errors: what a person has to mend before the agent can run.
  Status Prepare();
  // Until SIGTERM, SIGINT or a fatal error.
  Status Run();
  // Waits for state calls that were begun and closes the database. Nothing else is torn down: the
  // process ends next (coroutines still wait on connections that they share).
  void Close();

 private:
  Status OpenState();
  Status OpenHub(TimePoint time_floor);
  Status OpenKube();
  Status OpenHealth();
  void MakeMachine();
  TaskVoid Housekeeping();
  TaskVoid KeepStatus();
  std::string MetricsText();

  const RunOptions options_;
  const Log log_;
  SystemClock clock_;
  SystemRandom random_;
  Metrics metrics_;
  asio::io_context io_{1};
  asio::thread_pool pool_{1};
  asio::signal_set signals_{io_};
  std::string key_pem_;
  std::string agent_namespace_;
  sync::Identity identity_;
  std::unique_ptr<state::SqliteAgentState> state_;
  std::unique_ptr<hublink::HttpHubLink> hub_;
  std::unique_ptr<kube::ApiserverKube> kube_;
  std::unique_ptr<sync::SyncMachine> machine_;
  std::unique_ptr<Driver> driver_;
  std::unique_ptr<Renewal> renewal_;
  std::unique_ptr<net::HttpServer> server_;
  bool alive_ = true;
  StatusKeeper status_keeper_{StatusPath(options_.state_dir), pool_};
};

}  // namespace dunlin::app
