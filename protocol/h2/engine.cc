#include "protocol/h2/engine.h"

#include <algorithm>

#include "protocol/base/check.h"
#include "protocol/h2/engine_impl.h"

namespace dunlin::h2 {
namespace {

constexpr size_t kCompactAt = 64 * limits::kKiB;

nghttp2_nv Nv(const std::string& name, const std::string& value) {
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NONE};
}

nghttp2_nv Nv(std::string_view name, const std::string& value) {
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NONE};
}

// nghttp2 does not check what we send; a stray byte would reset the stream at the peer's side.
Status CheckFields(const Headers& headers) {
  for (const auto& [name, value] : headers) {
    bool good = nghttp2_check_header_name(reinterpret_cast<const uint8_t*>(name.data()),
                                          name.size()) != 0 &&
                nghttp2_check_header_value(reinterpret_cast<const uint8_t*>(value.data()),
                                           value.size()) != 0;
    if (!good || name.front() == ':') {
      return MakeError(Errc::kInvalidArgument,
                       "header '" + name + "' has a name or value that HTTP/2 cannot carry");
    }
  }
  return {};
}

Error Gone(StreamId stream) {
  return MakeError(Errc::kUnavailable,
                   "HTTP/2 stream " + std::to_string(stream) + " is closed by the other side");
}

}  // namespace

void SendQueue::Append(Bytes piece) {
  if (taken_ == bytes_.size()) {
    bytes_ = std::move(piece);
    taken_ = 0;
    return;
  }
  if (taken_ > kCompactAt && taken_ > bytes_.size() / 2) {
    bytes_.erase(0, taken_);
    taken_ = 0;
  }
  bytes_ += piece;
}

size_t SendQueue::Take(uint8_t* to, size_t at_most) {
  size_t n = std::min(at_most, size());
  std::copy_n(bytes_.data() + taken_, n, to);
  taken_ += n;
  if (taken_ == bytes_.size()) {
    bytes_ = Bytes();
    taken_ = 0;
  }
  return n;
}

Engine::Impl::Impl(const Settings& s)
    : settings(s),
      resets_sent(limits::kH2SentResets, limits::kH2FloodWindow),
      control_frames(limits::kH2ControlFrames, limits::kH2FloodWindow) {
  nghttp2_session_callbacks* callbacks = nullptr;
  CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
  SetCallbacks(callbacks);
  nghttp2_option* option = nullptr;
  CHECK(nghttp2_option_new(&option) == 0);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);  // memory of an idle connection
  nghttp2_option_set_max_outbound_ack(option, limits::kH2OutboundAcks);
  nghttp2_option_set_max_settings(option, limits::kH2SettingsEntries);
  nghttp2_option_set_max_continuations(option, limits::kH2Continuations);
  nghttp2_option_set_stream_reset_rate_limit(option, limits::kH2ResetBurst,
                                             limits::kH2ResetsPerSecond);
  bool server = settings.role == Role::kServer;
  int rv = server ? nghttp2_session_server_new2(&session, callbacks, this, option)
                  : nghttp2_session_client_new2(&session, callbacks, this, option);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  CHECK(rv == 0);  // only out of memory
  std::vector<nghttp2_settings_entry> entries = {
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(settings.header_list_bytes)}};
  if (server) {
    entries.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings.max_streams});
  } else {
    entries.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
  }
  CHECK(nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, entries.data(), entries.size()) == 0);
  CHECK(nghttp2_session_set_local_window_size(
            session, NGHTTP2_FLAG_NONE, 0, static_cast<int32_t>(settings.connection_window)) == 0);
}

Engine::Impl::~Impl() { nghttp2_session_del(session); }

void Engine::Impl::Fail(Errc code, std::string message) {
  if (failure) return;
  failure = MakeError(code, "HTTP/2: " + std::move(message));
  nghttp2_session_terminate_session(session, NGHTTP2_ENHANCE_YOUR_CALM);
}

void Engine::Impl::CountControlFrame() {
  if (!control_frames.Count(now)) Fail(Errc::kLimit, "the peer floods us with control frames");
}

Stream* Engine::Impl::Find(StreamId id) {
  auto it = streams.find(id);
  return it == streams.end() ? nullptr : &it->second;
}

nghttp2_data_provider Engine::Impl::Provider() {
  nghttp2_data_provider provider{};
  provider.source.ptr = this;
  provider.read_callback = ReadBody;
  return provider;
}

void Engine::Impl::CloseStream(StreamId id, uint32_t code, bool unprocessed) {
  auto it = streams.find(id);
  if (it == streams.end()) return;
  streams.erase(it);
  events.push_back(StreamClosed{id, code, unprocessed});
}

Engine::Engine(const Settings& settings) : impl_(std::make_unique<Impl>(settings)) {}
Engine::~Engine() = default;

