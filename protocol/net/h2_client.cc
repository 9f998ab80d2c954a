#include "protocol/net/h2_client.h"

#include <algorithm>

#include "protocol/base/limits.h"

namespace dunlin::net::internal {
namespace {

constexpr Millis kStalledWriteLimit{60000};

Error ResetError(const h2::StreamClosed& closed, const std::string& goaway) {
  if (closed.unprocessed) {
    return MakeError(Errc::kUnavailable, "the server did not take the request" +
                                             (goaway.empty() ? "" : " (" + goaway + ")"));
  }
  return MakeError(Errc::kUnavailable, "the server reset the stream (HTTP/2 error " +
                                           std::to_string(closed.code) + ")");
}

}  // namespace

ClientConnection::ClientConnection(Transport transport, ClientLimits limits)
    : H2Connection(std::move(transport), h2::Settings{}, kStalledWriteLimit),
      limits_(limits),
      room_(executor()) {}

bool ClientConnection::HasRoom() const {
  return settings_seen_ || engine_.OpenStreams() < limits::kH2StreamsPerConnection;
}

Result<std::shared_ptr<ClientStream>> ClientConnection::Open(const h2::RequestHead& head,
                                                             Bytes body, bool collect) {
  TRY(const h2::StreamId id, engine_.Request(head, std::move(body), false));
  auto stream = std::make_shared<ClientStream>(executor());
  stream->id = id;
  stream->collect = collect;
  streams_.emplace(id, stream);
  Pump();
  return stream;
}

void ClientConnection::Consumed(const ClientStream& stream, size_t bytes) {
  if (!open() || stream.closed) return;
  engine_.Consumed(stream.id, bytes);
  Pump();
}

void ClientConnection::Release(const ClientStream& stream) {
  streams_.erase(stream.id);
  if (!open() || stream.closed) return;
  engine_.Reset(stream.id, h2::ResetCode::kCancel);
  room_.Notify();
  Pump();
}

ClientStream* ClientConnection::Find(h2::StreamId id) {
  const auto it = streams_.find(id);
  return it == streams_.end() ? nullptr : it->second.get();
}

void ClientConnection::OnEvent(h2::Event& event) {
  if (auto* response = std::get_if<h2::ResponseReceived>(&event)) {
    ClientStream* stream = Find(response->stream);
    if (stream == nullptr) return;
    stream->head = std::move(response->head);
    if (!stream->collect) stream->changed.Notify();
  } else if (auto* data = std::get_if<h2::DataReceived>(&event)) {
    OnData(*data);
  } else if (const auto* end = std::get_if<h2::EndReceived>(&event)) {
    ClientStream* stream = Find(end->stream);
    if (stream == nullptr) return;
    stream->ended = true;
    stream->changed.Notify();
  } else if (const auto* closed = std::get_if<h2::StreamClosed>(&event)) {
    OnStreamClosed(*closed);
  } else if (const auto* goaway = std::get_if<h2::GoawayReceived>(&event)) {
    goaway_ = goaway->debug.empty() ? "the server is closing the connection" : goaway->debug;
    room_.Notify();
  } else if (std::holds_alternative<h2::SettingsReceived>(event)) {
    settings_seen_ = true;
    room_.Notify();
  }
}

void ClientConnection::OnData(h2::DataReceived& data) {
  ClientStream* stream = Find(data.stream);
  if (stream == nullptr) return;
  const size_t size = data.data.size();
  if (stream->body.empty()) {
    stream->body = std::move(data.data);
  } else {
    stream->body += data.data;
  }
  if (!stream->collect) {
    stream->changed.Notify();
    return;
  }
  engine_.Consumed(data.stream, size);
  if (stream->body.size() <= limits::kResponseBodyBytes) return;
  stream->failure =
      MakeError(Errc::kLimit, "the answer is larger than " +
                                  std::to_string(limits::kResponseBodyBytes) + " bytes");
  stream->changed.Notify();
}

void ClientConnection::OnStreamClosed(const h2::StreamClosed& closed) {
  const auto it = streams_.find(closed.stream);
  if (it == streams_.end()) return;
  ClientStream& stream = *it->second;
  stream.closed = true;
  if (!stream.ended && !stream.failure) {
    stream.failure = ResetError(closed, goaway_);
    stream.unprocessed = closed.unprocessed;
  }
  stream.changed.Notify();
  streams_.erase(it);
  room_.Notify();
}

void ClientConnection::OnClosed(const Error& why) {
  why_ = why;
  if (!goaway_.empty()) why_.message += " (" + goaway_ + ")";
  for (auto& [id, stream] : streams_) {
    stream->closed = true;
    if (!stream->ended && !stream->failure) stream->failure = why_;
    stream->changed.Notify();
  }
  streams_.clear();
  room_.Notify();
}

Millis ClientConnection::OnTick(Millis now) {
  if (ping_sent_ && last_received() >= *ping_sent_) ping_sent_.reset();
  if (ping_sent_ && now - *ping_sent_ >= limits_.ping_limit) {
    Close(MakeError(Errc::kUnavailable, "the server does not answer a PING within " +
                                            std::to_string(limits_.ping_limit.count()) + " ms"));
    return Millis::max();
  }
  if (!ping_sent_ && now - last_received() >= limits_.ping_every) {
    ping_sent_ = now;
    engine_.Ping();
    Pump();
  }
  if (ping_sent_) return *ping_sent_ + limits_.ping_limit;
  return last_received() + limits_.ping_every;
}

}  // namespace dunlin::net::internal
