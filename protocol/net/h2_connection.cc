#include "protocol/net/h2_connection.h"

#include <algorithm>
#include <boost/asio/write.hpp>
#include <chrono>

namespace dunlin::net::internal {
namespace {

// Eight TLS records: large bodies take few system calls, and a slow peer holds little.
constexpr size_t kWriteBytes = 128 * 1024;

}  // namespace

H2Connection::H2Connection(Transport transport, const h2::Settings& settings,
                           Millis stalled_write_limit)
    : engine_(settings),
      transport_(std::move(transport)),
      executor_(transport_.socket().get_executor()),
      timer_(executor_),
      stalled_write_limit_(stalled_write_limit),
      last_received_(Now()) {}

void H2Connection::Start(Bytes received) {
  TickAt(OnTick(Now()));
  if (!received.empty()) Receive(received);
  Pump();
  auto self = shared_from_this();
  auto on_done = [self](Status ended) {
    if (!ended) self->Close(ended.error());
  };
  Spawn(executor_, ReadLoop(self), std::move(on_done));
}

TaskVoid H2Connection::ReadLoop(std::shared_ptr<H2Connection> self) {
  while (self->state_ != State::kClosed) {
    CO_TRY(const Bytes bytes, co_await self->transport_.Read());
    if (bytes.empty()) {
      co_return MakeError(Errc::kUnavailable, "the peer closed the connection");
    }
    self->Receive(bytes);
  }
  co_return Status();
}

void H2Connection::Receive(BytesView bytes) {
  last_received_ = Now();
  if (state_ == State::kClosed) return;
  const Status fed = engine_.Feed(bytes, last_received_);
  Pump();
  if (!fed) CloseGently(fed.error());
}

void H2Connection::Pump() {
  pump_again_ = true;
  if (pumping_) return;
  const auto self = shared_from_this();
  pumping_ = true;
  std::vector<h2::Event> events = engine_.TakeEvents();
  while ((pump_again_ || !events.empty()) && state_ != State::kClosed) {
    pump_again_ = false;
    for (h2::Event& event : events) {
      if (state_ == State::kOpen) OnEvent(event);
    }
    if (state_ != State::kClosed) StartWrite();
    events = engine_.TakeEvents();  // sending ends streams, and handlers have sent
  }
  pumping_ = false;
}

void H2Connection::StartWrite() {
  if (writing_ || broken_ || finished_) return;
  Bytes plaintext = engine_.Drain(kWriteBytes, Now());
  if (engine_.Failure() && state_ == State::kOpen) {
    const Error why = *engine_.Failure();
    state_ = State::kClosing;
    OnClosed(why);
  }
  if (plaintext.empty()) {
    NothingToWrite();
    return;
  }
  if (state_ == State::kOpen) OnDrained();
  auto sealed = transport_.Seal(std::move(plaintext));
  if (!sealed) {
    Close(sealed.error());
    return;
  }
  out_ = std::move(*sealed);
  writing_ = true;
  write_started_ = Now();
  TickAt(write_started_ + stalled_write_limit_);
  auto on_written = [self = shared_from_this()](const ErrorCode& ec, size_t) {
    self->OnWritten(ec);
  };
  asio::async_write(transport_.socket(), asio::buffer(out_), std::move(on_written));
}

void H2Connection::OnWritten(const ErrorCode& ec) {
  writing_ = false;
  out_ = Bytes();
  if (state_ == State::kClosed) return;
  if (ec) {
    // The peer may have said why before it closed, and that is still to be read.
    broken_ = SocketError(Errc::kUnavailable, "write", ec);
    give_up_ = Now() + kLinger;
    TickAt(give_up_);
    return;
  }
  Pump();
}

void H2Connection::NothingToWrite() {
  if (state_ == State::kOpen && !engine_.Finished()) return;
  if (state_ == State::kOpen) {
    state_ = State::kClosing;
    OnClosed(MakeError(Errc::kUnavailable, "the connection was closed"));
  }
  finished_ = true;
  transport_.Finish();
  give_up_ = Now() + kLinger;
  TickAt(give_up_);
}

void H2Connection::Drain() {
  if (state_ != State::kOpen) return;
  engine_.Goaway();
  Pump();
}

void H2Connection::CloseGently(Error why) {
  if (state_ != State::kOpen) return;
  engine_.Goaway(why.message);
  state_ = State::kClosing;
  give_up_ = Now() + kLinger;
  TickAt(give_up_);
  OnClosed(why);
  Pump();
}

void H2Connection::Close(Error why) {
  if (state_ == State::kClosed) return;
  const auto self = shared_from_this();
  const bool was_open = state_ == State::kOpen;
  state_ = State::kClosed;
  timer_.cancel();
  transport_.Close();
  if (was_open) OnClosed(why);
  OnGone();
}

void H2Connection::TickAt(Millis at) {
  if (at >= armed_ || state_ == State::kClosed) return;
  armed_ = at;
  const Millis wait = std::max(at - Now(), Millis(1));
  timer_.expires_after(Bounded(wait));
  auto on_time = [weak = weak_from_this()](const ErrorCode& ec) {
    const auto self = weak.lock();
    if (!ec && self) self->Tick();
  };
  timer_.async_wait(std::move(on_time));
}

void H2Connection::Tick() {
  if (state_ == State::kClosed) return;
  armed_ = Millis::max();
  const Millis now = Now();
  if (now >= give_up_) {
    Close(broken_ ? *broken_ : MakeError(Errc::kUnavailable, "the connection was closed"));
    return;
  }
  if (writing_ && now - write_started_ >= stalled_write_limit_) {
    Close(MakeError(Errc::kTimeout, "the peer does not read what we send"));
    return;
  }
  Millis next = give_up_;
  if (writing_) next = std::min(next, write_started_ + stalled_write_limit_);
  if (state_ == State::kOpen) next = std::min(next, OnTick(now));
  if (next != Millis::max()) TickAt(next);
}

}  // namespace dunlin::net::internal