Status Engine::Feed(BytesView bytes, Millis now) {
  impl_->now = now;
  ssize_t rv = nghttp2_session_mem_recv(
      impl_->session, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  if (impl_->failure) return *impl_->failure;
  if (rv >= 0) return {};
  Errc code = rv == NGHTTP2_ERR_FLOODED ? Errc::kLimit : Errc::kCorrupt;
  std::string why = nghttp2_strerror(static_cast<int>(rv));
  if (!impl_->last_problem.empty()) why += " (" + impl_->last_problem + ")";
  impl_->failure = MakeError(code, "HTTP/2: " + why);
  return *impl_->failure;
}

std::vector<Event> Engine::TakeEvents() { return std::exchange(impl_->events, {}); }

Bytes Engine::Drain(size_t at_most, Millis now) {
  impl_->now = now;
  Bytes out;
  while (out.size() < at_most) {
    const uint8_t* data = nullptr;
    ssize_t n = nghttp2_session_mem_send(impl_->session, &data);
    if (n <= 0) {
      if (n < 0) impl_->Fail(Errc::kInternal, nghttp2_strerror(static_cast<int>(n)));
      break;
    }
    out.append(reinterpret_cast<const char*>(data), static_cast<size_t>(n));
  }
  return out;
}

bool Engine::WantsWrite() const { return nghttp2_session_want_write(impl_->session) != 0; }

bool Engine::Finished() const {
  return nghttp2_session_want_read(impl_->session) == 0 && !WantsWrite();
}

const std::optional<Error>& Engine::Failure() const { return impl_->failure; }

Result<StreamId> Engine::Request(const RequestHead& head, Bytes body, bool more) {
  TRY_VOID(CheckFields(head.headers));
  if (!AcceptsRequests()) {
    return MakeError(Errc::kUnavailable, "HTTP/2 connection takes no new requests");
  }
  std::vector<nghttp2_nv> fields = {Nv(std::string_view(":method"), head.method),
                                    Nv(std::string_view(":scheme"), head.scheme),
                                    Nv(std::string_view(":authority"), head.authority),
                                    Nv(std::string_view(":path"), head.target)};
  for (const auto& [name, value] : head.headers) fields.push_back(Nv(name, value));
  nghttp2_data_provider provider = impl_->Provider();
  bool has_body = more || !body.empty();
  int32_t id = nghttp2_submit_request(impl_->session, nullptr, fields.data(), fields.size(),
                                      has_body ? &provider : nullptr, nullptr);
  if (id < 0) {
    Errc code = id == NGHTTP2_ERR_INVALID_ARGUMENT ? Errc::kInvalidArgument : Errc::kUnavailable;
    return MakeError(code, std::string("HTTP/2 request: ") + nghttp2_strerror(id));
  }
  Stream& stream = impl_->streams[id];
  stream.queue.Append(std::move(body));
  stream.queue.finished = !more;
  return id;
}

Status Engine::Respond(StreamId id, const ResponseHead& head, Bytes body, bool more) {
  TRY_VOID(CheckFields(head.headers));
  Stream* stream = impl_->Find(id);
  if (stream == nullptr) return Gone(id);
  CHECK(!stream->responded);
  std::string status = std::to_string(head.status);
  std::vector<nghttp2_nv> fields = {Nv(std::string_view(":status"), status)};
  for (const auto& [name, value] : head.headers) fields.push_back(Nv(name, value));
  nghttp2_data_provider provider = impl_->Provider();
  bool has_body = more || !body.empty();
  int rv = nghttp2_submit_response(impl_->session, id, fields.data(), fields.size(),
                                   has_body ? &provider : nullptr);
  if (rv != 0) {
    return MakeError(Errc::kInternal, std::string("HTTP/2 response: ") + nghttp2_strerror(rv));
  }
  stream->responded = true;
  stream->queue.Append(std::move(body));
  stream->queue.finished = !more;
  return {};
}

Status Engine::Send(StreamId id, Bytes piece) {
  Stream* stream = impl_->Find(id);
  if (stream == nullptr) return Gone(id);
  CHECK(!stream->queue.finished);
  if (piece.empty()) return {};
  stream->queue.Append(std::move(piece));
  if (std::exchange(stream->queue.deferred, false)) nghttp2_session_resume_data(impl_->session, id);
  return {};
}

Status Engine::Finish(StreamId id) {
  Stream* stream = impl_->Find(id);
  if (stream == nullptr) return Gone(id);
  stream->queue.finished = true;
  if (std::exchange(stream->queue.deferred, false)) nghttp2_session_resume_data(impl_->session, id);
  return {};
}

size_t Engine::Queued(StreamId id) const {
  const Stream* stream = impl_->Find(id);
  return stream == nullptr ? 0 : stream->queue.size();
}

void Engine::Consumed(StreamId id, size_t bytes) {
  if (bytes == 0 || impl_->Find(id) == nullptr) return;
  nghttp2_session_consume_stream(impl_->session, id, bytes);
}

void Engine::Reset(StreamId id, ResetCode code) {
  if (impl_->streams.erase(id) == 0) return;
  nghttp2_submit_rst_stream(impl_->session, NGHTTP2_FLAG_NONE, id, static_cast<uint32_t>(code));
}

void Engine::Ping() { nghttp2_submit_ping(impl_->session, NGHTTP2_FLAG_NONE, nullptr); }

void Engine::Goaway(BytesView words) {
  if (std::exchange(impl_->goaway_sent, true)) return;
  int32_t last = nghttp2_session_get_last_proc_stream_id(impl_->session);
  nghttp2_submit_goaway(impl_->session, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR,
                        reinterpret_cast<const uint8_t*>(words.data()), words.size());
}

size_t Engine::OpenStreams() const { return impl_->streams.size(); }

bool Engine::AcceptsRequests() const {
  return !impl_->goaway_received && !impl_->goaway_sent && !impl_->failure &&
         nghttp2_session_check_request_allowed(impl_->session) != 0;
}

}  // namespace dunlin::h2
