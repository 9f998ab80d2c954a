// The real outside worlds, made from the configuration.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <string>

#include "hub/app/config.h"
#include "hub/git/process_git.h"
#include "hub/render/sandbox_renderer.h"
#include "protocol/base/log.h"

namespace dunlin::hub {

// kInvalidArgument: git.allowNetworks.
Result<git::ProcessGitConfig> GitConfigOf(const HubConfig& config);
render::RendererConfig RendererConfigOf(const HubConfig& config);

// Ends the process's ability to be traced or to leave its memory in a core file: it holds keys.
void ProtectMemory();

}  // namespace dunlin::hub
