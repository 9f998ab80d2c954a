// What a failure means for a target: a typed problem with its cause and what to do. A failure never
// touches the bundle that a target has.
#pragma once

#include <string>

#include "protocol/base/result.h"
#include "protocol/wire/report.h"

namespace dunlin::hub {

// Where on the way from a commit to a bundle it failed.
enum class Stage { kCatalogue, kFetch, kTree, kRender, kSeal };

struct FailureContext {
  Stage stage = Stage::kRender;
  std::string repo;      // as fetched
  std::string revision;  // as the App names it
  std::string path;      // of the App in the repository
  std::string fault;     // the worker's own code ("RENDER_MISSING"), where it is known
};

wire::Problem ProblemOf(const Error& error, const FailureContext& context);

}  // namespace dunlin::hub
