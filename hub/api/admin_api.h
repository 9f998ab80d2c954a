// The admin API over the hub's Unix socket (mode 0600): JSON in, JSON out. `dunlin` is its client.
//
//   GET  /api/v1/status[?after=V&seconds=S]  the whole fleet; with `after` held until version > V
//   GET  /api/v1/clusters[/NAME]
//   POST /api/v1/clusters                    {"name","region","labels","server","token_hours"}
//   GET  /api/v1/apps[/NAME[/history]]
//   POST /api/v1/apps/NAME/sync              {"allow_mass_prune"}
//   POST /api/v1/apps/NAME/rollback          {"id"} (0: the entry before what runs now)
//   GET  /api/v1/sources
//   POST /api/v1/sources/refresh             {"repo"} (empty: all)
//   POST /api/v1/apply[?file=NAME]           body: YAML or JSON documents, as the user wrote them
//   GET  /metrics                            Prometheus text
//
// Lists are {"items":[…],"time":ms}; failures are wire::ErrorBody.
#pragma once

#include <string>

#include "protocol/net/http.h"
#include "protocol/object/value.h"

namespace dunlin::hub {

struct NewCluster {
  std::string name, region, server;
  object::Object labels;
  int token_hours = 1;
};

class AdminBackend {
 public:
  virtual ~AdminBackend() = default;
  virtual object::Value FleetStatus() = 0;
  virtual int64_t StatusVersion() const = 0;
  // Resolves when the version is above `after`, or after `limit` (not an error).
  virtual TaskVoid WaitForChange(int64_t after, Millis limit) = 0;
  virtual object::Value Clusters() = 0;
  virtual Result<object::Value> Cluster(const std::string& name) = 0;
  virtual Result<object::Value> AddCluster(const NewCluster& cluster) = 0;
  virtual object::Value Apps() = 0;
  virtual Result<object::Value> App(const std::string& name) = 0;
  virtual Result<object::Value> History(const std::string& name) = 0;
  virtual Task<object::Value> Sync(std::string name, bool allow_mass_prune) = 0;
  virtual Task<object::Value> Rollback(std::string name, int64_t id) = 0;
  virtual object::Value Sources() = 0;
  virtual Task<object::Value> Refresh(std::string repo) = 0;
  virtual Task<object::Value> Apply(Bytes text, std::string file) = 0;
  virtual std::string Metrics() = 0;
};

net::HttpHandler AdminRoutes(AdminBackend& backend);

}  // namespace dunlin::hub
