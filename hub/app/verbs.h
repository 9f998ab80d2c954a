// The verbs of dunlin-hub. Each returns its result; main prints failures in the one form and turns
// codes into exit statuses.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/base/result.h"
#include "protocol/cli/output.h"

namespace dunlin::hub {

struct InitOptions {
  std::string data;
  std::vector<std::string> hosts;  // names and addresses under which agents reach this machine
  uint16_t agents_port = 7443;
  uint16_t public_port = 8443;
  std::string fleet_repo;
  std::string fleet_revision = "HEAD";
  std::string fleet_path;
};
// Makes keys and hub.yaml and prints the next steps.
Status Init(const InitOptions& options);

// Serves until SIGTERM or SIGINT.
Status Serve(const std::string& config_file);

struct RenderOptions {
  std::string directory;
  std::string kind = "auto";
  std::string namespace_;
  std::string release_name;                 // of a chart; empty: the name of the directory
  std::vector<std::string> values;          // files; relative to the current directory
  std::vector<std::string> set;             // k=v
  std::vector<std::string> tlas, ext_vars;  // NAME=VALUE, for Jsonnet
  bool json = false;
  std::string worker, runsc;
  bool unsandboxed = false;
};
// Renders a directory as the hub would and prints the objects: one JSON document (a List), or a
// YAML stream.
Status RenderDirectory(const RenderOptions& options);

struct DoctorOptions {
  using Output = cli::Format;
  std::string config_file;
  bool config_named = false;  // false: the default, and a missing file leaves the machine to check
  Output output = Output::kTable;
};
// Prints one line per check; kPrecondition when one failed.
Status Doctor(const DoctorOptions& options);

}  // namespace dunlin::hub
