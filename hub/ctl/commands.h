// What each verb of the CLI does: one call of the admin API, one print. Each returns the exit code.
#pragma once

#include <string>
#include <vector>

#include "hub/ctl/admin_client.h"
#include "hub/ctl/output.h"

namespace dunlin::ctl {

struct Session {
  AdminClient& hub;
  Format format = Format::kTable;
  size_t width = 0;  // of the terminal; 0: none, and nothing is cut
};

struct ClusterAddOptions {
  std::string name;
  std::string region;
  std::vector<std::string> labels;  // "key=value"
  std::string server;
  int token_hours = 1;
};

int ClusterAdd(Session& session, const ClusterAddOptions& options);
int ClusterList(Session& session);
int ClusterGet(Session& session, const std::string& name);

int Apply(Session& session, const std::vector<std::string>& files);

int AppList(Session& session);
int AppGet(Session& session, const std::string& name);
int AppSync(Session& session, const std::string& name, bool allow_mass_prune);
int AppHistory(Session& session, const std::string& name);
int AppRollback(Session& session, const std::string& name, int64_t id);

int FleetStatus(Session& session, bool watch);
// Waits until every target is Synced: 0, or 3 after the time-out.
int FleetWait(Session& session, Millis limit);

int SourceList(Session& session);
int SourceRefresh(Session& session, const std::string& repo);

}  // namespace dunlin::ctl
