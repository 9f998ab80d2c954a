// A stored bundle, opened: decompressed, digest checked, parsed; and its policy in the planner's
// terms.
#pragma once

#include <string>
#include <vector>

#include "agent/plan/desired.h"
#include "agent/sync/record.h"
#include "protocol/base/result.h"
#include "protocol/bundle/bundle.h"
#include "protocol/trust/documents.h"

namespace dunlin::sync {

Result<bundle::Bundle> OpenBundle(const StoredBundle& stored);

// The bundle is the one that the statement means: app name, number of objects, size.
Status CheckAgainstStatement(const bundle::Bundle& bundle, uint64_t raw_bytes,
                             const std::string& app, const trust::StatementApp& entry);

// What of the policy the agent acts by.
struct AppRules {
  plan::AppPolicy plan;
  bool keep_on_removal = false;  // prune off included
  std::string as_user;           // "system:serviceaccount:ns:name", or empty
  int retry_limit = 5;           // fast tries
  int64_t retry_backoff_ms = 100;
  std::vector<bundle::IgnoreRule> ignore;
  std::vector<bundle::HealthRule> health_rules;
  // Parts that this version does not honour; the app is applied without them and says so.
  std::vector<std::string> unsupported;
};
AppRules RulesOf(const bundle::Bundle& bundle, const trust::StatementApp& entry);

}  // namespace dunlin::sync
