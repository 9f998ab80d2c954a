#include "tests/support/fake_kube.h"

#include <utility>

#include "protocol/base/limits.h"

namespace dunlin {

namespace {

kube::WatchEvent EventOf(kube::WatchType type, object::Value object, const std::string& version) {
  kube::WatchEvent out;
  out.type = type;
  out.object = std::move(object);
  out.resource_version = version;
  return out;
}

object::Value Named(const object::ResourceKey& key) {
  const std::string api_version = key.group.empty() ? "v1" : key.group + "/v1";
  object::Object metadata{{"name", key.name}};
  if (!key.namespace_.empty()) metadata["namespace"] = key.namespace_;
  return object::Object{{"apiVersion", api_version}, {"kind", key.kind}, {"metadata", metadata}};
}

}  // namespace

struct FakeKube::Channel {
  Channel(const asio::any_io_executor& executor, plan::GroupKind k)
      : kind(std::move(k)), signal(executor) {}
  plan::GroupKind kind;
  net::Event signal;
  std::deque<kube::WatchEvent> events;
  bool ended = false;
  bool cancelled = false;
};

class FakeKube::Stream : public kube::WatchStream {
 public:
  explicit Stream(std::shared_ptr<Channel> channel) : channel_(std::move(channel)) {}

  Task<std::vector<kube::WatchEvent>> Next(Millis idle) override {
    const std::shared_ptr<Channel> channel = channel_;
    while (channel->events.empty() && !channel->ended && !channel->cancelled) {
      CO_TRY_VOID(co_await channel->signal.Wait(idle));
    }
    if (channel->cancelled) co_return MakeError(Errc::kCancelled, "the test ends");
    std::vector<kube::WatchEvent> out(std::make_move_iterator(channel->events.begin()),
                                      std::make_move_iterator(channel->events.end()));
    channel->events.clear();
    co_return out;
  }

 private:
  std::shared_ptr<Channel> channel_;
};

FakeKube::FakeKube(asio::any_io_executor executor, sync::FakeCluster& cluster)
    : executor_(std::move(executor)), cluster_(cluster) {}

Status FakeKube::Reachable() {
  if (closed_) return MakeError(Errc::kCancelled, "the test ends");
  if (away) {
    ++refused;
    return MakeError(Errc::kUnavailable, "connection refused");
  }
  return {};
}

plan::GroupKind FakeKube::KindOf(const kube::Selection& selection) const {
  for (const auto& [kind, info] : cluster_.Facts().kinds) {
    if (kind.group == selection.group && info.plural == selection.plural) return kind;
  }
  return {selection.group, selection.plural};
}

Task<sync::ClusterFacts> FakeKube::Discover() {
  CO_TRY_VOID(Reachable());
  co_return cluster_.Facts();
}

Task<sync::SchemaPtr> FakeKube::Schema(object::GroupVersion) {
  CO_TRY_VOID(Reachable());
  co_return sync::SchemaPtr();
}

Task<kube::ListAnswer> FakeKube::List(kube::Selection selection, std::string more) {
  CO_TRY_VOID(Reachable());
  watch_log.push_back(selection.plural + " list");
  const plan::GroupKind kind = KindOf(selection);
  kube::ListPage page;
  if (selection.label.empty()) {
    const int limit = selection.limit > 0 ? selection.limit : limits::kListPageObjects;
    int left_out = more.empty() ? 0 : std::stoi(more);
    const int end = left_out + limit;
    for (const auto& [key, object] : cluster_.objects()) {
      const bool selected = key.namespace_ == selection.namespace_ || selection.namespace_.empty();
      if (!selected || plan::GroupKind::Of(key) != kind) continue;
      if (left_out > 0) {
        --left_out;
      } else if (static_cast<int>(page.items.size()) < limit) {
        page.items.push_back(object);
      } else {
        page.more = std::to_string(end);
        break;
      }
    }
    co_return kube::ListAnswer(std::move(page));
  }
  cluster_.Open(kind);
  for (sync::LiveItem& item : cluster_.List(kind).items)
    page.items.push_back(std::move(item.object));
  page.resource_version = std::to_string(epoch_) + ".list";
  co_return kube::ListAnswer(std::move(page));
}

std::vector<kube::WatchEvent> FakeKube::InitialEvents(const plan::GroupKind& kind) const {
  const std::string version = std::to_string(epoch_) + ".initial";
  std::vector<kube::WatchEvent> out;
  for (sync::LiveItem& item : cluster_.List(kind).items) {
    out.push_back(EventOf(kube::WatchType::kAdded, std::move(item.object), version));
  }
  const object::Object annotations{{"k8s.io/initial-events-end", "true"}};
  const object::Object metadata{{"annotations", annotations}};
  out.push_back(
      EventOf(kube::WatchType::kBookmark, object::Object{{"metadata", metadata}}, version));
  return out;
}

Task<kube::WatchAnswer> FakeKube::Watch(kube::Selection selection, std::string resource_version,
                                        Seconds) {
  CO_TRY_VOID(Reachable());
  watch_log.push_back(selection.plural + " from '" + resource_version + "'");
  if (refusal) co_return kube::WatchAnswer(*refusal);
  if (resource_version.empty() && !streaming_lists) {
    co_return kube::WatchAnswer(sync::Refusal(422, "Invalid"));
  }
  if (!resource_version.empty() && !resource_version.starts_with(std::to_string(epoch_) + ".")) {
    co_return kube::WatchAnswer(sync::Refusal(410, "Expired"));
  }
  auto channel = std::make_shared<Channel>(executor_, KindOf(selection));
  cluster_.Open(channel->kind);
  if (resource_version.empty()) {
    for (kube::WatchEvent& event : InitialEvents(channel->kind)) {
      channel->events.push_back(std::move(event));
    }
  }
  channels_.push_back(channel);
  std::unique_ptr<kube::WatchStream> stream = std::make_unique<Stream>(std::move(channel));
  co_return kube::WatchAnswer(std::move(stream));
}

Task<sync::ApiAnswer> FakeKube::Send(sync::Request request) {
  CO_TRY_VOID(Reachable());
  sync::ApiAnswer answer = cluster_.Answer(request);
  Pump();
  co_return answer;
}

void FakeKube::Pump() {
  for (sync::Event& event : cluster_.TakeEvents()) {
    const std::string version = std::to_string(epoch_) + ".event";
    for (const std::shared_ptr<Channel>& channel : channels_) {
      if (auto* changed = std::get_if<sync::LiveChanged>(&event);
          changed != nullptr && changed->kind == channel->kind) {
        channel->events.push_back(
            EventOf(kube::WatchType::kModified, changed->item.object, version));
      } else if (auto* deleted = std::get_if<sync::LiveDeleted>(&event);
                 deleted != nullptr && deleted->kind == channel->kind) {
        channel->events.push_back(EventOf(kube::WatchType::kDeleted, Named(deleted->key), version));
      }
      channel->signal.Notify();
    }
  }
}

void FakeKube::CutWatches() {
  ++epoch_;
  EndWatches();
}

void FakeKube::EndWatches() {
  for (const std::shared_ptr<Channel>& channel : channels_) {
    channel->ended = true;
    channel->signal.Notify();
  }
  channels_.clear();
}

void FakeKube::Close() {
  closed_ = true;
  for (const std::shared_ptr<Channel>& channel : channels_) {
    channel->cancelled = true;
    channel->signal.Notify();
  }
}

}  // namespace dunlin
