// Internal to protocol/net: the server's side of one HTTP/2 connection.
#pragma once

#include <map>
#include <memory>

#include "protocol/net/h2_connection.h"
#include "protocol/net/server_core.h"

namespace dunlin::net::internal {

class H2Exchange;

class H2ServerConnection : public H2Connection, public Session {
 public:
  H2ServerConnection(std::shared_ptr<ServerCore> core, Peer peer, Transport transport);

  const Peer& peer() const override { return peer_; }
  void DrainSession() override { Drain(); }
  void CloseSessionGently(Error why) override { CloseGently(std::move(why)); }
  void CloseSession(Error why) override { Close(std::move(why)); }

 protected:
  void OnEvent(h2::Event& event) override;
  void OnDrained() override;
  void OnClosed(const Error& why) override;
  void OnGone() override { core_->Leave(peer_.connection); }
  Millis OnTick(Millis now) override;

 private:
  friend class H2Exchange;
  H2Exchange* Find(h2::StreamId id);
  void OnRequest(h2::RequestReceived& received);
  void OnData(h2::DataReceived& data);
  void OnEnd(h2::StreamId id);
  // Answers without a handler and stops reading the request.
  void Refuse(h2::StreamId id, int status);
  void Respond(h2::StreamId id, HttpResponse response, bool head_only);
  void Reset(h2::StreamId id, h2::ResetCode code);
  Millis CheckStreams(Millis now);

  std::shared_ptr<ServerCore> core_;
  Peer peer_;
  Millis started_;
  bool requested_ = false;  // the first request has begun
  std::map<h2::StreamId, std::shared_ptr<H2Exchange>> exchanges_;
  size_t alive_ = 0;  // exchanges, with those whose stream is gone and whose handler still ends
};

}  // namespace dunlin::net::internal
