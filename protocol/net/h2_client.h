// Internal to protocol/net: the client's side of one HTTP/2 connection.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "protocol/net/h2_connection.h"

namespace dunlin::net::internal {

// One request's answer as it arrives. The connection fills it, the requesting coroutine reads it.
struct ClientStream {
  explicit ClientStream(const asio::any_io_executor& executor) : changed(executor) {}
  h2::StreamId id = 0;
  bool collect = true;  // the whole body is wanted: its window is given back on arrival
  std::optional<h2::ResponseHead> head;
  Bytes body;                // arrived and not taken yet
  bool ended = false;        // nothing follows
  bool closed = false;       // the stream is gone
  bool unprocessed = false;  // failed, and the peer did nothing: safe to repeat
  std::optional<Error> failure;
  Event changed;
};

struct ClientLimits {
  Millis ping_every;
  Millis ping_limit;
};

class ClientConnection : public H2Connection {
 public:
  ClientConnection(Transport transport, ClientLimits limits);

  // New requests may be made. Before the server's SETTINGS are known, only as many as any of our
  // servers takes (a refused request would have to be repeated).
  bool Usable() const { return open() && engine_.AcceptsRequests(); }
  bool HasRoom() const;
  // Why it is closed. REQUIRES: !open().
  const Error& why() const { return why_; }
  Event& room() { return room_; }

  Result<std::shared_ptr<ClientStream>> Open(const h2::RequestHead& head, Bytes body, bool collect);
  // Gives the window of bytes that the reader has taken back to the server.
  void Consumed(const ClientStream& stream, size_t bytes);
  // The caller is done with the stream: it is reset unless it is over.
  void Release(const ClientStream& stream);

 protected:
  void OnEvent(h2::Event& event) override;
  void OnClosed(const Error& why) override;
  Millis OnTick(Millis now) override;

 private:
  ClientStream* Find(h2::StreamId id);
  void OnData(h2::DataReceived& data);
  void OnStreamClosed(const h2::StreamClosed& closed);

  ClientLimits limits_;
  std::map<h2::StreamId, std::shared_ptr<ClientStream>> streams_;
  Event room_;
  bool settings_seen_ = false;
  std::string goaway_;  // the server's words
  std::optional<Millis> ping_sent_;
  Error why_;
};

// Releases the stream when the request's coroutine ends, however it ends.
class StreamLease {
 public:
  StreamLease(std::shared_ptr<ClientConnection> connection, std::shared_ptr<ClientStream> stream)
      : connection_(std::move(connection)), stream_(std::move(stream)) {}
  ~StreamLease() { connection_->Release(*stream_); }
  StreamLease(const StreamLease&) = delete;
  StreamLease& operator=(const StreamLease&) = delete;
  ClientConnection& connection() const { return *connection_; }
  ClientStream& stream() const { return *stream_; }

 private:
  std::shared_ptr<ClientConnection> connection_;
  std::shared_ptr<ClientStream> stream_;
};

}  // namespace dunlin::net::internal
