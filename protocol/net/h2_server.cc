#include "protocol/net/h2_server.h"

#include <algorithm>

#include "protocol/base/check.h"
#include "protocol/base/limits.h"

namespace dunlin::net::internal {
namespace {

// What a streaming handler may have waiting for the peer before Write() waits.
constexpr size_t kQueueBytes = 256 * limits::kKiB;
// A connection without an open request on which nothing arrives (our clients send a PING after 30
// s).
constexpr Millis kIdleLimit{180000};

}  // namespace

// One stream. Lives as long as its handler; knows when the stream is over.
class H2Exchange : public ServerExchange {
 public:
  H2Exchange(std::shared_ptr<H2ServerConnection> connection, h2::StreamId id, HttpRequest request)
      : ServerExchange(connection->core_, std::move(request)),
        connection_(std::move(connection)),
        id_(id),
        writable_(core_->executor),
        progress_(H2Connection::Now()) {
    ++connection_->alive_;
  }
  ~H2Exchange() override { --connection_->alive_; }

  const Peer& peer() const override { return connection_->peer_; }
  TaskVoid Begin(int status, Headers headers) override;
  TaskVoid Write(Bytes piece) override;

 protected:
  void Finish(Result<std::optional<HttpResponse>> outcome) override;

 private:
  friend class H2ServerConnection;
  Result<void> Alive() const {
    if (abandoned_) return PeerGone();
    return {};
  }
  int Receive(Bytes data);  // the status of a refusal, or 0

