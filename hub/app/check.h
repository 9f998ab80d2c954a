// What one probe of `dunlin-hub doctor` found, and what the probes share.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hub/app/config.h"
#include "hub/app/keys.h"
#include "protocol/net/runtime.h"

namespace dunlin::hub {

struct Check {
  std::string name;
  bool ok = false;
  std::string found;  // what is there, or the cause of the failure
  std::string hint;
};

inline Check Passed(std::string name, std::string found) {
  return {std::move(name), true, std::move(found), ""};
}
inline Check Failed(std::string name, std::string found, std::string hint) {
  return {std::move(name), false, std::move(found), std::move(hint)};
}

// Runs one task to its end, on a loop of its own.
Status RunToEnd(asio::io_context& context, TaskVoid task);

// The process that listens on the hub's admin socket; nothing when none does.
std::optional<pid_t> RunningHub(const std::string& admin_socket);

// ---- what lies on the disk (state_checks.cc)

Check CheckData(const std::string& data);
// Fills `keys` when they can be read.
Check CheckKeys(const HubConfig& config, TimePoint now, std::optional<HubKeys>& keys);

// ---- the ports and the socket, as serve opens them (door_checks.cc)

// `hub`: RunningHub(). Without keys it cannot be told whether our own hub answers on a port.
std::vector<Check> CheckDoors(const HubConfig& config, const HubKeys* keys,
                              std::optional<pid_t> hub);

// ---- the machine's programs, the database and the catalogue (rehearsal.cc)

// Everything between the keys and the ports in the order in which serve starts it, on a copy of
// the database and in a directory of its own: nothing of the hub is touched. Also the catalogue is
// fetched and read as the hub would. A hub that runs is asked instead, where it holds the files.
std::vector<Check> Rehearse(const HubConfig& config, const HubKeys* keys, std::optional<pid_t> hub);

// Without a configuration (the hub is not set up yet): what the machine itself must be able to do.
std::vector<Check> CheckMachine(const HubConfig& config);

}  // namespace dunlin::hub
