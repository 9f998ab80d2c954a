#include "protocol/net/http_server.h"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>

#include "protocol/base/limits.h"
#include "protocol/net/h2_server.h"
#include "protocol/net/http1_server.h"
#include "protocol/net/server_core.h"

namespace dunlin::net {
namespace {

using internal::Acceptor;
using internal::ErrorCode;
using internal::ServerCore;
using internal::Session;
using internal::Socket;
using internal::Transport;

// RFC 9113 3.4. A clear connection starts with it, or speaks HTTP/1.1.
constexpr BytesView kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
// Out of file descriptors: those that are open must close first.
constexpr Millis kAcceptPause{50};
// For cancelled handlers: one may still wait for work on the pool.
constexpr Millis kHandlerEnd{5000};

// Distinct for all servers of the process.
uint64_t NextConnection() {
  static std::atomic<uint64_t> last = 0;
  return ++last;
}

Peer DescribePeer(Transport& transport, uint64_t connection) {
  Peer peer;
  peer.connection = connection;
  ErrorCode ec;
  const auto generic = transport.socket().remote_endpoint(ec);
  const int family = generic.protocol().family();
  if (!ec && (family == AF_INET || family == AF_INET6)) {
    asio::ip::tcp::endpoint endpoint;
    if (generic.size() <= endpoint.capacity()) {
      std::copy_n(reinterpret_cast<const char*>(generic.data()), generic.size(),
                  reinterpret_cast<char*>(endpoint.data()));
      endpoint.resize(generic.size());
      peer.address = endpoint.address().to_string();
      peer.port = endpoint.port();
    }
  }
  if (transport.tls() != nullptr) peer.certificate = transport.tls()->PeerCertificate();
  return peer;
}

// Clear text: reads until it is clear which protocol this is.
Task<Bytes> ReadPreface(std::shared_ptr<Transport> transport) {
  Bytes received;
  while (received.size() < kPreface.size() && kPreface.substr(0, received.size()) == received) {
    CO_TRY(const Bytes more, co_await transport->Read());
    if (more.empty()) co_return MakeError(Errc::kUnavailable, "the peer closed the connection");
    received += more;
  }
  co_return received;
}

TaskVoid Handshake(std::shared_ptr<Transport> transport) {
  CO_TRY_VOID(co_await transport->Handshake());
  co_return Status();
}

struct Greeting {
  bool h2 = true;
  Bytes received;
};

Task<Greeting> Greet(std::shared_ptr<ServerCore> core, std::shared_ptr<Transport> transport) {
  const ServerConfig& config = core->config;
  Greeting greeting;
  const std::string what = "TLS handshake";
  CO_TRY_VOID(co_await WithTimeout<void>(Handshake(transport), config.handshake_limit, what));
  if (transport->tls() != nullptr) {
    greeting.h2 = transport->tls()->Alpn() == "h2";
  } else if (config.http1) {
    const std::string first = "first bytes";
    CO_TRY(greeting.received,
           co_await WithTimeout<Bytes>(ReadPreface(transport), config.header_limit, first));
    greeting.h2 = greeting.received.compare(0, kPreface.size(), kPreface) == 0;
  }
  if (!greeting.h2 && !config.http1) {
    co_return MakeError(Errc::kUnsupported, "the peer speaks HTTP/1.1, which is off here");
  }
  co_return greeting;
}

// H7. The newest connections of a key stay, this one included.
void MakeRoomFor(const Peer& peer, const ServerCore& core) {
  if (!peer.certificate) return;
  std::vector<std::shared_ptr<Session>> same;  // oldest first
  for (const auto& [id, session] : core.sessions) {
    const auto& other = session->peer().certificate;
    if (other && other->key == peer.certificate->key) same.push_back(session);
  }
  constexpr size_t kOthers = limits::kConnectionsPerIdentity - 1;
  const Error why = MakeError(Errc::kLimit, "a newer connection of this client took its place");
  for (size_t i = 0; i + kOthers < same.size(); ++i) same[i]->CloseSessionGently(why);
}

TaskVoid Welcome(std::shared_ptr<ServerCore> core, std::shared_ptr<Transport> transport,
                 uint64_t connection) {
  auto greeting = co_await Greet(core, transport);
  const bool evicted = core->handshakes.erase(connection) == 0;
  if (!greeting) {
    if (!evicted) {
      CO_TRY_VOID(co_await internal::Linger(transport));
    }
    co_return greeting.error();
  }
  if (evicted) co_return MakeError(Errc::kLimit, "too many handshakes at once");
  Peer peer = DescribePeer(*transport, connection);
  Status admitted;
  if (core->config.admit) admitted = core->config.admit(peer);
  if (core->stopping && admitted) admitted = MakeError(Errc::kUnavailable, "stopping");
  if (!admitted && !greeting->h2) {
    CO_TRY_VOID(co_await internal::Linger(transport));
    co_return admitted;
  }
  if (admitted) MakeRoomFor(peer, *core);
  if (greeting->h2) {
    auto session = std::make_shared<internal::H2ServerConnection>(core, std::move(peer),
                                                                  std::move(*transport));
    core->sessions.emplace(connection, session);
    session->Start(std::move(greeting->received));
    if (!admitted) session->CloseSessionGently(admitted.error());
  } else {
    auto session =
        std::make_shared<internal::Http1Session>(core, std::move(peer), std::move(*transport));
    core->sessions.emplace(connection, session);
    session->Start(std::move(greeting->received));
  }
  co_return admitted;
}

void StartConnection(const std::shared_ptr<ServerCore>& core, Socket socket) {
  internal::Tune(socket);
  const uint64_t connection = NextConnection();
  std::unique_ptr<tls::Engine> engine;
  if (core->config.tls) engine = std::make_unique<tls::Engine>(core->config.tls, std::string());
  auto transport = std::make_shared<Transport>(std::move(socket), std::move(engine));
  // H13: the oldest gives way. Whoever floods us with half-open connections must open thousands a
  // second before an honest handshake (some ten milliseconds) is in danger.
  if (core->handshakes.size() >= limits::kConcurrentHandshakes) {
    core->handshakes.begin()->second->Close();
    core->handshakes.erase(core->handshakes.begin());
  }
  core->handshakes.emplace(connection, transport);
  auto on_done = [core](Status) { core->changed.Notify(); };  // refusals are the peer's problem
  Spawn(core->executor, Welcome(core, transport, connection), std::move(on_done));
}

class AsioHttpServer : public HttpServer {
 public:
  AsioHttpServer(std::shared_ptr<ServerCore> core, Acceptor acceptor)
      : core_(std::move(core)), acceptor_(std::make_shared<Acceptor>(std::move(acceptor))) {
    ReadPort();
    const auto on_done = [](Status) {};  // ends only when the acceptor is closed
    Spawn(core_->executor, AcceptLoop(core_, acceptor_), on_done);
  }
  ~AsioHttpServer() override {
    StopAccepting();
    CloseAll();
  }
  uint16_t port() const override { return port_; }
  void CloseWhere(std::function<bool(const Peer&)> match, const Error& why) override;
  TaskVoid Stop(Millis grace) override;
  size_t connections() const override { return core_->connections(); }

