// Which isolation this machine can give.
#pragma once

#include <memory>

#include "hub/render/sandbox.h"
#include "hub/render/sandbox_renderer.h"

namespace dunlin::render {

// Tries gVisor, then bubblewrap (or only the one that the configuration names) by starting a worker
// in each, and ends with none at all only when that is allowed. What a killed hub left is reaped on
// the way. kPrecondition: nothing works; the message says why and what to install.
Task<std::unique_ptr<Sandbox>> ChooseSandbox(RendererConfig config, Log log);

}  // namespace dunlin::render
