// The Renderer that keeps a pool of warm, single-use sandboxes (design.md section 10).
#pragma once

#include <memory>
#include <string>

#include "hub/render/renderer.h"
#include "protocol/base/log.h"
#include "protocol/net/runtime.h"

namespace dunlin::render {

struct RendererConfig {
  std::string worker_program;           // dunlin-render, one static file
  std::string runsc_program = "runsc";  // looked up in PATH unless it holds a '/'
  std::string bwrap_program = "bwrap";
  std::string state_dir;                 // of the sandboxes: bundles, roots; made when missing
  std::string isolation = "auto";        // auto (gvisor, else bubblewrap), gvisor, bubblewrap, none
  bool allow_unsandboxed = false;        // then "none" is what auto ends with
  int ready = 10;                        // sandboxes kept warm, at least 2
  int leased = 10;                       // renders at once
  Millis time_limit{30'000};             // of one render
  Millis wait_limit{60'000};             // for a free sandbox
  uint64_t memory_bytes = 512ull << 20;  // of one sandbox, and as much again for gVisor itself
};

// Picks the isolation (ChooseSandbox), reaps what a killed hub left behind, starts to fill the pool
// on the caller's executor. `pool` parses answers and outlives the renderer. Fails with
// kPrecondition and what to install when nothing isolates and unsandboxed rendering is not allowed.
Task<std::unique_ptr<Renderer>> MakeSandboxRenderer(RendererConfig config, asio::thread_pool& pool,
                                                    Log log);

}  // namespace dunlin::render
