#include "protocol/net/http1_server.h"

#include <algorithm>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "protocol/base/check.h"
#include "protocol/base/limits.h"
#include "protocol/net/http1_message.h"

namespace dunlin::net::internal {
namespace {

namespace http = boost::beast::http;

// Read ahead of the parser: the rest of a body, or pipelined requests.
constexpr size_t kReadAheadBytes = 256 * limits::kKiB;

Millis Now() { return SystemClock().Monotonic(); }

std::string LowerCase(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

int StatusOf(const boost::system::error_code& ec) {
  if (ec == http::error::header_limit) return 431;
  if (ec == http::error::body_limit) return 413;
  return 400;
}

// Headers that belong to the connection, not to the request.
bool IsHop(std::string_view name) {
  return name == "connection" || name == "host" || name == "content-length" ||
         name == "transfer-encoding" || name == "keep-alive" || name == "expect" ||
         name == "upgrade";
}

}  // namespace

// The request being received, and what its answer must know.
struct Http1Request {
  explicit Http1Request(std::shared_ptr<ServerCore> core) : budget(core) {
    parser.header_limit(limits::kHeaderListBytes);
    parser.body_limit(core->config.body_limit);
    parser.eager(true);
  }
  HttpRequest Take();

  http::request_parser<http::string_body> parser;
  BodyBudget budget;
  int refusal = 0;  // status of an answer without a handler
  bool keep_alive = false;
  bool http10 = false;
  bool head_only = false;
};

HttpRequest Http1Request::Take() {
  HttpRequest request;
  auto& message = parser.get();
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  for (const auto& field : message) {
    std::string name = LowerCase(std::string_view(field.name_string()));
    if (!IsHop(name)) request.headers.emplace_back(std::move(name), std::string(field.value()));
  }
  request.body = std::move(message.body());
  keep_alive = parser.keep_alive();
  http10 = message.version() < 11;
  head_only = request.method == "HEAD";
  return request;
}

class Http1Exchange : public ServerExchange {
 public:
  Http1Exchange(std::shared_ptr<Http1Session> session, HttpRequest request,
                const Http1Request& from)
      : ServerExchange(session->core_, std::move(request)),
        session_(std::move(session)),
        done_(core_->executor),
        keep_alive_(from.keep_alive),
        http10_(from.http10) {}

  const Peer& peer() const override { return session_->peer_; }
  TaskVoid Begin(int status, Headers headers) override;
  TaskVoid Write(Bytes piece) override;

 protected:
  void Finish(Result<std::optional<HttpResponse>> outcome) override {
    outcome_ = std::move(outcome);
    done_.Notify();
  }

 private:
  friend class Http1Session;
  bool Chunked() const { return !http10_; }

