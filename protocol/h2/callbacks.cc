// What nghttp2 tells us, turned into events. None of these functions throws or re-enters the
// session except by submit functions, which nghttp2 allows.
#include <charconv>

#include "protocol/h2/engine_impl.h"

namespace dunlin::h2 {
namespace {

constexpr size_t kFieldOverhead = 32;  // RFC 9113 10.5.1
constexpr int kConnectionFactor = 4;   // header list above this many limits ends the connection
// Each DATA frame that we send entitles the peer to this many WINDOW_UPDATE frames.
constexpr int kUpdatesPerData = 4;

Engine::Impl& Self(void* user_data) { return *static_cast<Engine::Impl*>(user_data); }

int OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
  Engine::Impl& self = Self(user_data);
  if (frame->hd.type != NGHTTP2_HEADERS) return 0;
  if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) self.streams.try_emplace(frame->hd.stream_id);
  if (Stream* stream = self.Find(frame->hd.stream_id)) {
    stream->fields.clear();
    stream->header_bytes = 0;
  }
  return 0;
}

// A header list that is too long: the stream goes, and the connection when it is a bomb.
void RefuseHeaders(Engine::Impl& self, StreamId id, const Stream& stream) {
  if (stream.header_bytes > self.settings.header_list_bytes * kConnectionFactor) {
    self.Fail(Errc::kLimit, "the peer sent a header list of more than " +
                                std::to_string(stream.header_bytes) + " bytes");
    return;
  }
  nghttp2_submit_rst_stream(self.session, NGHTTP2_FLAG_NONE, id, NGHTTP2_ENHANCE_YOUR_CALM);
}

int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
             const uint8_t* value, size_t value_size, uint8_t, void* user_data) {
  Engine::Impl& self = Self(user_data);
  Stream* stream = self.Find(frame->hd.stream_id);
  if (stream == nullptr) return 0;
  size_t before = stream->header_bytes;
  stream->header_bytes += name_size + value_size + kFieldOverhead;
  if (stream->header_bytes > self.settings.header_list_bytes) {
    bool first = before <= self.settings.header_list_bytes;
    bool bomb = stream->header_bytes > self.settings.header_list_bytes * kConnectionFactor;
    if (first || bomb) RefuseHeaders(self, frame->hd.stream_id, *stream);
    return 0;
  }
  stream->fields.emplace_back(std::string(reinterpret_cast<const char*>(name), name_size),
                              std::string(reinterpret_cast<const char*>(value), value_size));
  return 0;
}

RequestHead ToRequest(Headers fields) {
  RequestHead head;
  for (auto& [name, value] : fields) {
    if (name == ":method") {
      head.method = std::move(value);
    } else if (name == ":scheme") {
      head.scheme = std::move(value);
    } else if (name == ":authority") {
      head.authority = std::move(value);
    } else if (name == ":path") {
      head.target = std::move(value);
    } else if (name.front() != ':') {
      head.headers.emplace_back(std::move(name), std::move(value));
    }
  }
  return head;
}

ResponseHead ToResponse(Headers fields) {
  ResponseHead head;
  for (auto& [name, value] : fields) {
    if (name == ":status") {
      std::from_chars(value.data(), value.data() + value.size(), head.status);
    } else if (name.front() != ':') {
      head.headers.emplace_back(std::move(name), std::move(value));
    }
  }
  return head;
}

void FinishHeaders(Engine::Impl& self, StreamId id, Stream& stream) {
  if (stream.header_bytes > self.settings.header_list_bytes) return;  // reset is on its way
  Headers fields = std::exchange(stream.fields, {});
  if (stream.head_seen) return;  // trailers
  if (self.settings.role == Role::kServer) {
    stream.head_seen = true;
    self.events.push_back(RequestReceived{id, ToRequest(std::move(fields))});
    return;
  }
  ResponseHead head = ToResponse(std::move(fields));
  if (head.status < 200) return;  // 1xx: the final answer follows
  stream.head_seen = true;
  self.events.push_back(ResponseReceived{id, std::move(head)});
}

void OnHeadersOrData(Engine::Impl& self, const nghttp2_frame* frame) {
  StreamId id = frame->hd.stream_id;
  Stream* stream = self.Find(id);
  bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (frame->hd.type == NGHTTP2_DATA && frame->hd.length == 0 && !end) self.CountControlFrame();
  if (stream == nullptr) return;
  if (frame->hd.type == NGHTTP2_HEADERS) FinishHeaders(self, id, *stream);
  if (end && stream->head_seen && !stream->ended) {
    stream->ended = true;
    self.events.push_back(EndReceived{id});
  }
}

