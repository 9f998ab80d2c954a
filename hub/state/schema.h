// Internal to hub/state: the tables. A change is a new migration at the end, never an edit.
#pragma once

#include <vector>

#include "protocol/store/database.h"

namespace dunlin::hub {

// Times are milliseconds since 1970, digests 32-byte blobs.
inline constexpr std::string_view kSchema1 = R"sql(
CREATE TABLE clusters (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, region TEXT NOT NULL, channel TEXT NOT NULL,
  server TEXT NOT NULL, kube_uid TEXT NOT NULL, labels TEXT NOT NULL, origin TEXT NOT NULL,
  created INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE agents (
  id TEXT PRIMARY KEY, cluster TEXT NOT NULL, spki BLOB NOT NULL UNIQUE, public_key BLOB NOT NULL,
  encryption_key BLOB NOT NULL, generation INTEGER NOT NULL,
  held_generation INTEGER NOT NULL, serial BLOB NOT NULL, not_after INTEGER NOT NULL,
  revoked INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE tokens (
  id TEXT PRIMARY KEY, secret_hash BLOB NOT NULL, cluster TEXT NOT NULL, expires INTEGER NOT NULL,
  used INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE objects (
  kind TEXT NOT NULL, name TEXT NOT NULL, origin TEXT NOT NULL, place TEXT NOT NULL,
  json TEXT NOT NULL, PRIMARY KEY (kind, name)) STRICT;
CREATE TABLE targets (
  app TEXT NOT NULL, cluster TEXT NOT NULL, revision TEXT NOT NULL, bundle BLOB,
  raw_bytes INTEGER NOT NULL, objects INTEGER NOT NULL, prune INTEGER NOT NULL,
  render_key TEXT NOT NULL, reads TEXT NOT NULL, failed_revision TEXT NOT NULL,
  problem_object TEXT NOT NULL, problem_code TEXT NOT NULL, problem_message TEXT NOT NULL,
  problem_hint TEXT NOT NULL, PRIMARY KEY (app, cluster)) STRICT;
CREATE TABLE statements (
  cluster TEXT NOT NULL, seq INTEGER NOT NULL, digest BLOB NOT NULL, raw BLOB NOT NULL,
  PRIMARY KEY (cluster, seq)) STRICT;
CREATE TABLE heads (
  number INTEGER PRIMARY KEY, raw BLOB NOT NULL, signatures BLOB NOT NULL) STRICT;
CREATE TABLE history (
  app TEXT NOT NULL, id INTEGER NOT NULL, revision TEXT NOT NULL, cause TEXT NOT NULL,
  time INTEGER NOT NULL, entries TEXT NOT NULL, PRIMARY KEY (app, id)) STRICT;
CREATE TABLE sources (
  repo TEXT NOT NULL, ref TEXT NOT NULL, commit_id TEXT NOT NULL, resolved INTEGER NOT NULL,
  PRIMARY KEY (repo, ref)) STRICT, WITHOUT ROWID;
CREATE TABLE reports (
  cluster TEXT PRIMARY KEY, received INTEGER NOT NULL, report TEXT NOT NULL) STRICT;
CREATE TABLE pins (app TEXT PRIMARY KEY, history_id TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE floor (id INTEGER PRIMARY KEY CHECK (id = 1), value INTEGER NOT NULL) STRICT;
INSERT INTO floor VALUES (1, 0);
)sql";

// What the hub can show to have made, long after the statements themselves are gone, and which of
// them each cluster's agent last showed to hold.
inline constexpr std::string_view kSchema2 = R"sql(
CREATE TABLE made (
  cluster TEXT NOT NULL, seq INTEGER NOT NULL, digest BLOB NOT NULL,
  PRIMARY KEY (cluster, seq)) STRICT, WITHOUT ROWID;
INSERT INTO made SELECT cluster, seq, digest FROM statements;
CREATE TABLE held (cluster TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
)sql";

inline std::vector<store::Migration> Migrations() { return {{1, kSchema1}, {2, kSchema2}}; }

}  // namespace dunlin::hub
