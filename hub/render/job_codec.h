// The two sides of worker/README.md's protocol as values. Pure. The worker has parsed hostile bytes
// and is not trusted: ids, shapes and sizes are checked here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hub/render/renderer.h"

namespace dunlin::render {

inline constexpr int kWorkerProtocol = 1;

struct JobLimits {
  Millis time{30'000};
  uint64_t memory_bytes = 512ull << 20;
};

// The request line, its newline included. kInvalidArgument: options that are no JSON object, ids
// that are empty or not unique; kLimit: above limits::kRenderRequestBytes.
Result<std::string> EncodeJob(const std::vector<RenderTarget>& targets, const JobLimits& limits);

// kUnsupported: another protocol than ours; kCorrupt: no ready line.
Status CheckReadyLine(std::string_view line);

// The answers in the order of `targets`. Targets that were not answered get `lost` as their fault.
// Fails with the worker's "fatal" error, and with kCorrupt for what no worker of ours writes.
Result<RenderAnswer> DecodeAnswers(std::string_view output,
                                   const std::vector<RenderTarget>& targets,
                                   const RenderFault& lost);

}  // namespace dunlin::render
