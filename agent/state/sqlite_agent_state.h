// AgentState in a directory: agent.db beside the files of enrolment. See agent_state.h.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "agent/state/agent_state.h"
#include "protocol/store/database.h"

namespace dunlin::state {

struct Settings {
  TimePoint build_time{};                // trust::TrustedState::build_time
  Millis max_head_life{60 * 60 * 1000};  // the same
  // Enrolment made agent.db: when it is gone, what was applied is not known any more, and a new one
  // says so as one that replaces a damaged one does.
  bool must_exist = false;
};

class SqliteAgentState : public AgentState {
 public:
  // Opens agent.db; a damaged one is moved to agent.db.damaged-<ms> (with its log) and a new one is
  // begun. kPrecondition: another agent uses the directory, or a newer version made the database.
  // `clock` outlives the object.
  static Result<std::unique_ptr<SqliteAgentState>> Open(std::string dir, Settings settings,
                                                        const Clock& clock);

  // The latest time that is certain to be past (trust::TrustedState's floors), without Load().
  Result<TimePoint> TimeFloor();

  Result<sync::LoadedState> Load() override;
  Result<std::vector<sync::StoredBundle>> Bundles(std::vector<BundleDigest> digests) override;
  Status StoreIntent(const sync::StoreIntent& intent) override;
  Status StoreRecords(const sync::StoreRecords& records) override;
  Status PutReport(const wire::Report& report) override;
  Status DropReport(const std::string& id) override;

 private:
  SqliteAgentState(std::string dir, Settings settings, const Clock& clock);
  Status OpenDatabase();
  // Moves the damaged database aside and begins a new one that knows why.
  Status StartOver(const std::string& reason);

  Result<sync::LoadedState> LoadAll();
  Result<trust::TrustedState> LoadTrusted(const sync::Identity& identity);
  Result<std::vector<BundleDigest>> Held();
  Result<std::vector<sync::Record>> Records();
  Result<std::vector<sync::Announcement>> Announced();
  Result<std::vector<wire::Report>> Outbox();
  Result<std::string> ResetReason();

  Status PutTrusted(const trust::TrustedState& trusted);
  Status PutBundles(const sync::StoreIntent& intent);
  Status PutAnnounced(const std::vector<sync::Announcement>& announced);
  Status DropOldBundles(const sync::StoreIntent& intent);
  Status PutKeepOnRemoval(const std::set<std::string>& apps);
  Result<std::set<std::string>> KeepOnRemoval();
  Status PutBehind(const std::vector<sync::HeldBack>& behind);
  Result<std::vector<sync::HeldBack>> Behind();
  Status PutHookRuns(const std::map<std::string, Bytes>& runs);
  Result<std::map<std::string, Bytes>> HookRuns();
  // Within a transaction of the caller's.
  Status DropRecords(const std::vector<object::ResourceKey>& keys);
  Status NoteAccepted(int64_t seq);

  std::string dir_;
  Settings settings_;
  const Clock& clock_;
  std::unique_ptr<store::Database> db_;
};

}  // namespace dunlin::state
