// HTTP/2 (RFC 9113) on memory buffers: bytes in, bytes out, events as values. No socket, no clock,
// no thread; nghttp2 does the protocol, this class owns it and hides it.
//
// Use: Feed() what the peer sent, TakeEvents(), act (Request, Respond, Send, Reset, …), Drain()
// what the peer must get. Every call takes effect in the next Drain().
//
// Flow control: the peer may send `stream_window` bytes on a stream before Consumed() gives them
// back, so a slow reader bounds memory; the connection's window is given back on arrival, so that
// one slow stream never blocks another. What we send waits in a queue per stream: Queued() says how
// much, the caller bounds it.
//
// Limits: header list (name + value + 32 a field, RFC 9113 10.5.1) `header_list_bytes`: a stream
// above it is reset, a connection above four times of it is ended; floods: see flood_guard.h.
//
// Errors: Feed() fails with kCorrupt (not HTTP/2, broken frames) or kLimit (flood). The connection
// is then dead; Drain() may still hold a GOAWAY. A protocol error that nghttp2 answers with GOAWAY
// shows in Failure() once that frame was drained.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/limits.h"
#include "protocol/base/time.h"

namespace dunlin::h2 {

enum class Role { kClient, kServer };
using StreamId = int32_t;
using Headers = std::vector<std::pair<std::string, std::string>>;  // lower-case names

struct Settings {
  Role role = Role::kClient;
  uint32_t max_streams =
      limits::kH2StreamsPerConnection;  // that the peer may open at once (server)
  uint32_t stream_window = limits::kH2StreamWindow;
  uint32_t connection_window = limits::kH2ConnectionWindow;
  size_t header_list_bytes = limits::kHeaderListBytes;
};

// Error codes of RFC 9113 section 7 that we send on purpose.
enum class ResetCode : uint32_t {
  kNone = 0,
  kInternal = 2,
  kRefused = 7,
  kCancel = 8,
  kCalm = 11,
};

struct RequestHead {
  std::string method;
  std::string scheme;
  std::string authority;
  std::string target;  // :path
  Headers headers;
};
struct ResponseHead {
  int status = 0;
  Headers headers;
};

// Events, in the order in which the peer caused them.
struct RequestReceived {
  StreamId stream;
  RequestHead head;
};
struct ResponseReceived {  // final answers only; 1xx are dropped, and so are trailers
  StreamId stream;
  ResponseHead head;
};
struct DataReceived {
  StreamId stream;
  Bytes data;
};
struct EndReceived {  // the peer sends no more on this stream
  StreamId stream;
};
// The stream is over and its number means nothing any more. Not sent for streams that we Reset().
struct StreamClosed {
  StreamId stream;
  uint32_t code;     // 0: both sides finished
  bool unprocessed;  // the peer says that it did nothing (refused, or above GOAWAY): safe to retry
};
struct GoawayReceived {
  StreamId last_stream;
  uint32_t code;
  std::string debug;
};
struct SettingsReceived {
  uint32_t max_streams;
};
struct PingAcked {};
using Event = std::variant<RequestReceived, ResponseReceived, DataReceived, EndReceived,
                           StreamClosed, GoawayReceived, SettingsReceived, PingAcked>;

class Engine {
 public:
  explicit Engine(const Settings& settings);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // `now`: any monotonic clock.
  Status Feed(BytesView bytes, Millis now);
  std::vector<Event> TakeEvents();
  // Bytes for the peer: whole frames, about `at_most`; empty when there is nothing to send now.
  Bytes Drain(size_t at_most, Millis now);
  bool WantsWrite() const;
  // Nothing more to read and nothing to write: close the socket.
  bool Finished() const;
  // Why we ended the connection by GOAWAY.
  const std::optional<Error>& Failure() const;

  // Client. With more = true the body goes on by Send() and ends by Finish(). Beyond the peer's
  // SETTINGS_MAX_CONCURRENT_STREAMS requests wait inside the engine. kUnavailable after GOAWAY.
  Result<StreamId> Request(const RequestHead& head, Bytes body, bool more);
  // Server. Once per stream. A stream that is gone is kUnavailable.
  Status Respond(StreamId stream, const ResponseHead& head, Bytes body, bool more);

  Status Send(StreamId stream, Bytes piece);
  Status Finish(StreamId stream);
  size_t Queued(StreamId stream) const;  // bytes given to Send() that Drain() has not taken
  void Consumed(StreamId stream, size_t bytes);
  // Ends the stream at once; unsent bytes are dropped. A no-op for streams that are gone.
  void Reset(StreamId stream, ResetCode code);
  void Ping();
  // Tells the peer to open no new streams; those that are open go on. `words` say why, to people.
  void Goaway(BytesView words = {});

  size_t OpenStreams() const;    // known to us and not closed, waiting ones included
  bool AcceptsRequests() const;  // client: no GOAWAY yet and stream numbers left

  struct Impl;  // engine_impl.h

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace dunlin::h2