  std::shared_ptr<H2ServerConnection> connection_;
  h2::StreamId id_;
  Event writable_;
  bool waiting_ = false;  // Write() waits for the queue to shrink
  bool started_ = false;  // the request is complete
  bool stalled_ = false;  // the peer does not read; the stream was reset
  bool refused_ = false;  // answered already; what still arrives is thrown away
  size_t queued_ = 0;     // at the latest look
  Millis progress_;       // when the queue last moved, or the request began
};

TaskVoid H2Exchange::Begin(int status, Headers headers) {
  const auto self = shared_from_this();
  CO_TRY_VOID(Alive());
  CHECK(!begun_);
  h2::ResponseHead head{status, std::move(headers)};
  CO_TRY_VOID(connection_->engine_.Respond(id_, head, Bytes(), true));
  begun_ = true;
  connection_->Pump();
  co_return Status();
}

TaskVoid H2Exchange::Write(Bytes piece) {
  const auto self = shared_from_this();
  CO_TRY_VOID(Alive());
  CHECK(begun_);
  CO_TRY_VOID(connection_->engine_.Send(id_, std::move(piece)));
  connection_->Pump();
  connection_->TickAt(H2Connection::Now() + core_->config.stalled_write_limit);
  waiting_ = true;
  // Its own limit is the connection's tick, which resets a stream that does not move.
  Status waited;
  while (waited && !abandoned_ && connection_->engine_.Queued(id_) > kQueueBytes) {
    waited = co_await writable_.Wait(Millis::max());
  }
  waiting_ = false;
  if (stalled_) co_return MakeError(Errc::kTimeout, "the peer does not read the answer");
  if (abandoned_) co_return PeerGone();
  co_return waited;
}

void H2Exchange::Finish(Result<std::optional<HttpResponse>> outcome) {
  if (abandoned_) return;
  const bool head_only = request_.method == "HEAD";
  if (!outcome && begun_) {
    connection_->Reset(id_, h2::ResetCode::kInternal);
  } else if (!outcome) {
    connection_->Respond(id_, PlainResponse(500), head_only);
  } else if (*outcome && !begun_) {
    connection_->Respond(id_, std::move(**outcome), head_only);
  } else if (begun_ && !*outcome) {
    (void)connection_->engine_.Finish(id_);  // fails when the stream is gone: nothing to end
    connection_->Pump();
  } else {
    const Error bug = MakeError(Errc::kInternal, "a handler gave no answer, or two");
    core_->Failed(request_, bug);
    connection_->Reset(id_, h2::ResetCode::kInternal);
  }
}

int H2Exchange::Receive(Bytes data) {
  const int refusal = budget_.Take(data.size());
  if (refusal != 0) return refusal;
  if (request_.body.empty()) {
    request_.body = std::move(data);
  } else {
    request_.body += data;
  }
  return 0;
}

H2ServerConnection::H2ServerConnection(std::shared_ptr<ServerCore> core, Peer peer,
                                       Transport transport)
    : H2Connection(std::move(transport), h2::Settings{.role = h2::Role::kServer},
                   core->config.stalled_write_limit),
      core_(std::move(core)),
      peer_(std::move(peer)),
      started_(Now()) {}

H2Exchange* H2ServerConnection::Find(h2::StreamId id) {
  const auto it = exchanges_.find(id);
  return it == exchanges_.end() ? nullptr : it->second.get();
}

void H2ServerConnection::OnEvent(h2::Event& event) {
  if (auto* request = std::get_if<h2::RequestReceived>(&event)) {
    OnRequest(*request);
  } else if (auto* data = std::get_if<h2::DataReceived>(&event)) {
    OnData(*data);
  } else if (const auto* end = std::get_if<h2::EndReceived>(&event)) {
    OnEnd(end->stream);
  } else if (const auto* closed = std::get_if<h2::StreamClosed>(&event)) {
    const auto it = exchanges_.find(closed->stream);
    if (it == exchanges_.end()) return;
    const auto exchange = it->second;
    exchanges_.erase(it);
    exchange->Abandon();
    exchange->writable_.Notify();
  }
}

void H2ServerConnection::OnRequest(h2::RequestReceived& received) {
  requested_ = true;
  if (alive_ >= limits::kHandlersPerConnection) {
    engine_.Reset(received.stream, h2::ResetCode::kRefused);
    return;
  }
  HttpRequest request;
  request.method = std::move(received.head.method);
  request.target = std::move(received.head.target);
  request.headers = std::move(received.head.headers);
  const auto length = AnnouncedLength(request.headers);
  std::erase_if(request.headers, [](const auto& header) {
    return header.first == "content-length" || header.first == "host";
  });
  auto self = std::static_pointer_cast<H2ServerConnection>(shared_from_this());
  const auto exchange = std::make_shared<H2Exchange>(self, received.stream, std::move(request));
  exchanges_.emplace(received.stream, exchange);
  if (length && *length > core_->config.body_limit) Refuse(received.stream, 413);
  TickAt(Now() + core_->config.stalled_write_limit);
}

void H2ServerConnection::OnData(h2::DataReceived& data) {
  H2Exchange* exchange = Find(data.stream);
  if (exchange == nullptr || exchange->refused_) return;
  engine_.Consumed(data.stream, data.data.size());
  const int refusal = exchange->Receive(std::move(data.data));
  if (refusal != 0) Refuse(data.stream, refusal);
}

void H2ServerConnection::OnEnd(h2::StreamId id) {
  H2Exchange* exchange = Find(id);
  if (exchange == nullptr || exchange->refused_) return;
  exchange->started_ = true;
  exchange->StartHandler();
}

void H2ServerConnection::Refuse(h2::StreamId id, int status) {
  H2Exchange* exchange = Find(id);
  exchange->refused_ = true;
  exchange->request_.body = Bytes();
  Respond(id, PlainResponse(status), false);
}

void H2ServerConnection::Respond(h2::StreamId id, HttpResponse response, bool head_only) {
  if (!open()) return;
  h2::ResponseHead head{response.status, std::move(response.headers)};
  const bool bodiless = response.status == 204 || response.status == 304;
  if (!bodiless && FindHeader(head.headers, "content-length").empty()) {
    head.headers.emplace_back("content-length", std::to_string(response.body.size()));
  }
  if (head_only || bodiless) response.body = Bytes();
  const Status sent = engine_.Respond(id, head, std::move(response.body), false);
  if (!sent && sent.error().code == Errc::kInvalidArgument) {
    if (const H2Exchange* exchange = Find(id)) core_->Failed(exchange->request(), sent.error());
    (void)engine_.Respond(id, {500, {}}, Bytes(), false);
  }
  Pump();
  // A large answer may stay queued; the tick sees whether it moves.
  TickAt(Now() + core_->config.stalled_write_limit);
}

void H2ServerConnection::Reset(h2::StreamId id, h2::ResetCode code) {
  const auto it = exchanges_.find(id);
  if (it == exchanges_.end()) return;
  const auto exchange = it->second;
  exchanges_.erase(it);
  engine_.Reset(id, code);
  exchange->Abandon();
  exchange->writable_.Notify();
  Pump();
}

void H2ServerConnection::OnDrained() {
  for (const auto& [id, exchange] : exchanges_) {
    if (exchange->waiting_) exchange->writable_.Notify();
  }
}

void H2ServerConnection::OnClosed(const Error& why) {
  (void)why;  // handlers only learn that the peer is gone
  for (const auto& [id, exchange] : std::exchange(exchanges_, {})) {
    exchange->Abandon();
    exchange->writable_.Notify();
  }
}

// Streams that do not move: an answer that the peer does not read, or a request that does not end.
Millis H2ServerConnection::CheckStreams(Millis now) {
  const Millis limit = core_->config.stalled_write_limit;
  Millis next = Millis::max();
  std::vector<h2::StreamId> stalled;
  for (const auto& [id, exchange] : exchanges_) {
    const size_t queued = engine_.Queued(id);
    const bool waits_for_peer = queued > 0 || !exchange->started_;
    if (!waits_for_peer) continue;
    const bool moved = exchange->started_ && queued != exchange->queued_;
    exchange->queued_ = queued;
    if (moved) exchange->progress_ = now;
    // A request of the largest size passes at 0.25 MiB/s.
    const Millis allowed =
        exchange->started_ ? limit : limit + Millis(exchange->budget_.taken() / 256);
    if (now - exchange->progress_ >= allowed) {
      exchange->stalled_ = true;
      stalled.push_back(id);
    } else {
      next = std::min(next, exchange->progress_ + allowed);
    }
  }
  for (const h2::StreamId id : stalled) Reset(id, h2::ResetCode::kCancel);
  return next;
}

Millis H2ServerConnection::OnTick(Millis now) {
  if (!requested_) {
    const Millis limit = started_ + core_->config.header_limit;
    if (now < limit) return limit;
    CloseGently(MakeError(Errc::kTimeout, "no request after the handshake"));
    return Millis::max();
  }
  const Millis next = CheckStreams(now);
  if (!exchanges_.empty()) return next;
  const Millis idle = last_received() + kIdleLimit;
  if (now < idle) return std::min(next, idle);
  CloseGently(MakeError(Errc::kTimeout, "nothing arrives on the connection"));
  return Millis::max();
}

}  // namespace dunlin::net::internal
