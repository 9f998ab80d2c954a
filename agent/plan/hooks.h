// Hooks (merge.md section 12): objects that run in a phase of a sync instead of being kept as they
// are. What an annotation says, what a run of an app's hooks has come to, and the document that one
// task sends. A run belongs to one content of the app: it is made once, whatever happens to the
// agent meanwhile, and a run that has ended well starts no hook again (self-heal).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/health/health.h"
#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/base/time.h"
#include "protocol/object/resource_key.h"
#include "protocol/object/value.h"

namespace dunlin::plan {

enum class HookPhase { kPreSync, kSync, kPostSync, kSyncFail };
std::string_view Name(HookPhase phase);  // "PreSync", …

struct DeletePolicy {
  bool before_creation = false;
  bool succeeded = false;
  bool failed = false;
  bool operator==(const DeletePolicy&) const = default;
};

enum class HookKind {
  kNone,     // a normal object
  kHook,     // runs in phases
  kIgnored,  // never applied: Skip, Helm's test, rollback and delete hooks, words nobody knows
};

// On the object: says which run and phase made it.
inline constexpr std::string_view kHookRunAnnotation = "dunlin.dev/hook-run";
// "90s", "30m", "2h": how long the hook may take.
inline constexpr std::string_view kHookTimeoutAnnotation = "dunlin.dev/hook-timeout";
// Without that annotation.
inline constexpr Millis kHookTimeout{60 * 60 * 1000};

struct HookSpec {
  HookKind kind = HookKind::kNone;
  std::vector<HookPhase> phases;  // each once, in order
  DeletePolicy policy;
  Millis timeout = kHookTimeout;
  std::vector<std::string> not_done;  // words that mean nothing to us: "PostDelete"
};
// An Argo CD hook annotation hides Helm's.
HookSpec HookOf(const object::Value& object);

// Of a Desired that is a hook in one phase.
struct Hook {
  HookPhase phase = HookPhase::kSync;
  DeletePolicy policy;
  Millis timeout = kHookTimeout;
  std::string generate_name;     // not empty: the run gives it its name
  object::ResourceKey declared;  // of a run's document: as the bundle names it
};

enum class HookState { kStarted, kSucceeded, kFailed };

// One hook in one phase, as a run made it.
struct HookTask {
  HookPhase phase = HookPhase::kSync;
  object::ResourceKey declared;  // as the bundle names it
  object::ResourceKey key;       // as it was made
  std::string api_version;
  std::string uid;
  DeletePolicy policy;
  Millis timeout{};
  HookState state = HookState::kStarted;
  std::string why;       // of kFailed
  bool removed = false;  // by us, or it was not there any more
  bool operator==(const HookTask&) const = default;
};

struct HookRun {
  std::string content;  // PreparedApp::content that it is for
  int64_t seq = 0;      // of the statement under which it began: the "start" of generated names
  bool ended = false;   // everything is applied and every hook ran
  bool failed = false;  // a hook failed: over until the app's content changes
  std::vector<HookTask> tasks;
  std::vector<HookTask> leftovers;  // objects of earlier runs that are still there
  bool operator==(const HookRun&) const = default;

  const HookTask* Find(HookPhase phase, const object::ResourceKey& declared) const;
  // A task whose failure failed the sync; null: none.
  const HookTask* FirstFailed() const;
};
// For the agent's database.
Bytes EncodeHookRun(const HookRun& run);
Result<HookRun> DecodeHookRun(BytesView text);

// `content` runs next: objects of the old run become leftovers. The newest kHookLeftovers of them.
HookRun NextHookRun(const HookRun* before, std::string content, int64_t seq);
inline constexpr size_t kHookLeftovers = 100;

// What has to be deleted now that the sync is over (delete policies), in reverse order.
std::vector<HookTask> HooksToClear(const HookRun& run);

// "<prefix><rev[0:7]>-<phase>-<start>", shortened at the prefix to what a label value holds.
std::string GeneratedHookName(std::string_view prefix, std::string_view revision, HookPhase phase,
                              int64_t start);
// Value of kHookRunAnnotation.
std::string HookMark(const HookRun& run, HookPhase phase);

// Running (nothing), succeeded or failed. `live` may lack its status when `health` is Current.
std::optional<HookState> JudgeHook(const object::Value& live, const health::Health& health);

}  // namespace dunlin::plan
