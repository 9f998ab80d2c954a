#include "protocol/net/http_client.h"

#include <vector>

#include "protocol/base/limits.h"
#include "protocol/net/h2_client.h"
#include "protocol/net/runtime.h"

namespace dunlin::net {
namespace {

using internal::ClientConnection;
using internal::ClientStream;
using internal::StreamLease;

constexpr int kAttempts = 3;  // of a request that the server says it did not process
// A body above this is not copied for a repetition: the caller repeats.
constexpr size_t kRepeatableBodyBytes = 64 * limits::kKiB;
constexpr uint16_t kHttpsPort = 443;
constexpr uint16_t kHttpPort = 80;

std::string Authority(const Origin& origin) {
  if (origin.unix_socket) return "localhost";
  const std::string& host = origin.server_name.empty() ? origin.host : origin.server_name;
  const bool v6 = host.find(':') != std::string::npos;
  std::string authority = v6 ? "[" + host + "]" : host;
  const uint16_t usual = origin.tls ? kHttpsPort : kHttpPort;
  if (origin.port != usual) authority += ":" + std::to_string(origin.port);
  return authority;
}

// For messages: "https://10.0.0.1:6443" or "unix:/run/x.sock".
std::string Display(const Origin& origin) {
  if (origin.unix_socket) return "unix:" + origin.host;
  return (origin.tls ? "https://" : "http://") + origin.host + ":" + std::to_string(origin.port);
}

// The connection that requests share, and the one attempt to open it.
struct Pool : std::enable_shared_from_this<Pool> {
  Pool(asio::any_io_executor e, Origin o)
      : executor(e),
        origin(std::move(o)),
        authority(Authority(origin)),
        display(Display(origin)),
        tried(e) {}

  h2::RequestHead Head(const HttpRequest& request) const;
  void StartConnect();
  void OnConnected(Status status);
  void Close();

