// A stored bundle, opened: decompressed, digest checked, parsed.
#pragma once

#include "agent/sync/policy.h"
#include "agent/sync/record.h"
#include "protocol/base/result.h"
#include "protocol/object/value.h"
#include "protocol/trust/documents.h"

namespace dunlin::sync {

struct OpenedBundle {
  std::string app;
  bool cluster_scope = false;
  std::vector<object::Value> objects;
  BundlePolicy policy;
};

Result<OpenedBundle> OpenBundle(const StoredBundle& stored);

// The bundle is the one that the statement means: app name and number of objects.
Status CheckAgainstStatement(const OpenedBundle& bundle, const std::string& app,
                             const trust::StatementApp& entry);

}  // namespace dunlin::sync
