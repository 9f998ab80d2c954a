// Keeps one kind's objects in view: a streaming list where the server has them, else LIST pages,
// then one watch after another. Every interruption is repaired here; what the machine has to know
// (a fresh list, a change, a list that failed, a watch that broke) comes out as events.
//
// A watch that breaks is opened again from where it was. When that does not succeed for some
// seconds, the kind is given up as ListFailed, and the next thing to be known of it is a fresh
// list. A list ends (Listed::last) once the watch that follows it is open.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/kube/kube.h"
#include "agent/sync/event.h"
#include "protocol/base/backoff.h"
#include "protocol/base/log.h"
#include "protocol/base/random.h"
#include "protocol/base/time.h"
#include "protocol/net/task.h"

namespace dunlin::app {

// What all watchers of one apiserver share.
struct WatchContext {
  kube::Kube& kube;
  Random& random;
  std::function<void(sync::Event)> emit;
  const Clock& clock;
  Log log;
  bool streaming_lists = true;  // until the server refuses one
  bool away = false;            // it has been logged that the apiserver does not answer
  Millis idle{60000};           // beyond a watch's own time: then the connection is dead
};

class Watcher {
 public:
  // The context outlives the watcher.
  Watcher(WatchContext& context, sync::Watch target);

  // Runs until Stop(). `self` keeps the object alive as long as the coroutine.
  static TaskVoid Run(std::shared_ptr<Watcher> self);
  // No event comes out from now on; the coroutine ends at its next wake-up.
  void Stop() { stopped_ = true; }

 private:
  // Why a phase ended. Without a failure: go on at once (the server ends watches regularly).
  using Ended = std::optional<sync::ApiFailure>;

  Task<Ended> Phase();
  Task<Ended> FillFromStream();
  Task<Ended> FillFromPages();
  Task<Ended> Follow(std::string version);
  Task<Ended> Consume(kube::WatchStream& stream);
  Ended Take(std::vector<kube::WatchEvent> events);
  Ended TakeInitial(std::vector<kube::WatchEvent> events);
  Ended OnError(const sync::ApiFailure& failure);
  void Lost();
  void Failed(const sync::ApiFailure& failure);
  void Opened();
  void Proven();
  void LogFailure(const sync::ApiFailure& failure);
  void Change(sync::Event event);
  void EmitList(bool last);
  Seconds Duration();

  WatchContext& context_;
  const sync::Watch target_;
  const kube::Selection selection_;
  Backoff backoff_;
  bool stopped_ = false;
  std::string version_;  // resume from here; empty: list again
  bool known_ = false;   // listed, and not given up since
  bool broken_ = false;  // WatchBroken is the last word on it
  int failures_ = 0;     // in a row
  Millis failing_since_{0};
  bool logged_ = false;  // the failure under way
  bool filling_ = false;
  bool first_ = true;
  std::vector<sync::LiveItem> items_;
};

}  // namespace dunlin::app
