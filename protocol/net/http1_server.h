// Internal to protocol/net: the server's side of one HTTP/1.1 connection. Boost.Beast parses, one
// coroutine reads the socket (so that a peer that goes away is noticed while a handler runs), one
// takes requests in turn.
#pragma once

#include <memory>

#include "protocol/net/server_core.h"

namespace dunlin::net::internal {

class Http1Exchange;
struct Http1Request;

class Http1Session : public Session, public std::enable_shared_from_this<Http1Session> {
 public:
  Http1Session(std::shared_ptr<ServerCore> core, Peer peer, Transport transport);
  // `received`: what was read before HTTP/1.1 was recognised.
  void Start(Bytes received);

  const Peer& peer() const override { return peer_; }
  void DrainSession() override;
  void CloseSessionGently(Error why) override { CloseSession(std::move(why)); }
  void CloseSession(Error why) override;

 private:
  friend class Http1Exchange;
  static TaskVoid ReadLoop(std::shared_ptr<Http1Session> self);
  static TaskVoid ServeLoop(std::shared_ptr<Http1Session> self);
  static TaskVoid ReceiveRequest(std::shared_ptr<Http1Session> self, Http1Request& request);
  static TaskVoid Handle(std::shared_ptr<Http1Session> self, Http1Request& request,
                         std::optional<HttpResponse>& response);
  static TaskVoid Answer(std::shared_ptr<Http1Session> self, Http1Request& request);
  static TaskVoid Bye(std::shared_ptr<Http1Session> self);
  TaskVoid Send(Bytes bytes);
  void PeerEnded();

  std::shared_ptr<ServerCore> core_;
  Peer peer_;
  Transport transport_;
  Bytes in_;              // received, not parsed
  bool ended_ = false;    // the peer sends no more
  bool discard_ = false;  // we are closing; what arrives is thrown away
  bool closed_ = false;
  bool draining_ = false;
  Event arrived_;
  Event taken_;
  std::weak_ptr<Http1Exchange> current_;  // owned by its coroutines, and owns us
};

}  // namespace dunlin::net::internal