 private:
  static TaskVoid AcceptLoop(std::shared_ptr<ServerCore> core, std::shared_ptr<Acceptor> acceptor);
  static TaskVoid WaitUntilEmpty(std::shared_ptr<ServerCore> core);
  std::vector<std::shared_ptr<Session>> Sessions() const;
  void ReadPort();
  void StopAccepting();
  void CloseAll();

  std::shared_ptr<ServerCore> core_;
  std::shared_ptr<Acceptor> acceptor_;
  uint16_t port_ = 0;
  struct stat socket_file_ {};
};

void AsioHttpServer::ReadPort() {
  if (core_->config.unix_socket) {
    ::lstat(core_->config.address.c_str(), &socket_file_);
    return;
  }
  ErrorCode ec;
  const auto endpoint = acceptor_->local_endpoint(ec);
  const auto* address = reinterpret_cast<const sockaddr*>(endpoint.data());
  if (ec) return;
  if (address->sa_family == AF_INET6) {
    port_ = ntohs(reinterpret_cast<const sockaddr_in6*>(address)->sin6_port);
  } else {
    port_ = ntohs(reinterpret_cast<const sockaddr_in*>(address)->sin_port);
  }
}

TaskVoid AsioHttpServer::AcceptLoop(std::shared_ptr<ServerCore> core,
                                    std::shared_ptr<Acceptor> acceptor) {
  while (acceptor->is_open()) {
    Socket socket(core->executor);
    auto [ec] = co_await acceptor->async_accept(socket, internal::kToken);
    if (!ec) {
      StartConnection(core, std::move(socket));
    } else if (ec != asio::error::connection_aborted && acceptor->is_open()) {
      CO_TRY_VOID(co_await Sleep(kAcceptPause));
    }
  }
  co_return Status();
}

std::vector<std::shared_ptr<Session>> AsioHttpServer::Sessions() const {
  std::vector<std::shared_ptr<Session>> sessions;
  for (const auto& [id, session] : core_->sessions) sessions.push_back(session);
  return sessions;
}

void AsioHttpServer::CloseWhere(std::function<bool(const Peer&)> match, const Error& why) {
  for (const auto& session : Sessions()) {
    if (match(session->peer())) session->CloseSessionGently(why);
  }
}

void AsioHttpServer::StopAccepting() {
  core_->stopping = true;
  if (!acceptor_->is_open()) return;
  ErrorCode ignored;
  acceptor_->close(ignored);
  // Only our own file: a newer server may have replaced it.
  struct stat now {};
  const std::string& path = core_->config.address;
  if (core_->config.unix_socket && ::lstat(path.c_str(), &now) == 0 &&
      now.st_ino == socket_file_.st_ino && now.st_dev == socket_file_.st_dev) {
    ::unlink(path.c_str());
  }
}

void AsioHttpServer::CloseAll() {
  const Error why = MakeError(Errc::kUnavailable, "the server stops");
  for (const auto& [id, transport] : core_->handshakes) transport->Close();
  core_->handshakes.clear();
  for (const auto& session : Sessions()) session->CloseSession(why);
}

TaskVoid AsioHttpServer::WaitUntilEmpty(std::shared_ptr<ServerCore> core) {
  while (core->connections() > 0 || core->running > 0) {
    CO_TRY_VOID(co_await core->changed.Wait(Millis::max()));
  }
  co_return Status();
}

TaskVoid AsioHttpServer::Stop(Millis grace) {
  StopAccepting();
  for (const auto& session : Sessions()) session->DrainSession();
  const std::string what = "stop the server";
  auto drained = co_await WithTimeout<void>(WaitUntilEmpty(core_), grace, what);
  if (!drained) {
    CloseAll();
    // The handlers are cancelled; they may use the application's objects until they have ended.
    auto ended = co_await WithTimeout<void>(WaitUntilEmpty(core_), kHandlerEnd, what);
    (void)ended;
  }
  co_return Status();
}

}  // namespace

Result<std::unique_ptr<HttpServer>> MakeHttpServer(asio::any_io_executor executor,
                                                   ServerConfig config, HttpHandler handler) {
  if (!config.unix_socket && !config.tls && !config.clear_text) {
    return MakeError(Errc::kInvalidArgument, "an HTTP server on TCP needs TLS settings");
  }
  Result<Acceptor> acceptor = MakeError(Errc::kInternal, "not listening");
  if (config.unix_socket) {
    acceptor = internal::ListenUnix(executor, config.address);
  } else {
    acceptor = internal::ListenTcp(executor, config.address, config.port);
  }
  if (!acceptor) return acceptor.error();
  auto core = std::make_shared<ServerCore>(executor, std::move(config), std::move(handler));
  std::unique_ptr<HttpServer> server =
      std::make_unique<AsioHttpServer>(std::move(core), std::move(*acceptor));
  return server;
}

}  // namespace dunlin::net
