// Rendering as the hub sees it: the files of one commit and many targets in, Kubernetes objects
// out. The work is done by dunlin-render in a sandbox (sandbox.h); worker/README.md is the
// protocol, and this header the same contract in C++.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hub/render/tar.h"
#include "protocol/base/result.h"
#include "protocol/base/time.h"
#include "protocol/net/task.h"
#include "protocol/object/value.h"

namespace dunlin::render {

struct RenderTarget {
  std::string id;             // unique in a request
  std::string path;           // relative to the root of the tree; empty or "." is the root
  std::string kind = "auto";  // auto, plain, kustomize, helm, jsonnet, catalog
  std::string options;        // JSON object of worker/README.md; empty: none
  std::string namespace_;     // for objects that name none
  std::string kube_version;   // empty: the worker's own
  std::vector<std::string> api_versions;
};

struct RenderRequest {
  std::vector<TreeFile> files;  // at least what the targets can reach
  std::vector<RenderTarget> targets;
};

// Codes that the hub's side gives, too. kFaultLost: the sandbox ended without an answer.
inline constexpr std::string_view kFaultLost = "RENDER_LOST";
inline constexpr std::string_view kFaultTimeout = "RENDER_TIMEOUT";
inline constexpr std::string_view kFaultMemory = "RENDER_MEMORY";
inline constexpr std::string_view kFaultLimit = "OBJECT_LIMIT";

// Why one target has no objects.
struct RenderFault {
  std::string code;  // stable: worker/internal/fault/fault.go, or one of the above
  std::string message;
  std::string path;  // the file that is to blame, where known
  int line = 0;      // from 1; 0: not known

  // The same as the hub's error. Only kFaultLost is kUnavailable, so worth another try: the others
  // stay until the commit or the options change.
  Error ToError() const;
};

// One document of kind catalog: an object, or what is wrong with this document alone.
struct CatalogDocument {
  std::string file;
  int line = 0;
  object::Value object;  // null when there is a fault
  std::optional<RenderFault> fault;
};

struct TargetAnswer {
  std::string id;
  std::string kind;  // what auto found; empty when it did not get that far
  std::optional<RenderFault> fault;
  std::vector<object::Value> objects;      // sorted by group, kind, namespace, name
  std::vector<CatalogDocument> documents;  // of kind catalog, in the place of objects
  std::vector<std::string> warnings;
  std::vector<std::string> read;     // a directory entry means that its listing was used
  std::vector<std::string> missing;  // looked for in vain
  bool uses_api_versions = false;    // kube_version and api_versions took part: charts only
};

struct RenderAnswer {
  std::vector<TargetAnswer> targets;  // one per target, in the order of the request
};

class Renderer {
 public:
  virtual ~Renderer() = default;

  // All targets of the request share one single-use sandbox; targets that it did not get to because
  // another one used up its time or memory are rendered again without that one. A target's failure
  // is its own; the Result fails only when no target could begin: kInvalidArgument, kLimit (the
  // tree), kUnavailable (no sandbox starts), kTimeout (none became free in time).
  virtual Task<RenderAnswer> Render(RenderRequest request) = 0;

  // How it is isolated, for `doctor` and the status: "gvisor", "bubblewrap" or "none".
  virtual std::string Isolation() const = 0;

  // Ends all sandboxes, the ready ones too; no call may follow.
  virtual TaskVoid Stop() = 0;
};

}  // namespace dunlin::render
