// What the outside world tells the machine, and what the machine asks of it. Values only; one event
// kind per way an action can end, so that the transition tables are complete by construction.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "agent/merge/schema.h"
#include "agent/plan/kinds.h"
#include "agent/plan/plan.h"
#include "agent/sync/api_answer.h"
#include "agent/sync/identity.h"
#include "agent/sync/record.h"
#include "protocol/base/log.h"
#include "protocol/base/time.h"
#include "protocol/trust/verify.h"
#include "protocol/wire/frame.h"
#include "protocol/wire/poll.h"
#include "protocol/wire/report.h"

namespace dunlin::sync {

using SchemaPtr = std::shared_ptr<const merge::Schema>;

// An app of the accepted statement whose bundle is not here: what it runs instead, as the statement
// listed it under which that was accepted.
struct HeldBack {
  std::string app;
  int64_t seq = 0;  // of that statement
  trust::StatementApp entry;
  bool operator==(const HeldBack&) const = default;
};

// Everything that survives a restart.
struct LoadedState {
  Identity identity;
  trust::TrustedState trusted;
  std::vector<StoredBundle> bundles;       // of the accepted statement, `behind` and `announced`
  std::vector<BundleDigest> held;          // every bundle in the store, newest first
  std::vector<Record> records;             // the inventory
  std::vector<Announcement> announced;     // by app, oldest first
  std::set<std::string> keep_on_removal;   // StoreIntent's
  std::vector<HeldBack> behind;            // the same
  std::vector<wire::Report> outbox;        // not yet acknowledged, oldest first
  std::map<std::string, Bytes> hook_runs;  // plan::EncodeHookRun, by app
  std::string reset_reason;                // not empty: the database was damaged and begun again
};

// What the apiserver says about itself.
struct ClusterFacts {
  std::string kube_uid;
  std::string version;  // "v1.36.3"
  plan::KindTable kinds;
  std::vector<std::string> api_versions;  // wire::Facts::api_versions
};

struct LiveItem {
  object::ResourceKey key;
  object::Value object;  // without managedFields
};

// ---- events
struct Started {};
struct StateLoaded {
  LoadedState state;
};
struct StateFailed {
  Error error;
};  // not enrolled, unreadable directory: the agent cannot run
struct PollAnswered {
  Bytes answer;
};
struct PollFailed {
  Error error;
};
struct BundlesLoaded {
  std::vector<StoredBundle> bundles;
};  // a lost one is simply not there
struct BundleFetched {
  wire::BundlePayload bundle;
};
struct FetchFailed {
  BundleDigest digest;
  Error error;
};
struct IntentStored {};
struct IntentFailed {
  Error error;
};
struct Discovered {
  ClusterFacts facts;
};
struct DiscoverFailed {
  Error error;
};
struct SchemaLoaded {
  object::GroupVersion version;
  SchemaPtr schema;
};  // null: has no document
struct SchemaFailed {
  object::GroupVersion version;
  Error error;
};
struct Listed {
  plan::GroupKind kind;
  bool first = false;
  bool last = false;
  std::vector<LiveItem> items;
};
// The kind's objects are not known: its list failed, or its watch could not be opened again.
struct ListFailed {
  plan::GroupKind kind;
  ApiFailure failure;
};
// The watch of a listed kind broke a moment ago and is being opened again.
struct WatchBroken {
  plan::GroupKind kind;
};
// It is open again from where it broke.
struct WatchResumed {
  plan::GroupKind kind;
};
struct LiveChanged {
  plan::GroupKind kind;
  LiveItem item;
};
struct LiveDeleted {
  plan::GroupKind kind;
  object::ResourceKey key;
};
struct Answered {
  uint64_t id = 0;
  ApiAnswer answer;
};
struct ParentWritten {
  std::string app;
  std::optional<ApiFailure> failure;
};
struct ParentRemoved {
  std::string app;
  std::optional<ApiFailure> failure;
};
struct LookedInto {
  uint64_t id = 0;
  std::vector<object::ResourceKey> found;  // what would be lost; not more than a few
  std::optional<ApiFailure> failure;       // then `found` is not all
};
struct RecordsStored {};
struct RecordsFailed {
  Error error;
};
struct ReportSent {
  std::string id;
};
struct ReportFailed {
  std::string id;
  Error error;
};
struct Tick {};  // the wake-up time of the last step has come

using Event =
    std::variant<Started, StateLoaded, StateFailed, PollAnswered, PollFailed, BundlesLoaded,
                 BundleFetched, FetchFailed, IntentStored, IntentFailed, Discovered, DiscoverFailed,
                 SchemaLoaded, SchemaFailed, Listed, ListFailed, WatchBroken, WatchResumed,
                 LiveChanged, LiveDeleted, Answered, ParentWritten, ParentRemoved, LookedInto,
                 RecordsStored, RecordsFailed, ReportSent, ReportFailed, Tick>;
std::string_view Name(const Event& event);

// ---- actions
struct LoadState {};
struct Poll {
  wire::PollRequest request;
};
struct LoadBundles {
  std::vector<BundleDigest> digests;
};
struct FetchBundle {
  BundleDigest digest;
  std::optional<BundleDigest> from;
};
// One transaction: head, statement, floors, new bundles, dropped records (security design 2.4, step
// 13).
struct StoreIntent {
  trust::TrustedState trusted;
  std::vector<StoredBundle> bundles;            // new ones
  std::map<std::string, BundleDigest> current;  // app → bundle in force; the last 10 are kept
  std::vector<Announcement> announced;          // of apps whose bundle is another one than before
  // Apps whose objects stay when a later statement does not name them; those that have left and
  // still have records, too. Replaces what is stored.
  std::set<std::string> keep_on_removal;
  // Apps that keep what the statement before them said. Replaces what is stored.
  std::vector<HeldBack> behind;
  std::vector<object::ResourceKey> forget;  // records that a statement with `keep` drops
};
struct Discover {};
struct LoadSchema {
  object::GroupVersion version;
};
struct Watch {
  plan::GroupKind kind;
  std::string version;
  std::string plural;
};
struct Unwatch {
  plan::GroupKind kind;
};
// One request to the apiserver for one object.
struct Request {
  uint64_t id = 0;
  Verb verb = Verb::kGet;
  object::ResourceKey key;
  std::string api_version;
  std::string plural;
  bool namespaced = true;
  std::string as_user;       // impersonated; empty: ourselves
  std::string content_type;  // of a patch
  Bytes body;
};
// Create or update, and create its namespace when that is missing. One that is not ours is refused
// with kForeignParent.
struct WriteParent {
  std::string app;
  object::Value config_map;
};
struct RemoveParent {
  std::string app;
  std::string name;
  std::string namespace_;
};
// What lives in a namespace that is to be deleted.
struct LookInto {
  uint64_t id = 0;
  std::string namespace_;
};
struct StoreRecords {
  std::vector<Record> upserts;
  std::vector<object::ResourceKey> deletes;
  std::map<std::string, int64_t> settled;  // app → announcements up to this one are over
  std::map<std::string, Bytes> hook_runs;  // app → plan::EncodeHookRun; empty: the row goes
};
// Puts the report into the outbox, sends it, removes it when the hub took it.
struct SendReport {
  wire::Report report;
  bool stored = false;
};
// The hub will never take it: out of the outbox.
struct DropReport {
  std::string id;
};

using Action = std::variant<LoadState, Poll, LoadBundles, FetchBundle, StoreIntent, Discover,
                            LoadSchema, Watch, Unwatch, Request, WriteParent, RemoveParent,
                            LookInto, StoreRecords, SendReport, DropReport>;
std::string_view Name(const Action& action);

// What a person may want to read in the agent's log: something began, changed or ended. What is
// found again by every look is not said again.
struct Note {
  LogLevel level = LogLevel::kInfo;
  std::string event;
  LogFields fields;
};

// What to do now, in any order and all at once, what to say, and when to come back without an
// event.
struct Step {
  std::vector<Action> actions;
  std::vector<Note> notes;
  std::optional<TimePoint> wake;
  std::optional<Error> fatal;  // the agent cannot go on: print and exit
};

}  // namespace dunlin::sync