void OnGoaway(Engine::Impl& self, const nghttp2_goaway& goaway) {
  self.goaway_received = true;
  std::string debug(reinterpret_cast<const char*>(goaway.opaque_data), goaway.opaque_data_len);
  self.events.push_back(GoawayReceived{goaway.last_stream_id, goaway.error_code, std::move(debug)});
}

int OnFrameReceived(nghttp2_session* session, const nghttp2_frame* frame, void* user_data) {
  Engine::Impl& self = Self(user_data);
  bool ack = (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
      OnHeadersOrData(self, frame);
      break;
    case NGHTTP2_GOAWAY:
      OnGoaway(self, frame->goaway);
      break;
    case NGHTTP2_PING:
      self.CountControlFrame();
      if (ack) self.events.push_back(PingAcked{});
      break;
    case NGHTTP2_SETTINGS:
      self.CountControlFrame();
      if (!ack) {
        self.events.push_back(SettingsReceived{
            nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS)});
      }
      break;
    default:  // WINDOW_UPDATE, PRIORITY, RST_STREAM, extensions
      self.CountControlFrame();
  }
  return 0;
}

int OnData(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* data, size_t size,
           void* user_data) {
  Engine::Impl& self = Self(user_data);
  nghttp2_session_consume_connection(session, size);
  if (self.Find(id) == nullptr) return 0;
  Bytes bytes(reinterpret_cast<const char*>(data), size);
  self.control_frames.Allow(self.now, 1);
  if (!self.events.empty()) {
    auto* last = std::get_if<DataReceived>(&self.events.back());
    if (last != nullptr && last->stream == id) {
      last->data += bytes;
      return 0;
    }
  }
  self.events.push_back(DataReceived{id, std::move(bytes)});
  return 0;
}

int OnStreamClose(nghttp2_session*, int32_t id, uint32_t code, void* user_data) {
  Self(user_data).CloseStream(id, code, code == NGHTTP2_REFUSED_STREAM);
  return 0;
}

int OnFrameSent(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
  Engine::Impl& self = Self(user_data);
  if (frame->hd.type == NGHTTP2_DATA) self.control_frames.Allow(self.now, kUpdatesPerData);
  if (frame->hd.type == NGHTTP2_RST_STREAM && self.settings.role == Role::kServer &&
      !self.resets_sent.Count(self.now)) {
    self.Fail(Errc::kLimit, "the peer makes us reset streams again and again");
  }
  if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR &&
      !self.failure) {
    self.failure = MakeError(
        Errc::kCorrupt, "HTTP/2: we closed the connection: " +
                            (self.last_problem.empty()
                                 ? std::string(nghttp2_http2_strerror(frame->goaway.error_code))
                                 : self.last_problem));
  }
  return 0;
}

// A request that waited and may not be sent any more (GOAWAY came first) was never processed.
int OnFrameNotSent(nghttp2_session*, const nghttp2_frame* frame, int, void* user_data) {
  Engine::Impl& self = Self(user_data);
  if (frame->hd.type == NGHTTP2_HEADERS && self.settings.role == Role::kClient) {
    self.CloseStream(frame->hd.stream_id, NGHTTP2_REFUSED_STREAM, true);
  }
  return 0;
}

int OnProblem(nghttp2_session*, int, const char* message, size_t size, void* user_data) {
  Self(user_data).last_problem.assign(message, size);
  return 0;
}

}  // namespace

ssize_t ReadBody(nghttp2_session*, int32_t id, uint8_t* buf, size_t length, uint32_t* data_flags,
                 nghttp2_data_source*, void* user_data) {
  Stream* stream = Self(user_data).Find(id);
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // reset meanwhile
  SendQueue& queue = stream->queue;
  size_t n = queue.Take(buf, length);
  if (queue.finished && queue.size() == 0) {
    *data_flags |= NGHTTP2_DATA_FLAG_EOF;
  } else if (n == 0) {
    queue.deferred = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  return static_cast<ssize_t>(n);
}

void SetCallbacks(nghttp2_session_callbacks* callbacks) {
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, OnBeginHeaders);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, OnFrameReceived);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnData);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnStreamClose);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, OnFrameSent);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, OnFrameNotSent);
  nghttp2_session_callbacks_set_error_callback2(callbacks, OnProblem);
}

}  // namespace dunlin::h2
