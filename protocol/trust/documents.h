// The signed documents: root, statement, head (security design 2.2 and 2.3).
//
// Bytes: canonical JSON (sorted keys, no white space, integers only). Strings are ASCII [ -~]
// without " \ < > & (a PEM key in a root also has \n), so that every canonical form of JSON gives
// the same bytes. Parse() takes exactly the bytes that Serialize() would write: duplicate, unknown,
// missing or reordered fields, white space, depth above 8, another _type or version are refused.
// Signatures are over these bytes as they are; nothing is re-canonicalised before verification.
//
// History of `version`: 1: 2026-11: first; 2026-11: statement gains the optional `keep`, later
// `removed`. A reader
// that does not know the field refuses the statement (an unknown field) and keeps what it has: the
// safe side, so the number stays.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "protocol/base/ids.h"
#include "protocol/base/result.h"
#include "protocol/base/time.h"
#include "protocol/crypto/crypto.h"

namespace dunlin::trust {

inline constexpr int64_t kDocumentVersion = 1;

// Sequence and head numbers are at most 2^53 - 1 (exact in every JSON reader, the year 287396 in
// milliseconds): a signed "fast forward" to the end of int64 is a format error.
inline constexpr int64_t kMaxSequence = (int64_t{1} << 53) - 1;

// The keys of one role, distinct by SPKI hash. `epoch` counts recoveries: a higher one lets the
// numbers of that role start again after a stolen key ran them up.
struct Role {
  std::vector<crypto::PublicKey> keys;
  int threshold = 1;
  int64_t epoch = 1;
  bool operator==(const Role&) const = default;
};

// {"_type":"root","expires":…,"keys":{<SPKI-SHA256 hex>:{"keytype":"ecdsa","keyval":{"public":PEM},
//  "scheme":"ecdsa-sha2-nistp256"}},"roles":{name:{"epoch","keyids":[…],"threshold"}},"version":N}
// Here `version` is the number of the root, one more at each rotation. A key id is recomputed,
// never believed. Roles: "root", "hub" (both required), "approver:<channel>".
struct Root {
  int64_t version = 1;
  TimePoint expires;
  std::map<std::string, Role> roles;

  Result<Bytes> Serialize() const;
  static Result<Root> Parse(BytesView bytes);                // <= limits::kRootBytes
  const Role& RootRole() const;                              // REQUIRES: built by Parse
  const Role& HubRole() const;                               // REQUIRES: built by Parse
  const Role* ApproverRole(std::string_view channel) const;  // null: channel is not protected
};

// What one cluster runs of one app.
struct StatementApp {
  bool allow_mass_prune = false;  // lifts the blast guard for this seq only
  BundleDigest bundle;
  int64_t objects = 0;
  bool prune = false;
  int64_t raw = 0;  // bytes of the uncompressed bundle
  RevisionId revision;
  bool operator==(const StatementApp&) const = default;
};

// Everything that one cluster must run.
struct Statement {
  std::map<AppName, StatementApp> apps;
  std::string channel = "default";
  ClusterId cluster;
  int64_t epoch = 1;
  std::string kube;  // UID of kube-system
  // Prune no app that this statement does not name: its signer may not know all of them (a hub
  // whose database is an older copy). Written only when true, as "keep":true between "epoch" and
  // "kube"; "keep":false is another spelling and refused. It only ever takes away: it can neither
  // delete nor make a statement acceptable that would not be.
  bool keep = false;
  Digest prev;  // of the previous statement's bytes; zero for the first
  // Apps that the statement does not name and whose removal a person has confirmed: lifts the blast
  // guard for what they left behind, for this seq only. Written only when not empty, as
  // "removed":["a","b"] (sorted, each once) between "prev" and "seq"; none may be in `apps`.
  std::set<AppName> removed;
  int64_t seq = 0;

  Result<Bytes> Serialize() const;
  static Result<Statement> Parse(BytesView bytes);  // <= limits::kStatementBytes
  bool operator==(const Statement&) const = default;
};

// The one signed document of a publish.
struct Head {
  int64_t epoch = 1;
  TimePoint expires;  // second resolution
  int64_t number = 0;
  Digest prev;  // of the previous head's bytes; zero for the first
  Digest root;  // of the tree over all clusters' entries
  int64_t size = 0;
  TimePoint time;  // second resolution

  Result<Bytes> Serialize() const;
  static Result<Head> Parse(BytesView bytes);  // <= limits::kHeadBytes
  bool operator==(const Head&) const = default;
};

// The tree's entry for one cluster: {"cluster","seq","statement":<sha256 of the statement>}.
Result<Bytes> LeafEntry(const ClusterId& cluster, int64_t seq, const Digest& statement);

}  // namespace dunlin::trust
