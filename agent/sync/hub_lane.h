// Polling, judging and storing what the hub says. Only what passed every check of the trust module
// and whose bundles are all here, decoded and counted, becomes World::statement; until then, and
// after every refusal, the cluster keeps the last good one.
#pragma once

#include <set>
#include <string_view>

#include "agent/sync/world.h"
#include "protocol/base/backoff.h"

namespace dunlin::sync {

class HubLane {
 public:
  enum class State { kStart, kLoading, kPolling, kLoadingBundles, kFetching, kStoring, kWaiting };

  explicit HubLane(World& world) : world_(world) {}

  static bool Takes(const Event& event);
  // True when World::statement (or one of its bundles) is new: apps have to be planned.
  bool Resume(const Event& event, TimePoint now, Out& out);
  State state() const { return state_; }
  bool connected() const { return connected_; }
  std::optional<TimePoint> Wake() const;

 private:
  // What would become the new state.
  struct Candidate {
    trust::TrustedState trusted;
    trust::Statement statement;
    std::vector<wire::BundlePayload> payloads;  // as they came
    BundlePool pool;                            // accepted or loaded
    std::set<BundleDigest> fetching;
    std::set<BundleDigest> fetched;  // asked for once: a second failure refuses the candidate
    bool loaded = false;
    std::set<std::string> keep_on_removal;  // StoreIntent's
    std::vector<Announcement> announced;    // the same
    TimePoint received{};
    TimePoint verified{};
  };

  struct Row;
  static const Row kTable[];

  State OnStarted(const Event& event);
  State OnLoaded(const Event& event);
  State OnLoadFailed(const Event& event);
  State OnAnswer(const Event& event);
  State OnPollFailed(const Event& event);
  State OnBundlesLoaded(const Event& event);
  State OnFetched(const Event& event);
  State OnFetchFailed(const Event& event);
  State OnStored(const Event& event);
  State OnStoreFailed(const Event& event);
  State OnTick(const Event& event);
  State Stay(const Event& event);

  State StartPoll();
  State Wait(Millis at_least);
  State Judge(PollContent content);
  State Assemble();
  State Refuse(std::string code, std::string message, std::string hint = {});
  Status CheckBundles();
  bool IsNews(const AppName& app, const trust::StatementApp& entry) const;
  std::set<BundleDigest> Needed() const;
  std::map<std::string, std::vector<object::ResourceKey>> Forgotten(
      const trust::Statement& next) const;
  void Forget(const trust::Statement& next);

  World& world_;
  State state_ = State::kStart;
  Backoff backoff_;
  TimePoint wake_{};
  TimePoint polled_at_{};
  bool connected_ = false;
  std::optional<TimePoint> away_since_;  // of the first poll without an answer
  bool whole_statement_ = false;         // the last change of a statement did not fit
  std::set<std::string> refusals_;       // codes raised since the last acceptance
  std::optional<Candidate> candidate_;

  // Of the current Resume.
  TimePoint now_{};
  Out* out_ = nullptr;
  bool accepted_ = false;
};

std::string_view Name(HubLane::State state);

}  // namespace dunlin::sync
