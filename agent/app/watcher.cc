#include "agent/app/watcher.h"

#include <algorithm>
#include <utility>

#include "protocol/net/runtime.h"

namespace dunlin::app {

namespace {

constexpr Seconds kWatchSeconds{300};  // merge.md section 14, jittered by up to a fifth
constexpr size_t kBatch = 200;         // items of one Listed event
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
    if (!failure) continue;
    // Without a list nothing is known of the kind. A broken watch alone loses nothing: it resumes.
    if (self->version_.empty()) {
      Error error = MakeError(failure->code, failure->message);
      self->Change(sync::ListFailed{self->target_.kind, std::move(error)});
    }
    const Millis pause =
        std::max(self->backoff_.Next(self->context_.random.Next()), failure->retry_after);
    const Status slept = co_await net::Sleep(pause);
    if (!slept) break;
  }
  co_return Status();
}

Task<Watcher::Ended> Watcher::Phase() {
  if (!version_.empty()) co_return co_await Follow();
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
    EmitList(more.empty());
    if (stopped_) co_return Ended();
  } while (!more.empty());
  version_ = std::move(version);
  backoff_.Reset();
  co_return Ended();
}

Task<Watcher::Ended> Watcher::Follow() {
  CO_TRY(kube::WatchAnswer answer, co_await context_.kube.Watch(selection_, version_, Duration()));
  if (const auto* failure = std::get_if<sync::ApiFailure>(&answer)) co_return OnError(*failure);
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
      backoff_.Reset();
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
    backoff_.Reset();
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
  first_ = false;
  items_.clear();
}

Seconds Watcher::Duration() {
  const auto jitter = static_cast<int64_t>(context_.random.Next() % (kWatchSeconds.count() / 5));
  return kWatchSeconds + Seconds(jitter);
}

}  // namespace dunlin::app
