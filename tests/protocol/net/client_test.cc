// The client when things go wrong: what it reports, what it repeats, what it leaves behind.
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "tests/protocol/net/harness.h"

namespace dunlin::net {
namespace {

using Stream = std::unique_ptr<ResponseStream>;

struct ClientTest : NetTest {
  Result<Stream> Open(std::string target) {
    HttpRequest request;
    request.target = std::move(target);
    return loop.Run<Stream>(client->Open(std::move(request), kPlenty));
  }
  // Starts a request whose outcome arrives in `outcome_`.
  void SendLater(std::string target) {
    outcome.reset();
    HttpRequest request;
    request.target = std::move(target);
    const int before = backend.started;
    Spawn(loop.executor(), Keep(*client, std::move(request), outcome), [](Status) {});
    EXPECT_TRUE(loop.RunUntil([this, before] { return backend.started > before || outcome; }));
  }
  static TaskVoid Keep(HttpClient& client, HttpRequest request,
                       std::optional<Result<HttpResponse>>& outcome) {
    auto answer = co_await client.Send(std::move(request), kPlenty);
    outcome = std::move(answer);
    co_return Status();
  }
  bool WaitForOutcome() {
    return loop.RunUntil([this] { return outcome.has_value(); });
  }

  std::optional<Result<HttpResponse>> outcome;
};

TEST_F(ClientTest, NothingListensIsUnavailableAndNamesTheAddress) {
  StartTls();
  const std::string address = "127.0.0.1:" + std::to_string(server->port());
  ASSERT_TRUE(loop.Run<void>(server->Stop(Millis(0))));
  auto answer = Get("/echo");
  EXPECT_EQ(answer.error().code, Errc::kUnavailable);
  EXPECT_NE(answer.error().message.find(address), std::string::npos) << answer.error().message;
  EXPECT_NE(answer.error().message.find("refused"), std::string::npos) << answer.error().message;
}

TEST_F(ClientTest, AMissingUnixSocketIsUnavailableAndNamesThePath) {
  Connect(UnixOrigin());
  auto answer = Get("/echo");
  EXPECT_EQ(answer.error().code, Errc::kUnavailable);
  EXPECT_NE(answer.error().message.find(directory / "s"), std::string::npos);
}

TEST_F(ClientTest, AnUnknownHostIsUnavailable) {
  Origin origin = TlsOrigin();
  origin.host = "no-such-host.invalid";
  Connect(std::move(origin));
  auto answer = Get("/echo");
  EXPECT_EQ(answer.error().code, Errc::kUnavailable);
  EXPECT_NE(answer.error().message.find("no-such-host.invalid"), std::string::npos);
}

TEST_F(ClientTest, AHostNameIsResolved) {
  Listen(TlsServer());
  Origin origin = TlsOrigin();
  origin.host = "localhost";
  Connect(std::move(origin));
  auto answer = Post("/echo", "x");
  EXPECT_TRUE(answer) << answer.error().message;
}

TEST_F(ClientTest, AServerOfAnotherCaIsASignatureError) {
  Listen(TlsServer());
  tls::Authority other("Other CA");
  Origin origin = TlsOrigin();
  origin.tls = tls::MustMake(tls::ClientOptions(other, tls::Issue(other, tls::AgentRequest())));
  Connect(std::move(origin));
  EXPECT_EQ(Get("/echo").error().code, Errc::kSignature);
  EXPECT_EQ(backend.started, 0);
}

// Asks for a path over the connection on trial; anything but 200 is a refusal.
TaskVoid AskFirst(HttpClient& connection, std::string target) {
  HttpRequest request;
  request.target = std::move(target);
  CO_TRY(const HttpResponse answer, co_await connection.Send(std::move(request), kPlenty));
  if (answer.status != 200) co_return MakeError(Errc::kSignature, "not the right server");
  co_return Status();
}

TEST_F(ClientTest, AConnectionIsAdmittedOnceBeforeItsFirstRequest) {
  Listen(TlsServer());
  int admissions = 0;
  Origin origin = TlsOrigin();
  origin.admit = [&](HttpClient& connection) {
    ++admissions;
    return AskFirst(connection, "/length");
  };
  Connect(std::move(origin));
  EXPECT_TRUE(Get("/echo"));
  EXPECT_TRUE(Get("/echo"));
  EXPECT_EQ(admissions, 1);
  EXPECT_EQ(backend.started, 3);
}

TEST_F(ClientTest, NothingGoesOverAConnectionThatIsNotAdmitted) {
  Listen(TlsServer());
  Origin origin = TlsOrigin();
  origin.admit = [](HttpClient& connection) { return AskFirst(connection, "/fail"); };
  Connect(std::move(origin));
  EXPECT_EQ(Get("/echo").error().code, Errc::kSignature);
  EXPECT_EQ(Get("/echo").error().code, Errc::kSignature);
  EXPECT_EQ(backend.started, 2);  // the admissions
  EXPECT_NE(backend.last_request.target, "/echo");
}

TEST_F(ClientTest, AnAdmissionThatIsNotAnsweredEndsWithTheConnectLimit) {
  Listen(TlsServer());
  Origin origin = TlsOrigin();
  origin.connect_limit = Millis(300);
  origin.admit = [](HttpClient& connection) { return AskFirst(connection, "/never"); };
  Connect(std::move(origin));
  EXPECT_EQ(Get("/echo").error().code, Errc::kTimeout);
  EXPECT_TRUE(loop.RunUntil([this] { return backend.cancelled == 1; }));
}

TEST_F(ClientTest, AWrongServerNameIsASignatureError) {
  Listen(TlsServer());
  Origin origin = TlsOrigin();
  origin.server_name = "other.example";
  Connect(std::move(origin));
  EXPECT_EQ(Get("/echo").error().code, Errc::kSignature);
}

TEST_F(ClientTest, WithoutAClientCertificateTheAgentPortRefuses) {
  Listen(TlsServer());
  auto options = tls::ClientOptions(ca, agent_leaf);
  options.certificate_pem.clear();
  options.private_key_pem.clear();
  Origin origin = TlsOrigin();
  origin.tls = tls::MustMake(std::move(options));
  Connect(std::move(origin));
  auto answer = Get("/echo");
  EXPECT_EQ(answer.error().code, Errc::kUnauthenticated) << answer.error().message;
  EXPECT_EQ(backend.started, 0);
}

TEST_F(ClientTest, AServerWithoutHttp2IsUnsupported) {
  auto options = tls::ServerOptions(ca, server_leaf);
  options.alpn = {"http/1.1"};
  ServerConfig config = TlsServer();
  config.tls = tls::MustMake(std::move(options));
  config.http1 = true;
  Listen(std::move(config));
  auto both = tls::ClientOptions(ca, agent_leaf);
  both.alpn = {"h2", "http/1.1"};
  Origin origin = TlsOrigin();
  origin.tls = tls::MustMake(std::move(both));
  Connect(std::move(origin));
  EXPECT_EQ(Get("/echo").error().code, Errc::kUnsupported);
}

TEST_F(ClientTest, ARequestThatIsNotAnsweredTimesOutAndIsReset) {
  StartTls();
  EXPECT_TRUE(Post("/echo", "opens the connection"));
  // Long enough for the request to arrive on a loaded machine: only then is there something to
  // reset.
  auto answer = Get("/never", Millis(300));
  EXPECT_EQ(answer.error().code, Errc::kTimeout);
  EXPECT_NE(answer.error().message.find("/never"), std::string::npos);
  EXPECT_TRUE(loop.RunUntil([this] { return backend.cancelled == 1; }));
  EXPECT_TRUE(Post("/echo", "same connection"));
  EXPECT_EQ(server->connections(), 1u);
}

TEST_F(ClientTest, ARequestCancelledFromOutsideIsReset) {
  StartTls();
  EXPECT_TRUE(Post("/echo", "opens the connection"));
  HttpRequest request;
  request.target = "/held";
  auto sent =
      WithTimeout<HttpResponse>(client->Send(std::move(request), kPlenty), Millis(300), "mine");
  auto answer = loop.Run<HttpResponse>(std::move(sent));
  EXPECT_EQ(answer.error().message, "mine: no answer within 300 ms");
  EXPECT_TRUE(loop.RunUntil([this] { return backend.cancelled == 1; }));
}

TEST_F(ClientTest, DestroyingAResponseStreamResetsIt) {
  StartTls();
  auto stream = Open("/endless");
  ASSERT_TRUE(stream);
  stream->reset();
  EXPECT_TRUE(loop.RunUntil([this] { return backend.cancelled == 1; }));
  EXPECT_EQ(backend.write_failure, Errc::kUnavailable);
  EXPECT_TRUE(Post("/echo", "same connection"));
  EXPECT_EQ(server->connections(), 1u);
}

TEST_F(ClientTest, DestroyingTheClientEndsItsRequestsAndItsConnection) {
  StartTls();
  SendLater("/held");
  client.reset();
  ASSERT_TRUE(WaitForOutcome());
  EXPECT_EQ((*outcome).error().code, Errc::kCancelled);
  EXPECT_TRUE(loop.RunUntil([this] { return backend.cancelled == 1; }));
  EXPECT_TRUE(loop.RunUntil([this] { return server->connections() == 0; }));
}

TEST_F(ClientTest, AStreamOutlivesItsClientAsAnError) {
  StartTls();
  auto stream = Open("/stream");
  ASSERT_TRUE(stream);
  client.reset();
  EXPECT_EQ(*loop.Run<Bytes>((*stream)->Read(kPlenty)), "piece 1\n");
  EXPECT_EQ(loop.Run<Bytes>((*stream)->Read(kPlenty)).error().code, Errc::kCancelled);
}

TEST_F(ClientTest, AfterGoawayTheOldRequestEndsAndTheNextOneOpensAnew) {
  StartTls();
  SendLater("/held");
  const uint64_t first = backend.last_peer.connection;
  std::optional<Status> stopped;
  const auto on_stop = [&stopped](Status status) { stopped = status; };
  const uint16_t port = server->port();
  Spawn(loop.executor(), server->Stop(kPlenty), on_stop);
  loop.RunFor(kSoon);
  EXPECT_FALSE(outcome || stopped) << "Stop waits for the held request";

  std::unique_ptr<HttpServer> old = std::move(server);
  ServerConfig config = TlsServer();
  config.port = port;
  Listen(std::move(config));
  ASSERT_TRUE(Post("/echo", "to the new server"));
  EXPECT_NE(backend.last_peer.connection, first);

  backend.Release();
  ASSERT_TRUE(WaitForOutcome());
  ASSERT_TRUE(*outcome) << (*outcome).error().message;
  EXPECT_EQ((*outcome)->body, "released");
  EXPECT_TRUE(loop.RunUntil([&stopped] { return stopped.has_value(); }));
}

TEST_F(ClientTest, ALostConnectionIsUnavailableAndTheNextRequestReconnects) {
  StartTls();
  auto stream = Open("/endless");
  ASSERT_TRUE(stream);
  const uint16_t port = server->port();
  ASSERT_TRUE(loop.Run<void>(server->Stop(Millis(0))));
  Errc code = Errc::kInternal;
  for (int i = 0; i < 100; ++i) {
    auto piece = loop.Run<Bytes>((*stream)->Read(kPlenty));
    if (piece && !piece->empty()) continue;
    ASSERT_FALSE(piece) << "a body that broke off must not look complete";
    code = piece.error().code;
    break;
  }
  EXPECT_EQ(code, Errc::kUnavailable);
  ServerConfig config = TlsServer();
  config.port = port;
  Listen(std::move(config));
  auto answer = Post("/echo", "again");
  EXPECT_TRUE(answer) << answer.error().message;
}

TEST_F(ClientTest, AServerThatClosesAtOnceIsUnavailable) {
  asio::ip::tcp::acceptor acceptor(loop.executor(), {asio::ip::make_address("127.0.0.1"), 0});
  const auto close = [](boost::system::error_code, asio::ip::tcp::socket socket) {
    socket.close();
  };
  acceptor.async_accept(close);
  Origin origin = TlsOrigin();
  origin.port = acceptor.local_endpoint().port();
  Connect(std::move(origin));
  EXPECT_EQ(Get("/echo").error().code, Errc::kUnavailable);
}

TEST_F(ClientTest, AServerThatNeverFinishesTheHandshakeTimesOut) {
  asio::ip::tcp::acceptor acceptor(loop.executor(), {asio::ip::make_address("127.0.0.1"), 0});
  Origin origin = TlsOrigin();
  origin.port = acceptor.local_endpoint().port();
  origin.connect_limit = kSoon;
  Connect(std::move(origin));
  auto answer = Get("/echo");
  EXPECT_EQ(answer.error().code, Errc::kTimeout) << answer.error().message;
}

TEST_F(ClientTest, AServerThatDoesNotAnswerPingIsLost) {
  asio::local::stream_protocol::acceptor acceptor(
      loop.executor(), asio::local::stream_protocol::endpoint(directory / "s"));
  Origin origin = UnixOrigin();
  origin.ping_every = kSoon;
  origin.ping_limit = kSoon;
  Connect(std::move(origin));
  auto answer = Get("/echo");
  EXPECT_EQ(answer.error().code, Errc::kUnavailable);
  EXPECT_NE(answer.error().message.find("PING"), std::string::npos) << answer.error().message;
}

TEST_F(ClientTest, PingsKeepAHeldRequestAlive) {
  Listen(TlsServer());
  Origin origin = TlsOrigin();
  origin.ping_every = Millis(2);
  origin.ping_limit = kPlenty;
  Connect(std::move(origin));
  SendLater("/held");
  loop.RunFor(2 * kSoon);
  ASSERT_FALSE(outcome);
  backend.Release();
  ASSERT_TRUE(WaitForOutcome());
  EXPECT_TRUE(*outcome) << (*outcome).error().message;
}

TEST_F(ClientTest, AHeaderThatCannotBeSentIsNamed) {
  StartTls();
  HttpRequest request;
  request.headers = {{"x-bad", "a\nb"}};
  auto answer = loop.Run<HttpResponse>(client->Send(std::move(request), kPlenty));
  EXPECT_EQ(answer.error().code, Errc::kInvalidArgument);
  EXPECT_NE(answer.error().message.find("x-bad"), std::string::npos);
}

}  // namespace
}  // namespace dunlin::net
