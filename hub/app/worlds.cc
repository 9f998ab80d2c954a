#include "hub/app/worlds.h"

#include <sys/prctl.h>

#include "hub/app/paths.h"

namespace dunlin::hub {

Result<git::ProcessGitConfig> GitConfigOf(const HubConfig& config) {
  git::ProcessGitConfig out;
  out.mirrors_dir = config.data + "/mirrors";
  out.credentials_dir = config.data + "/credentials";
  out.policy.local_roots = config.git.local_roots;
  out.policy.allow_insecure_http = config.git.allow_http;
  out.deadline = config.git.deadline;
  for (const std::string& text : config.git.allow_networks) {
    TRY(const git::Network network, git::Network::Parse(text).WithContext("git.allowNetworks"));
    out.allow_networks.push_back(network);
  }
  return out;
}

render::RendererConfig RendererConfigOf(const HubConfig& config) {
  render::RendererConfig out;
  out.worker_program =
      config.render.worker.empty() ? HelperProgram("dunlin-render") : config.render.worker;
  out.runsc_program = config.render.runsc.empty() ? HelperProgram("runsc") : config.render.runsc;
  out.state_dir = config.data + "/sandboxes";
  out.ready = config.render.ready;
  out.time_limit = config.render.limit;
  switch (config.render.sandbox) {
    case SandboxChoice::kAuto:
      out.isolation = "auto";
      break;
    case SandboxChoice::kGvisor:
      out.isolation = "gvisor";
      break;
    case SandboxChoice::kBubblewrap:
      out.isolation = "bubblewrap";
      break;
    case SandboxChoice::kNone:
      // Said explicitly in the configuration: nothing else leads here.
      out.isolation = "none";
      out.allow_unsandboxed = true;
      break;
  }
  return out;
}

void ProtectMemory() { prctl(PR_SET_DUMPABLE, 0); }

}  // namespace dunlin::hub
