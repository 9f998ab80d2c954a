// Which targets of one (source, commit) must be rendered, and which renders several targets share.
//
// A bundle depends on its inputs only: the files that the worker read (and those it looked for in
// vain), the path, the options, the namespace, the app's policy and, for charts, the cluster's
// Kubernetes facts. Two targets with equal inputs share one render and so one bundle; a target
// whose inputs did not change since its last good render is not rendered again.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "protocol/base/ids.h"
#include "protocol/base/result.h"

namespace dunlin::hub {

// Path -> blob id of every file of a commit.
using TreeIndex = std::map<std::string, std::string>;

// The inputs of one target besides the files.
struct RenderInput {
  std::string app;
  ClusterId cluster;
  std::string path;
  std::string kind;     // auto, plain, kustomize, helm, jsonnet
  std::string options;  // canonical JSON for the worker, variables already substituted
  std::string namespace_;
  std::string policy;  // canonical JSON of the bundle's policy: it is sealed into the bundle too
  std::string kube_version;
  std::vector<std::string> api_versions;
  // False while the cluster's agent has not polled since the hub started: then kube_version is a
  // guess, good enough for a first render, never a reason to change a good one.
  bool facts_known = true;
};

// What is remembered of a target's last good render (TargetRecord.render_key and .reads).
struct RenderMemory {
  std::string key;
  std::string reads;
};

// What the worker looked at, as it reports it.
struct FilesSeen {
  std::vector<std::string> read;
  std::vector<std::string> missing;
  bool uses_api_versions = false;  // only charts see the cluster's API groups
};

struct RenderJob {
  std::string key;              // also the id of the request
  size_t representative = 0;    // index of the input that is rendered
  std::vector<size_t> members;  // all inputs that share the result, the representative included
};

struct RenderPlan {
  std::vector<RenderJob> jobs;     // in the order of their first member
  std::vector<size_t> unaffected;  // inputs whose last bundle stays right for this commit
  std::vector<size_t> deferred;    // rendered with facts that are not known yet: keep and wait
};

// Whether the cluster's Kubernetes facts took part in a render: charts only.
enum class Facts { kUsed, kUnused };

// Hash of all inputs but the files: 64 hex digits, after "static:" without the facts.
std::string RenderKey(const RenderInput& input, Facts facts = Facts::kUsed);

// `memory[i]` belongs to `inputs[i]`; empty strings mean never rendered. REQUIRES: equal sizes.
RenderPlan PlanRenders(const std::vector<RenderInput>& inputs,
                       const std::vector<RenderMemory>& memory, const TreeIndex& tree);

// The text that is remembered with a good render: each path read with its blob id, a directory with
// the fingerprint of the names below it, each missed path with "".
std::string EncodeReads(const FilesSeen& seen, const TreeIndex& tree);

}  // namespace dunlin::hub
