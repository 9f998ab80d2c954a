// Internal to protocol/h2: the nghttp2 session and what its callbacks fill.
#pragma once

#include <nghttp2/nghttp2.h>

#include <map>

#include "protocol/h2/engine.h"
#include "protocol/h2/flood_guard.h"

namespace dunlin::h2 {

// One direction of a body that waits to be framed. A flat string: an idle stream costs no node.
class SendQueue {
 public:
  void Append(Bytes piece);
  size_t Take(uint8_t* to, size_t at_most);
  size_t size() const { return bytes_.size() - taken_; }
  bool finished = false;  // nothing will be appended any more
  bool deferred = false;  // nghttp2 waits for nghttp2_session_resume_data

 private:
  Bytes bytes_;
  size_t taken_ = 0;
};

struct Stream {
  RequestHead request;    // header block being received (server)
  ResponseHead response;  // the same (client)
  Headers fields;
  size_t header_bytes = 0;
  bool head_seen = false;  // the request or final response was reported
  bool responded = false;  // server: Respond() was called
  bool ended = false;      // EndReceived was reported
  SendQueue queue;
};

struct Engine::Impl {
  explicit Impl(const Settings& s);
  ~Impl();

  void Fail(Errc code, std::string message);
  void CountControlFrame();
  Stream* Find(StreamId id);
  nghttp2_data_provider Provider();
  // Removes the stream and reports it, once.
  void CloseStream(StreamId id, uint32_t code, bool unprocessed);

  Settings settings;
  nghttp2_session* session = nullptr;
  std::map<StreamId, Stream> streams;
  std::vector<Event> events;
  std::optional<Error> failure;
  std::string last_problem;  // nghttp2's words about the latest bad frame
  Millis now{0};
  WindowCounter resets_sent;
  WindowCounter control_frames;
  bool goaway_received = false;
  bool goaway_sent = false;
};

// callbacks.cc
void SetCallbacks(nghttp2_session_callbacks* callbacks);
ssize_t ReadBody(nghttp2_session* session, int32_t stream_id, uint8_t* buf, size_t length,
                 uint32_t* data_flags, nghttp2_data_source* source, void* user_data);

}  // namespace dunlin::h2
