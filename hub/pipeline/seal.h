// From rendered objects to the bundle that the agents get: the App's policy goes in, so that it is
// covered by the digest. Pure and CPU-bound: the driver runs it on the pool.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hub/catalog/objects.h"
#include "hub/pipeline/render_plan.h"
#include "protocol/bundle/bundle.h"

namespace dunlin::hub {

// With every HealthRule of the fleet; the bundle keeps those for the kinds that it holds.
bundle::Policy PolicyOf(const catalog::App& app);
// Canonical JSON of the policy, for RenderInput::policy.
std::string PolicyText(const catalog::App& app);

// What the renderer said about one job.
struct JobAnswer {
  std::optional<Error> error;
  std::string fault;  // the worker's code of it
  std::vector<object::Value> objects;
  FilesSeen seen;
};

struct Sealed {
  BundleDigest digest;
  Bytes canonical;
  int64_t objects = 0;
};

// What came of one job.
struct JobResult {
  std::optional<Sealed> sealed;  // absent: failed
  std::string reads;             // EncodeReads of what was seen
  bool uses_facts = false;
  std::optional<Error> error;
  bool by_renderer = false;  // the failure is the renderer's, not the bundle's
  std::string fault;
};

// kPrecondition: no objects, and the App does not allow that.
JobResult SealJob(const catalog::App& app, JobAnswer answer, const TreeIndex& tree);

}  // namespace dunlin::hub