  std::shared_ptr<Http1Session> session_;
  Event done_;
  bool keep_alive_;
  bool http10_;
  bool failed_ = false;  // a streamed answer is broken off
  std::optional<Result<std::optional<HttpResponse>>> outcome_;
};

TaskVoid Http1Exchange::Begin(int status, Headers headers) {
  const auto self = shared_from_this();
  if (abandoned_) co_return PeerGone();
  CHECK(!begun_);
  if (!Chunked()) keep_alive_ = false;
  Http1Head head{.status = status, .keep_alive = keep_alive_};
  head.framing = Chunked() ? Framing::kChunked : Framing::kUntilClose;
  CO_TRY(Bytes text, WriteHead(head, headers));
  begun_ = true;
  co_return co_await session_->Send(std::move(text));
}

TaskVoid Http1Exchange::Write(Bytes piece) {
  const auto self = shared_from_this();
  if (abandoned_) co_return PeerGone();
  CHECK(begun_);
  if (piece.empty() || request_.method == "HEAD") co_return Status();
  if (Chunked()) piece = Chunk(piece);
  auto sent = co_await session_->Send(std::move(piece));
  if (!sent) failed_ = true;
  co_return sent;
}

Http1Session::Http1Session(std::shared_ptr<ServerCore> core, Peer peer, Transport transport)
    : core_(std::move(core)),
      peer_(std::move(peer)),
      transport_(std::move(transport)),
      arrived_(core_->executor),
      taken_(core_->executor) {}

void Http1Session::Start(Bytes received) {
  in_ = std::move(received);
  const auto self = shared_from_this();
  auto on_read = [self](Status) { self->PeerEnded(); };
  Spawn(core_->executor, ReadLoop(self), std::move(on_read));
  auto on_served = [self](Status ended) {
    self->CloseSession(ended ? MakeError(Errc::kUnavailable, "served") : ended.error());
  };
  Spawn(core_->executor, ServeLoop(self), std::move(on_served));
}

TaskVoid Http1Session::ReadLoop(std::shared_ptr<Http1Session> self) {
  while (!self->closed_) {
    while (!self->discard_ && self->in_.size() >= kReadAheadBytes) {
      CO_TRY_VOID(co_await self->taken_.Wait(Millis::max()));
    }
    CO_TRY(const Bytes bytes, co_await self->transport_.Read());
    if (bytes.empty()) co_return Status();
    if (!self->discard_) self->in_ += bytes;
    self->arrived_.Notify();
  }
  co_return Status();
}

void Http1Session::PeerEnded() {
  ended_ = true;
  if (const auto exchange = current_.lock()) exchange->Abandon();
  arrived_.Notify();
}

// A write that the peer does not read in time fails, and with it the connection.
TaskVoid Http1Session::Send(Bytes bytes) {
  const std::string what = "write to the peer";
  return WithTimeout<void>(transport_.Write(std::move(bytes)), core_->config.stalled_write_limit,
                           what);
}

// One whole request, or refusal != 0. Fails when the connection is to be closed without a word.
TaskVoid Http1Session::ReceiveRequest(std::shared_ptr<Http1Session> self, Http1Request& request) {
  const ServerConfig& config = self->core_->config;
  auto& parser = request.parser;
  const Millis start = Now();
  Millis allowed = config.header_limit;
  bool continue_sent = false;
  while (true) {
    if (!self->in_.empty()) {
      boost::system::error_code ec;
      const size_t used = parser.put(asio::buffer(self->in_), ec);
      self->in_.erase(0, used);
      self->taken_.Notify();
      if (ec && ec != http::error::need_more) request.refusal = StatusOf(ec);
    }
    const size_t size = parser.get().body().size();
    const int full = request.budget.Take(size - request.budget.taken());
    if (full != 0) request.refusal = full;
    if (request.refusal != 0 || parser.is_done()) co_return Status();
    if (self->ended_) co_return MakeError(Errc::kUnavailable, "the peer closed the connection");
    if (parser.is_header_done()) {
      // A body of the largest size passes at 0.25 MiB/s.
      allowed = config.header_limit + config.stalled_write_limit + Millis(size / 256);
      const bool expects = parser.get()[http::field::expect] == "100-continue";
      if (expects && !std::exchange(continue_sent, true)) {
        CO_TRY_VOID(co_await self->Send("HTTP/1.1 100 Continue\r\n\r\n"));
        continue;  // something may have arrived meanwhile
      }
    }
    const Millis left = start + allowed - Now();
    CO_TRY_VOID(co_await self->arrived_.Wait(std::max(left, Millis(0))));
  }
}

// Runs the handler. `response` is what is still to be sent: nothing after a streamed answer.
TaskVoid Http1Session::Handle(std::shared_ptr<Http1Session> self, Http1Request& request,
                              std::optional<HttpResponse>& response) {
  if (self->ended_) co_return PeerGone();  // nobody would cancel the handler any more
  HttpRequest taken = request.Take();
  const auto exchange = std::make_shared<Http1Exchange>(self, std::move(taken), request);
  self->current_ = exchange;
  exchange->StartHandler();
  while (!exchange->outcome_) {
    CO_TRY_VOID(co_await exchange->done_.Wait(Millis::max()));
  }
  self->current_.reset();
  if (exchange->abandoned_) co_return PeerGone();
  request.keep_alive = exchange->keep_alive_;
  auto& outcome = *exchange->outcome_;
  if (exchange->begun_) {
    const bool whole = outcome && !*outcome && !exchange->failed_;
    if (!whole) co_return MakeError(Errc::kInternal, "the answer broke off");
    if (exchange->Chunked() && !request.head_only) {
      CO_TRY_VOID(co_await self->Send(kLastChunk));
    }
    co_return Status();
  }
  if (outcome && !*outcome) {
    self->core_->Failed(exchange->request_, MakeError(Errc::kInternal, "a handler gave no answer"));
  }
  if (outcome && *outcome) {
    response = std::move(**outcome);
  } else {
    response = PlainResponse(500);
  }
  co_return Status();
}

TaskVoid Http1Session::Answer(std::shared_ptr<Http1Session> self, Http1Request& request) {
  std::optional<HttpResponse> response;
  if (request.refusal != 0) {
    response = PlainResponse(request.refusal);
  } else {
    CO_TRY_VOID(co_await Handle(self, request, response));
  }
  if (self->draining_) request.keep_alive = false;
  if (!response) co_return Status();
  Http1Head head{.status = response->status,
                 .length = response->body.size(),
                 .keep_alive = request.keep_alive};
  auto text = WriteHead(head, response->headers);
  if (!text) {
    head = {.status = 500, .length = 0, .keep_alive = request.keep_alive};
    response->body.clear();
    text = WriteHead(head, {});
  }
  const bool bodiless = request.head_only || response->status == 204 || response->status == 304;
  if (!bodiless) *text += response->body;
  co_return co_await self->Send(std::move(*text));
}

TaskVoid Http1Session::ServeLoop(std::shared_ptr<Http1Session> self) {
  bool first = true;
  while (!self->closed_ && !self->draining_) {
    // Between requests the connection may rest; the first request must come soon.
    const ServerConfig& config = self->core_->config;
    const Millis rest = first ? config.header_limit : config.stalled_write_limit;
    first = false;
    while (self->in_.empty() && !self->ended_ && !self->draining_) {
      CO_TRY_VOID(co_await self->arrived_.Wait(rest));
    }
    if (self->in_.empty()) break;
    Http1Request request(self->core_);
    CO_TRY_VOID(co_await ReceiveRequest(self, request));
    CO_TRY_VOID(co_await Answer(self, request));
    if (!request.keep_alive) break;
  }
  co_return co_await Bye(self);
}

// Our end first; the peer has kLinger to read the last answer before the socket goes.
TaskVoid Http1Session::Bye(std::shared_ptr<Http1Session> self) {
  self->discard_ = true;
  self->in_.clear();
  self->taken_.Notify();
  self->transport_.Finish();
  const Millis end = Now() + kLinger;
  while (!self->ended_ && !self->closed_ && Now() < end) {
    auto waited = co_await self->arrived_.Wait(std::max(end - Now(), Millis(1)));
    (void)waited;  // in any case the connection closes next
  }
  co_return Status();
}

void Http1Session::DrainSession() {
  draining_ = true;
  arrived_.Notify();
}

void Http1Session::CloseSession(Error why) {
  (void)why;  // HTTP/1.1 has no word for it
  if (std::exchange(closed_, true)) return;
  const auto self = shared_from_this();
  transport_.Close();
  PeerEnded();
  taken_.Notify();
  core_->Leave(peer_.connection);
}

}  // namespace dunlin::net::internal