  asio::any_io_executor executor;
  Origin origin;
  std::string authority;
  std::string display;
  std::shared_ptr<ClientConnection> current;
  std::vector<std::weak_ptr<ClientConnection>> former;  // draining
  bool closed = false;
  bool single = false;                                    // `current` is never replaced
  std::shared_ptr<asio::cancellation_signal> connecting;  // null: no attempt is under way
  uint64_t attempts = 0;                                  // that have ended
  std::optional<Error> last_failure;                      // of the latest attempt
  Event tried;
};

h2::RequestHead Pool::Head(const HttpRequest& request) const {
  h2::RequestHead head{request.method, origin.tls ? "https" : "http", authority, request.target,
                       origin.headers};
  head.headers.insert(head.headers.end(), request.headers.begin(), request.headers.end());
  return head;
}

// Not a choice in a conditional expression: those break awaitables (style, rule 3).
Task<internal::Socket> Dial(const Origin& origin) {
  if (origin.unix_socket) return internal::ConnectUnix(origin.host);
  return internal::ConnectTcp(origin.host, origin.port, origin.connect_limit);
}

// Closes a connection that nobody took over.
struct OnTrial {
  ~OnTrial() {
    if (connection) connection->CloseGently(MakeError(Errc::kCancelled, "not admitted"));
  }
  std::shared_ptr<ClientConnection> connection;
};

TaskVoid Admit(const Pool& pool, const std::shared_ptr<ClientConnection>& connection);

TaskVoid Establish(std::shared_ptr<Pool> pool) {
  const Origin& origin = pool->origin;
  CO_TRY(internal::Socket socket, co_await Dial(origin));
  std::unique_ptr<tls::Engine> engine;
  if (origin.tls) {
    const std::string& name = origin.server_name.empty() ? origin.host : origin.server_name;
    engine = std::make_unique<tls::Engine>(origin.tls, name, origin.time_floor);
  }
  internal::Transport transport(std::move(socket), std::move(engine));
  CO_TRY_VOID(co_await transport.Handshake());
  if (transport.tls() != nullptr && transport.tls()->Alpn() != "h2") {
    co_return MakeError(Errc::kUnsupported, "the server does not speak HTTP/2 (ALPN h2)");
  }
  if (pool->closed) co_return MakeError(Errc::kCancelled, "the client was closed");
  const internal::ClientLimits limits{origin.ping_every, origin.ping_limit};
  OnTrial trial;
  trial.connection = std::make_shared<ClientConnection>(std::move(transport), limits);
  trial.connection->Start(Bytes());
  if (origin.admit) {
    CO_TRY_VOID(co_await Admit(*pool, trial.connection));
    if (pool->closed) co_return MakeError(Errc::kCancelled, "the client was closed");
  }
  pool->current = std::move(trial.connection);
  co_return Status();
}

void Pool::StartConnect() {
  if (current) {
    std::erase_if(former, [](const auto& connection) { return connection.expired(); });
    former.push_back(current);
    current.reset();
  }
  connecting = std::make_shared<asio::cancellation_signal>();
  auto self = shared_from_this();
  auto on_done = [self, signal = connecting](Status status) {
    self->OnConnected(std::move(status));
    asio::post(self->executor, [signal] {});  // the signal outlives the coroutine that just ends
  };
  TaskVoid task = WithTimeout<void>(Establish(self), origin.connect_limit, "connect to " + display);
  internal::SpawnCancellable(executor, std::move(task), *connecting, std::move(on_done));
}

void Pool::OnConnected(Status status) {
  connecting.reset();
  ++attempts;
  last_failure.reset();
  if (!status) last_failure = std::move(status.error());
  tried.Notify();
}

void Pool::Close() {
  closed = true;
  const Error why = MakeError(Errc::kCancelled, "the client was closed");
  if (connecting) connecting->emit(asio::cancellation_type::terminal);
  if (current) current->CloseGently(why);
  for (const auto& weak : former) {
    if (const auto connection = weak.lock()) connection->CloseGently(why);
  }
  tried.Notify();
}

// The shared connection, opened when there is none. Waiting has no limit of its own: the request's
// limit is around all of it.
Task<std::shared_ptr<ClientConnection>> Acquire(std::shared_ptr<Pool> pool) {
  bool tried = false;
  while (true) {
    if (pool->closed) co_return MakeError(Errc::kCancelled, "the client was closed");
    const auto connection = pool->current;
    if (connection && connection->Usable()) {
      if (connection->HasRoom()) co_return connection;
      CO_TRY_VOID(co_await connection->room().Wait(Millis::max()));
      continue;
    }
    if (pool->single && connection->open()) {
      co_return MakeError(Errc::kUnavailable, "the server is closing the connection");
    }
    if (pool->single) co_return connection->why();
    // A server that closes right after the handshake (it refused our certificate, or admits nobody)
    // would otherwise be tried again and again.
    if (tried && connection && !connection->open()) co_return connection->why();
    const uint64_t seen = pool->attempts;
    if (!pool->connecting) pool->StartConnect();
    if (pool->attempts == seen) {
      CO_TRY_VOID(co_await pool->tried.Wait(Millis::max()));
    }
    if (pool->attempts != seen && pool->last_failure) co_return *pool->last_failure;
    tried = pool->attempts != seen;
  }
}

Task<std::shared_ptr<StreamLease>> OpenStream(std::shared_ptr<Pool> pool, HttpRequest& request,
                                              bool collect, bool last) {
  CO_TRY(auto connection, co_await Acquire(pool));
  Bytes body;
  if (last) {
    body = std::move(request.body);
  } else {
    body = request.body;
  }
  CO_TRY(auto stream, connection->Open(pool->Head(request), std::move(body), collect));
  co_return std::make_shared<StreamLease>(std::move(connection), std::move(stream));
}

bool Settled(const ClientStream& stream) {
  return stream.failure || stream.ended || (stream.head && !stream.collect);
}

// Until the answer has begun (or, collecting, is complete). Repeats what was not processed.
Task<std::shared_ptr<StreamLease>> Ask(std::shared_ptr<Pool> pool, HttpRequest request,
                                       bool collect) {
  for (int attempt = 1;; ++attempt) {
    const bool last = attempt == kAttempts || request.body.size() > kRepeatableBodyBytes;
    CO_TRY(auto lease, co_await OpenStream(pool, request, collect, last));
    ClientStream& stream = lease->stream();
    while (!Settled(stream)) {
      CO_TRY_VOID(co_await stream.changed.Wait(Millis::max()));
    }
    if (!stream.failure) co_return lease;
    if (!stream.unprocessed || last) co_return *stream.failure;
  }
}

class H2ResponseStream : public ResponseStream {
 public:
  H2ResponseStream(std::shared_ptr<StreamLease> lease, std::string what)
      : lease_(std::move(lease)), what_(std::move(what)) {}
  int status() const override { return lease_->stream().head->status; }
  const Headers& headers() const override { return lease_->stream().head->headers; }
  Task<Bytes> Read(Millis idle) override;

