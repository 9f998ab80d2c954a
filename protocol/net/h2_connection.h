// Internal to protocol/net: the driver of one HTTP/2 connection, for clients and servers. One read
// loop, at most one write in flight, one timer.
//
// Everything that is done to the engine between two writes leaves in one write: callers change the
// engine and call Pump(). Derived classes get events; they never block and never throw.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>

#include "protocol/base/time.h"
#include "protocol/h2/engine.h"
#include "protocol/net/runtime.h"
#include "protocol/net/transport.h"

namespace dunlin::net::internal {

class H2Connection : public std::enable_shared_from_this<H2Connection> {
 public:
  // A write that takes longer than `stalled_write_limit` ends the connection.
  H2Connection(Transport transport, const h2::Settings& settings, Millis stalled_write_limit);
  virtual ~H2Connection() = default;

  // Starts reading. `received`: what was read before HTTP/2 was recognised.
  void Start(Bytes received);
  // GOAWAY; what is open goes on, then the connection closes.
  void Drain();
  // GOAWAY with the words of `why`, then closes within kLinger; all exchanges fail with `why` at
  // once.
  void CloseGently(Error why);
  // Closes at once.
  void Close(Error why);
  bool open() const { return state_ == State::kOpen; }

 protected:
  virtual void OnEvent(h2::Event& event) = 0;
  // Bytes have left the engine's queues.
  virtual void OnDrained() {}
  // Once: no event follows and nothing can be sent.
  virtual void OnClosed(const Error& why) = 0;
  // The connection is gone; called once, last.
  virtual void OnGone() {}
  // Checks the derived class's time limits; returns when to be called again.
  virtual Millis OnTick(Millis now) = 0;

  // Delivers events and writes what the engine wants to send.
  void Pump();
  // OnTick() not later than this.
  void TickAt(Millis at);
  static Millis Now() { return SystemClock().Monotonic(); }
  Millis last_received() const { return last_received_; }
  const asio::any_io_executor& executor() const { return executor_; }

  h2::Engine engine_;
  Transport transport_;

 private:
  enum class State { kOpen, kClosing, kClosed };

  static TaskVoid ReadLoop(std::shared_ptr<H2Connection> self);
  void Receive(BytesView bytes);
  void StartWrite();
  void OnWritten(const ErrorCode& ec);
  void NothingToWrite();
  void Tick();

  asio::any_io_executor executor_;
  asio::steady_timer timer_;
  Millis stalled_write_limit_;
  State state_ = State::kOpen;
  bool pumping_ = false;
  bool pump_again_ = false;
  bool writing_ = false;
  bool finished_ = false;  // our side is shut down
  Bytes out_;              // the write in flight
  Millis write_started_{0};
  Millis last_received_;
  Millis armed_ = Millis::max();    // when the timer fires
  Millis give_up_ = Millis::max();  // a closing connection is cut
  std::optional<Error> broken_;     // a write failed; the read loop may know why
};

}  // namespace dunlin::net::internal
