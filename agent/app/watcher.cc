#include "agent/app/watcher.h"

#include <algorithm>
#include <utility>

#include "protocol/net/runtime.h"

namespace dunlin::app {

namespace {

constexpr Seconds kWatchSeconds{300};  // merge.md section 14, jittered by up to a fifth
constexpr size_t kBatch = 200;         // items of one Listed event
// A watch that cannot be opened again is given up after both: an apiserver that is started anew is
// back sooner, and a person is told before anything is decided on an old picture.
constexpr int kTries = 3;
constexpr Millis kPatience{5000};
constexpr const char* kInitialEnd = "k8s.io/initial-events-end";

kube::Selection SelectionOf(const sync::Watch& target) {
  kube::Selection out;
  out.group = target.kind.group;
  out.version = target.version;
  out.plural = target.plural;
  return out;
}

sync::ApiFailure FromError(const Error& error) {
  sync::ApiFailure out;
  out.code = error.code;
  out.message = error.message;
  return out;
}

bool EndsInitialEvents(const kube::WatchEvent& event) {
  return event.type == kube::WatchType::kBookmark &&
         object::FindString(event.object, {"metadata", "annotations", kInitialEnd}) == "true";
}

}  // namespace

Watcher::Watcher(WatchContext& context, sync::Watch target)
    : context_(context), target_(std::move(target)), selection_(SelectionOf(target_)) {}

TaskVoid Watcher::Run(std::shared_ptr<Watcher> self) {
  while (!self->stopped_) {
    auto ended = co_await self->Phase();
    const Ended failure = ended.has_value() ? *ended : Ended(FromError(ended.error()));
    if (self->stopped_ || (failure && failure->code == Errc::kCancelled)) break;
    if (failure || self->version_.empty()) self->Lost();
    if (!failure) continue;
    self->Failed(*failure);
    const Millis pause =
        std::max(self->backoff_.Next(self->context_.random.Next()), failure->retry_after);
    const Status slept = co_await net::Sleep(pause);
    if (!slept) break;
  }
  co_return Status();
}

// From now on, until the watch is open again, what was listed may be old.
void Watcher::Lost() {
  if (known_ && !std::exchange(broken_, true)) Change(sync::WatchBroken{target_.kind});
}

// Without a list nothing is known of the kind. A broken watch alone loses nothing: it resumes. But
// one that cannot be opened is not to be taken for a quiet cluster.
void Watcher::Failed(const sync::ApiFailure& failure) {
  const Millis now = context_.clock.Monotonic();
  if (failures_++ == 0) failing_since_ = now;
  if (known_ && (failures_ < kTries || now - failing_since_ < kPatience)) return;
  known_ = broken_ = false;
  version_.clear();
  LogFailure(failure);
  Change(sync::ListFailed{target_.kind, failure});
}

// Once per outage: for the whole apiserver when it does not answer, else for the kind.
void Watcher::LogFailure(const sync::ApiFailure& failure) {
  bool& said = failure.http == 0 ? context_.away : logged_;
  if (stopped_ || std::exchange(said, true)) return;
  context_.log.Warn("watch_failed", MakeError(failure.code, failure.message),
                    {{"kind", target_.kind.Text()}});
}

// The server has sent something: an open watch alone may be cut again at once.
void Watcher::Proven() {
  backoff_.Reset();
  failures_ = 0;
}

// The watch is open and goes on from what is known.
void Watcher::Opened() {
  if (std::exchange(broken_, false)) Change(sync::WatchResumed{target_.kind});
  context_.away = false;
  if (std::exchange(logged_, false)) {
    context_.log.Info("watch_restored", {{"kind", target_.kind.Text()}});
  }
}

Task<Watcher::Ended> Watcher::Phase() {
  if (!version_.empty()) co_return co_await Follow(version_);
  first_ = true;
  items_.clear();
  if (context_.streaming_lists) co_return co_await FillFromStream();
  co_return co_await FillFromPages();
}

Task<Watcher::Ended> Watcher::FillFromStream() {
  CO_TRY(kube::WatchAnswer answer, co_await context_.kube.Watch(selection_, "", Duration()));
  if (const auto* failure = std::get_if<sync::ApiFailure>(&answer)) {
    if (failure->http == 400 || failure->http == 422) {
      context_.streaming_lists = false;
      co_return Ended();
    }
    co_return Ended(*failure);
  }
  filling_ = true;
  auto& stream = std::get<std::unique_ptr<kube::WatchStream>>(answer);
  auto ended = co_await Consume(*stream);
  const bool incomplete = std::exchange(filling_, false);
  if (ended.has_value() && !*ended && incomplete) {
    co_return MakeError(Errc::kUnavailable, "the apiserver ended a list before its end");
  }
  co_return ended;
}

Task<Watcher::Ended> Watcher::FillFromPages() {
  std::string more;
  std::string version;
  do {
    CO_TRY(kube::ListAnswer answer, co_await context_.kube.List(selection_, more));
    if (const auto* failure = std::get_if<sync::ApiFailure>(&answer)) {
      // An expired continue token: from the beginning, without it.
      if (failure->http == 410 && !more.empty()) co_return Ended();
      co_return Ended(*failure);
    }
    kube::ListPage& page = std::get<kube::ListPage>(answer);
    for (object::Value& item : page.items) {
      CO_TRY(object::ResourceKey key, object::ResourceKey::Of(item));
      items_.push_back({std::move(key), std::move(item)});
    }
    version = std::move(page.resource_version);
    more = std::move(page.more);
    if (!more.empty()) EmitList(false);
    if (stopped_) co_return Ended();
  } while (!more.empty());
  co_return co_await Follow(std::move(version));
}

// REQUIRES: `version` is that of what is known, or of a list whose end is not told yet.
Task<Watcher::Ended> Watcher::Follow(std::string version) {
  CO_TRY(kube::WatchAnswer answer, co_await context_.kube.Watch(selection_, version, Duration()));
  if (const auto* failure = std::get_if<sync::ApiFailure>(&answer)) co_return OnError(*failure);
  if (version_.empty()) {
    EmitList(true);
    version_ = std::move(version);
  }
  Opened();
  auto& stream = std::get<std::unique_ptr<kube::WatchStream>>(answer);
  co_return co_await Consume(*stream);
}

Task<Watcher::Ended> Watcher::Consume(kube::WatchStream& stream) {
  // The server ends the watch by itself: a silence beyond that is a dead connection.
  const Millis idle = kWatchSeconds + kWatchSeconds / 5 + context_.idle;
  while (!stopped_) {
    CO_TRY(std::vector<kube::WatchEvent> events, co_await stream.Next(idle));
    if (events.empty()) co_return Ended();
    const std::string before = version_;
    Ended ended = filling_ ? TakeInitial(std::move(events)) : Take(std::move(events));
    if (ended) co_return ended;
    if (!filling_ && version_.empty() && !before.empty()) co_return Ended();  // 410: list again
  }
  co_return Ended();
}

// Initial events may be followed by later ones in the same piece.
Watcher::Ended Watcher::TakeInitial(std::vector<kube::WatchEvent> events) {
  for (auto it = events.begin(); it != events.end(); ++it) {
    if (it->type == kube::WatchType::kError) return OnError(it->failure);
    if (EndsInitialEvents(*it)) {
      filling_ = false;
      EmitList(true);
      version_ = it->resource_version;
      Opened();
      Proven();
      events.erase(events.begin(), it + 1);
      return Take(std::move(events));
    }
    if (it->type != kube::WatchType::kAdded) continue;
    auto key = object::ResourceKey::Of(it->object);
    if (!key) return FromError(key.error());
    items_.push_back({std::move(*key), std::move(it->object)});
  }
  if (items_.size() >= kBatch) EmitList(false);
  return Ended();
}

Watcher::Ended Watcher::Take(std::vector<kube::WatchEvent> events) {
  for (kube::WatchEvent& event : events) {
    if (event.type == kube::WatchType::kError) return OnError(event.failure);
    if (event.type != kube::WatchType::kBookmark) {
      auto key = object::ResourceKey::Of(event.object);
      if (!key) return FromError(key.error());
      if (event.type == kube::WatchType::kDeleted) {
        Change(sync::LiveDeleted{target_.kind, std::move(*key)});
      } else {
        Change(sync::LiveChanged{target_.kind, {std::move(*key), std::move(event.object)}});
      }
    }
    if (!event.resource_version.empty()) version_ = std::move(event.resource_version);
    Proven();
  }
  return Ended();
}

Watcher::Ended Watcher::OnError(const sync::ApiFailure& failure) {
  if (failure.http != 410 || version_.empty()) return failure;
  version_.clear();  // too old: list again, at once
  return Ended();
}

void Watcher::Change(sync::Event event) {
  if (!stopped_) context_.emit(std::move(event));
}

void Watcher::EmitList(bool last) {
  Change(sync::Listed{target_.kind, first_, last, std::move(items_)});
  if (last) {
    known_ = true;
    broken_ = false;
  }
  first_ = false;
  items_.clear();
}

Seconds Watcher::Duration() {
  const auto jitter = static_cast<int64_t>(context_.random.Next() % (kWatchSeconds.count() / 5));
  return kWatchSeconds + Seconds(jitter);
}

}  // namespace dunlin::app