 private:
  std::shared_ptr<StreamLease> lease_;
  std::string what_;
};

Task<Bytes> H2ResponseStream::Read(Millis idle) {
  ClientStream& stream = lease_->stream();
  while (stream.body.empty()) {
    if (stream.ended) co_return Bytes();
    if (stream.failure) co_return Result<Bytes>(*stream.failure).WithContext(what_);
    auto waited = co_await stream.changed.Wait(idle);
    if (!waited && waited.error().code == Errc::kTimeout) {
      co_return internal::TimeoutError(what_, idle);
    }
    if (!waited) co_return waited.error();
  }
  Bytes piece = std::exchange(stream.body, Bytes());
  lease_->connection().Consumed(stream, piece.size());
  co_return piece;
}

std::string What(const Pool& pool, const HttpRequest& request) {
  return request.method + " " + pool.display + request.target;
}

Task<HttpResponse> SendTask(std::shared_ptr<Pool> pool, HttpRequest request, Millis limit) {
  const std::string what = What(*pool, request);
  auto asked = co_await WithTimeout<std::shared_ptr<StreamLease>>(
      Ask(pool, std::move(request), true), limit, what);
  if (!asked && asked.error().code == Errc::kTimeout) co_return asked.error();
  if (!asked) co_return Result<HttpResponse>(asked.error()).WithContext(what);
  ClientStream& stream = (*asked)->stream();
  HttpResponse response;
  response.status = stream.head->status;
  response.headers = std::move(stream.head->headers);
  response.body = std::move(stream.body);
  co_return response;
}

Task<std::unique_ptr<ResponseStream>> OpenTask(std::shared_ptr<Pool> pool, HttpRequest request,
                                               Millis limit) {
  const std::string what = What(*pool, request);
  auto asked = co_await WithTimeout<std::shared_ptr<StreamLease>>(
      Ask(pool, std::move(request), false), limit, what);
  using Answer = Result<std::unique_ptr<ResponseStream>>;
  if (!asked && asked.error().code == Errc::kTimeout) co_return asked.error();
  if (!asked) co_return Answer(asked.error()).WithContext(what);
  std::unique_ptr<ResponseStream> stream =
      std::make_unique<H2ResponseStream>(std::move(*asked), what);
  co_return Answer(std::move(stream));
}

// Speaks over a pool without closing it: what the admission of one connection uses.
class PoolClient : public HttpClient {
 public:
  explicit PoolClient(std::shared_ptr<Pool> pool) : pool_(std::move(pool)) {}
  Task<HttpResponse> Send(HttpRequest request, Millis limit) override {
    return SendTask(pool_, std::move(request), limit);
  }
  Task<std::unique_ptr<ResponseStream>> Open(HttpRequest request, Millis limit) override {
    return OpenTask(pool_, std::move(request), limit);
  }

 protected:
  std::shared_ptr<Pool> pool_;
};

TaskVoid Admit(const Pool& pool, const std::shared_ptr<ClientConnection>& connection) {
  auto single = std::make_shared<Pool>(pool.executor, pool.origin);
  single->single = true;
  single->current = connection;
  PoolClient client(std::move(single));
  co_return co_await pool.origin.admit(client);
}

class OwningClient final : public PoolClient {
 public:
  using PoolClient::PoolClient;
  ~OwningClient() override { pool_->Close(); }
};

}  // namespace

std::unique_ptr<HttpClient> MakeHttpClient(asio::any_io_executor executor, Origin origin) {
  return std::make_unique<OwningClient>(
      std::make_shared<Pool>(std::move(executor), std::move(origin)));
}

}  // namespace dunlin::net
