// Internal to protocol/net: what the connections of one server share.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "protocol/net/http_server.h"
#include "protocol/net/runtime.h"
#include "protocol/net/transport.h"

namespace dunlin::net::internal {

// One connection whose handshake is done, HTTP/2 or HTTP/1.1.
class Session {
 public:
  virtual ~Session() = default;
  virtual const Peer& peer() const = 0;
  virtual void DrainSession() = 0;                 // no new requests; closes when idle
  virtual void CloseSessionGently(Error why) = 0;  // within kLinger
  virtual void CloseSession(Error why) = 0;        // at once
};

struct ServerCore {
  ServerCore(asio::any_io_executor e, ServerConfig c, HttpHandler h)
      : executor(e), config(std::move(c)), handler(std::move(h)), changed(e) {}

  size_t connections() const { return handshakes.size() + sessions.size(); }
  void Leave(uint64_t connection) {
    const auto gone = sessions.extract(connection);
    changed.Notify();
    if (!gone.empty() && config.on_closed) config.on_closed(gone.mapped()->peer());
  }
  void Failed(const HttpRequest& request, const Error& error) const {
    if (config.on_failure) config.on_failure(request, error);
  }

  asio::any_io_executor executor;
  ServerConfig config;
  HttpHandler handler;
  bool stopping = false;
  size_t running = 0;         // handlers
  size_t received_bytes = 0;  // request bodies in memory, of all connections
  std::map<uint64_t, std::shared_ptr<Transport>> handshakes;  // in order of arrival
  std::map<uint64_t, std::shared_ptr<Session>> sessions;
  Event changed;  // a connection has gone
};

// The answer for a handler that failed, or for a request that we refuse ourselves: its status in
// words.
HttpResponse PlainResponse(int status);

// A body's share of ServerCore::received_bytes, given back with it.
class BodyBudget {
 public:
  explicit BodyBudget(std::shared_ptr<ServerCore> core) : core_(std::move(core)) {}
  ~BodyBudget() { core_->received_bytes -= taken_; }
  BodyBudget(const BodyBudget&) = delete;
  BodyBudget& operator=(const BodyBudget&) = delete;
  // The status of a refusal: 413 when this body is too large, 503 when all together are; or 0.
  int Take(size_t bytes);
  size_t taken() const { return taken_; }

 private:
  std::shared_ptr<ServerCore> core_;
  size_t taken_ = 0;
};

// Runs the handler for one request, cancels it when told so, and hands its end to Finish(). A
// handler runs at most once.
class ServerExchange : public Exchange, public std::enable_shared_from_this<ServerExchange> {
 public:
  ServerExchange(std::shared_ptr<ServerCore> core, HttpRequest request)
      : core_(std::move(core)), budget_(core_), request_(std::move(request)) {}
  const HttpRequest& request() const override { return request_; }

  void StartHandler();
  // The peer is gone: every further Begin() and Write() fails, the handler is cancelled.
  void Abandon();

 protected:
  virtual void Finish(Result<std::optional<HttpResponse>> outcome) = 0;

  std::shared_ptr<ServerCore> core_;
  BodyBudget budget_;
  HttpRequest request_;
  bool begun_ = false;
  bool abandoned_ = false;

 private:
  static TaskVoid Run(std::shared_ptr<ServerExchange> self);

  asio::cancellation_signal cancel_;
  bool running_ = false;
};

Error PeerGone();

// Length of a body as the request announces it; empty when it does not (or not as a number).
std::optional<uint64_t> AnnouncedLength(const Headers& headers);

}  // namespace dunlin::net::internal
