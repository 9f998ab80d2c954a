// The commands of dunlin-agent. Each returns its exit code (users.md 1.3).
#pragma once

#include <string>
#include <vector>

#include "agent/kube/kubeconfig.h"
#include "protocol/base/log.h"
#include "protocol/cli/output.h"

namespace dunlin::app {

using Output = cli::Format;

struct EnrollOptions {
  std::string hub_url;
  std::string token;
  std::string state_dir;
  kube::Environment kube;
  Output output = Output::kTable;
};
int Enroll(const EnrollOptions& options);
// The command that starts the agent afterwards, with what was said of the cluster. Pure.
std::string StartLine(const EnrollOptions& options);

struct RunOptions {
  std::string state_dir;
  kube::Environment kube;
  std::string agent_namespace;  // empty: the pod's own, else dunlin-system
  std::string listen;           // empty: no health and metrics port
  std::string notify_socket;    // NOTIFY_SOCKET
  std::string watchdog_usec;    // WATCHDOG_USEC
  LogForm log_form = LogForm::kText;
  LogLevel log_level = LogLevel::kInfo;
};
int Run(const RunOptions& options);

// The hub has another address. It is stored once the hub of the enrolment has proved itself there,
// on both of its ports; an agent that runs finds it by itself.
struct SetHubOptions {
  std::string url;
  std::string state_dir;
};
int SetHub(const SetHubOptions& options);

struct StatusOptions {
  std::string state_dir;
  Output output = Output::kTable;
};
int ShowStatus(const StatusOptions& options);

// `merge --batch`: requests from the file ("-": stdin), answers on stdout. 0, or 1 when the file
// cannot be read (merge.md 8.3 has its own exit codes).
int MergeBatch(const std::string& file);

// The command line as main() gets it.
int Main(int argc, char** argv);

}  // namespace dunlin::app
