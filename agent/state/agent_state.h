// Everything the agent must find again after a kill at any moment, in one directory:
//
//   identity.json  who we are (0600)            agent.key, envelope.key  private keys (0600)
//   root.json      the pinned root document      agent.db  the rest (SQLite)
//
// Identity, keys and root are files of their own, written once by enrolment and renewal with
// fsync + rename: a damaged database is moved aside (agent.db.damaged-<ms>) and begun again from
// them. An agent that lost its inventory prunes nothing; Load() says why in reset_reason.
//
// REQUIRES: one process per directory (lock file), one caller at a time. Calls block.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/sync/event.h"
#include "agent/sync/identity.h"
#include "agent/sync/record.h"
#include "protocol/base/result.h"
#include "protocol/base/time.h"
#include "protocol/crypto/crypto.h"

namespace dunlin::state {

class AgentState {
 public:
  virtual ~AgentState() = default;
  virtual Result<sync::LoadedState> Load() = 0;
  virtual Result<std::vector<sync::StoredBundle>> Bundles(std::vector<BundleDigest> digests) = 0;
  // One transaction each.
  virtual Status StoreIntent(const sync::StoreIntent& intent) = 0;
  virtual Status StoreRecords(const sync::StoreRecords& records) = 0;
  virtual Status PutReport(const wire::Report& report) = 0;
  virtual Status DropReport(const std::string& id) = 0;
};

}  // namespace dunlin::state
