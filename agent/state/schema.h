// Tables of agent.db, by version.
#pragma once

#include <vector>

#include "protocol/store/database.h"

namespace dunlin::state {

// 1: 2026-11: first. 2: 2026-11: keep_on_removal. 3: 2026-11: announced.
// 4: 2026-11: held_back. 5: 2026-11: hook_run.
inline std::vector<store::Migration> Migrations() {
  return {{1, R"sql(
-- What the agent trusts and has accepted (trust::TrustedState); one row.
CREATE TABLE trusted (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  root BLOB NOT NULL,
  epoch INTEGER NOT NULL,
  number INTEGER NOT NULL,
  head BLOB NOT NULL,
  seq INTEGER NOT NULL,
  statement BLOB NOT NULL,
  max_time_ms INTEGER NOT NULL
);
CREATE TABLE bundle (
  digest BLOB PRIMARY KEY,
  raw_bytes INTEGER NOT NULL,
  blob BLOB NOT NULL
) WITHOUT ROWID;
-- Which app ran which bundle; `used` counts intents, so that the newest ones are kept.
CREATE TABLE app_bundle (
  app TEXT NOT NULL,
  digest BLOB NOT NULL,
  used INTEGER NOT NULL,
  PRIMARY KEY (app, digest)
) WITHOUT ROWID;
-- The inventory: one row per object that was applied or may have been.
CREATE TABLE record (
  api_group TEXT NOT NULL,
  kind TEXT NOT NULL,
  namespace TEXT NOT NULL,
  name TEXT NOT NULL,
  app TEXT NOT NULL,
  api_version TEXT NOT NULL,
  uid TEXT NOT NULL,
  desired_hash TEXT NOT NULL,
  observed_rv TEXT NOT NULL,
  last_applied_bytes INTEGER NOT NULL,
  last_applied BLOB NOT NULL,
  memo BLOB NOT NULL,
  last_error TEXT NOT NULL,
  PRIMARY KEY (api_group, kind, namespace, name)
) WITHOUT ROWID;
-- Reports that the hub has not acknowledged.
CREATE TABLE outbox (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  report BLOB NOT NULL
);
-- Present after the database was damaged and begun again, until a statement later than the first
-- one after that is accepted. `seq` is that first statement's; 0: none yet.
CREATE TABLE reset (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  reason TEXT NOT NULL,
  seq INTEGER NOT NULL
);
)sql"},
          {2, R"sql(
-- Apps whose objects stay when they leave the statement (sync::StoreIntent).
CREATE TABLE keep_on_removal (app TEXT PRIMARY KEY) WITHOUT ROWID;
)sql"},
          {3, R"sql(
-- sync::Announcement. Their bundles are kept.
CREATE TABLE announced (
  app TEXT NOT NULL,
  seq INTEGER NOT NULL,
  digest BLOB NOT NULL,
  PRIMARY KEY (app, seq)
) WITHOUT ROWID;
ALTER TABLE record ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
)sql"},
          {4, R"sql(
-- sync::HeldBack. Their bundles are in app_bundle.
CREATE TABLE held_back (
  app TEXT PRIMARY KEY,
  seq INTEGER NOT NULL,
  digest BLOB NOT NULL,
  objects INTEGER NOT NULL,
  raw_bytes INTEGER NOT NULL,
  prune INTEGER NOT NULL,
  revision TEXT NOT NULL
) WITHOUT ROWID;
)sql"},
          {5, R"sql(
-- What the hooks of an app came to (plan::EncodeHookRun).
CREATE TABLE hook_run (app TEXT PRIMARY KEY, run BLOB NOT NULL) WITHOUT ROWID;
)sql"}};
}

}  // namespace dunlin::state
