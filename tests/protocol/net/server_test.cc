// The server: who gets in, what a handler's end means, and how connections end.
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <fstream>

#include "protocol/base/limits.h"
#include "protocol/h2/engine.h"
#include "tests/protocol/net/harness.h"
#include "tests/protocol/net/raw_peer.h"

namespace dunlin::net {
namespace {

using Stream = std::unique_ptr<ResponseStream>;

TaskVoid Discard(HttpClient& client, HttpRequest request) {
  auto answer = co_await client.Send(std::move(request), kPlenty);
  (void)answer;
  co_return Status();
}

struct ServerTest : NetTest {
  void SendAndForget(HttpClient& by, std::string target) {
    HttpRequest request;
    request.target = std::move(target);
    const int before = backend.started;
    Spawn(loop.executor(), Ignore(by, std::move(request)), [](Status) {});
    EXPECT_TRUE(loop.RunUntil([this, before] { return backend.started > before; }));
  }
  TaskVoid Ignore(HttpClient& client, HttpRequest request) {
    auto answer = co_await client.Send(std::move(request), kPlenty);
    if (!answer) last_failure = answer.error().message;
    ++ended;
    co_return Status();
  }
  int ended = 0;
  std::string last_failure;
};

TEST_F(ServerTest, AHandlersErrorIsAPlain500AndIsReported) {
  StartTls();
  auto answer = Get("/fail");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 500);
  EXPECT_EQ(answer->body.find("disk"), std::string::npos) << "no inner words for strangers";
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0], "/fail the disk is gone");
}

TEST_F(ServerTest, AHandlersExceptionIsAPlain500AndIsReported) {
  StartTls();
  EXPECT_EQ(Get("/throw")->status, 500);
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_NE(failures[0].find("a bug"), std::string::npos);
}

TEST_F(ServerTest, AHandlerWithoutAnAnswerIsABugThatIsReported) {
  StartTls();
  EXPECT_FALSE(Get("/none"));
  EXPECT_EQ(failures.size(), 1u);
}

TEST_F(ServerTest, AStreamedAnswerThatBreaksOffIsNoCompleteAnswer) {
  StartTls();
  auto answer = Get("/half");
  EXPECT_EQ(answer.error().code, Errc::kUnavailable);
  EXPECT_EQ(failures.size(), 1u);
}

TEST_F(ServerTest, AHeldRequestIsCancelledWhenItsClientCloses) {
  StartTls();
  SendAndForget(*client, "/held");
  client.reset();
  EXPECT_TRUE(loop.RunUntil([this] { return backend.cancelled == 1; }));
  EXPECT_TRUE(failures.empty()) << "a peer that goes away is no failure of the handler";
}

TEST_F(ServerTest, AdmitRefusesAConnection) {
  ServerConfig config = TlsServer();
  int asked = 0;
  config.admit = [&asked](const Peer& peer) -> Status {
    ++asked;
    EXPECT_TRUE(peer.certificate);
    return MakeError(Errc::kPermission, "revoked");
  };
  Listen(std::move(config));
  Connect(TlsOrigin());
  const auto refused = Get("/echo");
  EXPECT_EQ(refused.error().code, Errc::kUnavailable);
  EXPECT_NE(refused.error().message.find("revoked"), std::string::npos) << refused.error().message;
  EXPECT_GE(asked, 1);
  EXPECT_EQ(backend.started, 0);
  EXPECT_TRUE(loop.RunUntil([this] { return server->connections() == 0; }));
}

TEST_F(ServerTest, OfOneKeyTheNewestConnectionsStay) {
  StartTls();
  const Origin origin = TlsOrigin();
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int i = 0; i < limits::kConnectionsPerIdentity; ++i) {
    clients.push_back(MakeHttpClient(loop.executor(), origin));
    SendAndForget(*clients.back(), "/held");
  }
  loop.RunFor(kSoon);
  EXPECT_EQ(backend.cancelled, 0) << "as many as allowed";
  agent_leaf = tls::Issue(ca, tls::AgentRequest());
  auto stranger = MakeHttpClient(loop.executor(), TlsOrigin());
  SendAndForget(*stranger, "/held");
  loop.RunFor(kSoon);
  EXPECT_EQ(backend.cancelled, 0) << "another key counts for itself";

  clients.push_back(MakeHttpClient(loop.executor(), origin));
  SendAndForget(*clients.back(), "/held");
  EXPECT_TRUE(loop.RunUntil([this] { return backend.cancelled == 1; }));
  const size_t left = limits::kConnectionsPerIdentity + 1;
  EXPECT_TRUE(loop.RunUntil([&] { return server->connections() == left; }));
  backend.Release();
  EXPECT_TRUE(loop.RunUntil([&] { return ended == static_cast<int>(left) + 1; }));
}

TEST_F(ServerTest, CloseWhereEndsOnlyTheMatchingConnections) {
  std::vector<uint64_t> closed;
  ServerConfig config = TlsServer();
  config.on_closed = [&closed](const Peer& peer) { closed.push_back(peer.connection); };
  Listen(std::move(config));
  Connect(TlsOrigin());
  SendAndForget(*client, "/held");
  const uint64_t victim = backend.last_peer.connection;
  auto other = MakeHttpClient(loop.executor(), TlsOrigin());
  SendAndForget(*other, "/held");
  EXPECT_EQ(server->connections(), 2u);
  const auto is_victim = [victim](const Peer& peer) { return peer.connection == victim; };
  server->CloseWhere(is_victim, MakeError(Errc::kPermission, "this door is shut"));
  EXPECT_TRUE(loop.RunUntil([this] { return ended == 1 && backend.cancelled == 1; }));
  EXPECT_NE(last_failure.find("this door is shut"), std::string::npos) << last_failure;
  EXPECT_TRUE(loop.RunUntil([this] { return server->connections() == 1; }));
  EXPECT_EQ(closed, std::vector{victim});
  auto answer = Post("/echo", "may come back");
  EXPECT_TRUE(answer) << answer.error().message;
  backend.Release();
  EXPECT_TRUE(loop.RunUntil([this] { return ended == 2; }));
  server.reset();  // closes what is open
  EXPECT_EQ(closed.size(), 3u);
}

TEST_F(ServerTest, StopLetsExchangesEndWithinItsGrace) {
  StartTls();
  SendAndForget(*client, "/held");
  const auto release = [this] { backend.Release(); };
  asio::post(loop.executor(), release);
  ASSERT_TRUE(loop.Run<void>(server->Stop(kPlenty)));
  EXPECT_EQ(backend.cancelled, 0);
  EXPECT_TRUE(loop.RunUntil([this] { return ended == 1; }));
  EXPECT_EQ(server->connections(), 0u);
}

TEST_F(ServerTest, StopCancelsWhatOutlastsItsGrace) {
  StartTls();
  SendAndForget(*client, "/never");
  ASSERT_TRUE(loop.Run<void>(server->Stop(kSoon)));
  EXPECT_EQ(backend.cancelled, 1);
  EXPECT_EQ(server->connections(), 0u);
}

TEST_F(ServerTest, APeerThatDoesNotReadAStreamIsReset) {
  ServerConfig config = TlsServer();
  config.stalled_write_limit = 5 * kSoon;
  Listen(std::move(config));
  Connect(TlsOrigin());
  HttpRequest request;
  request.target = "/endless";
  auto stream = loop.Run<Stream>(client->Open(request, kPlenty));
  ASSERT_TRUE(stream);
  EXPECT_TRUE(loop.RunUntil([this] { return backend.cancelled == 1; }));
  EXPECT_EQ(backend.write_failure, Errc::kTimeout);
  EXPECT_EQ(server->connections(), 1u) << "only the stream goes";
}

TEST_F(ServerTest, AWholeAnswerThatIsNotReadIsReset) {
  ServerConfig config = TlsServer();
  config.stalled_write_limit = kSoon / 2;
  Listen(std::move(config));
  Connect(TlsOrigin());
  HttpRequest request;
  request.target = "/big?3000000";
  auto stream = loop.Run<Stream>(client->Open(request, kPlenty));
  ASSERT_TRUE(stream);
  loop.RunFor(5 * kSoon);
  size_t read = 0;
  Result<Bytes> piece;
  while ((piece = loop.Run<Bytes>((*stream)->Read(kPlenty))) && !piece->empty()) {
    read += piece->size();
  }
  EXPECT_EQ(piece.error().code, Errc::kUnavailable);
  EXPECT_LE(read, limits::kMiB);
}

TEST_F(ServerTest, APeerThatReadsNothingAtAllLosesItsConnection) {
  ServerConfig config = UnixServer();
  config.stalled_write_limit = 2 * kSoon;
  Listen(std::move(config));
  RawPeer peer(loop, directory / "s");
  h2::Settings settings;
  settings.stream_window = 60'000'000;
  settings.connection_window = 60'000'000;
  h2::Engine engine(settings);
  ASSERT_TRUE(engine.Request({"GET", "http", "x", "/big?50000000", {}}, "", false));
  peer.Send(engine.Drain(1 << 20, Millis(1)));
  EXPECT_TRUE(loop.RunUntil([this] { return backend.started == 1; }));
  EXPECT_TRUE(loop.RunUntil([this] { return server->connections() == 0; }));
}

TEST_F(ServerTest, AHandshakeThatDoesNotEndIsCut) {
  ServerConfig config = TlsServer();
  config.handshake_limit = kSoon;
  Listen(std::move(config));
  RawPeer peer(loop, server->port());
  EXPECT_TRUE(loop.RunUntil([this] { return server->connections() == 1; }));
  EXPECT_TRUE(loop.RunUntil([this] { return server->connections() == 0; }));
  peer.ReadToEnd();
  EXPECT_TRUE(peer.ended());
}

TEST_F(ServerTest, AConnectionWithoutARequestIsCut) {
  ServerConfig config = UnixServer();
  config.header_limit = kSoon;
  Listen(std::move(config));
  RawPeer silent(loop, directory / "s");
  h2::Engine engine(h2::Settings{});
  RawPeer preface_only(loop, directory / "s");
  preface_only.Send(engine.Drain(1 << 20, Millis(1)));
  silent.ReadToEnd();
  preface_only.ReadToEnd();
  EXPECT_TRUE(silent.ended() && preface_only.ended());
  EXPECT_TRUE(loop.RunUntil([this] { return server->connections() == 0; }));
}

TEST_F(ServerTest, GarbageEndsTheConnection) {
  Listen(TlsServer());
  RawPeer peer(loop, server->port());
  peer.Send("GET / HTTP/1.1\r\n\r\n");
  peer.ReadToEnd();
  EXPECT_TRUE(peer.ended());
  EXPECT_EQ(backend.started, 0);
}

TEST_F(ServerTest, OfManyHalfOpenHandshakesTheOldestGiveWay) {
  Listen(TlsServer());
  std::vector<std::unique_ptr<RawPeer>> peers;
  for (int i = 0; i < limits::kConcurrentHandshakes + 5; ++i) {
    peers.push_back(std::make_unique<RawPeer>(loop, server->port()));
    loop.RunFor(Millis(0));
  }
  const size_t most = limits::kConcurrentHandshakes;
  EXPECT_TRUE(loop.RunUntil([this, most] { return server->connections() == most; }));
  peers.front()->ReadToEnd();
  EXPECT_TRUE(peers.front()->ended());
  EXPECT_FALSE(peers.back()->ended());
  Connect(TlsOrigin());
  auto answer = Post("/echo", "an honest one");
  EXPECT_TRUE(answer) << answer.error().message;
}

TEST_F(ServerTest, AUnixSocketIsPrivateAndGoesWithTheServer) {
  StartUnix();
  struct stat info {};
  const std::string path = directory / "s";
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  ASSERT_TRUE(loop.Run<void>(server->Stop(Millis(0))));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(ServerTest, AStaleUnixSocketIsReplaced) {
  {
    asio::local::stream_protocol::acceptor dead(
        loop.executor(), asio::local::stream_protocol::endpoint(directory / "s"));
  }
  ASSERT_TRUE(std::filesystem::exists(directory / "s"));
  StartUnix();
  EXPECT_TRUE(Post("/echo", "x"));
}

TEST_F(ServerTest, ALiveUnixSocketOrAnotherFileIsNotReplaced) {
  Listen(UnixServer());
  auto second = MakeHttpServer(loop.executor(), UnixServer(), Routes(backend));
  EXPECT_EQ(second.error().code, Errc::kIo);
  EXPECT_NE(second.error().message.find("another process"), std::string::npos);
  ServerConfig file = UnixServer();
  file.address = directory / "file";
  std::ofstream(file.address) << "precious";
  EXPECT_EQ(MakeHttpServer(loop.executor(), file, Routes(backend)).error().code, Errc::kIo);
  EXPECT_EQ(std::filesystem::file_size(file.address), 8u);
}

TEST_F(ServerTest, AnAddressThatCannotBeBoundIsNamed) {
  Listen(TlsServer());
  ServerConfig config = TlsServer();
  config.port = server->port();
  auto second = MakeHttpServer(loop.executor(), config, Routes(backend));
  EXPECT_EQ(second.error().code, Errc::kIo);
  const std::string address = "127.0.0.1:" + std::to_string(config.port);
  EXPECT_NE(second.error().message.find(address), std::string::npos);
  EXPECT_NE(second.error().message.find("in use"), std::string::npos) << second.error().message;
  config.address = "hub.example";
  EXPECT_EQ(MakeHttpServer(loop.executor(), config, Routes(backend)).error().code, Errc::kIo);
}

TEST_F(ServerTest, TcpWithoutTlsMustBeAskedFor) {
  ServerConfig config;
  EXPECT_EQ(MakeHttpServer(loop.executor(), config, Routes(backend)).error().code,
            Errc::kInvalidArgument);
  config.clear_text = true;
  Listen(config);
  Origin origin;
  origin.host = "127.0.0.1";
  origin.port = server->port();
  Connect(std::move(origin));
  EXPECT_TRUE(Post("/echo", "x"));
}

// The end of a process: the loop goes while requests are held, on both sides.
TEST(ServerShutdown, EverythingOpenIsDestroyedWithTheLoop) {
  Backend backend;
  const std::string path = testing::TempDir() + "shutdown" + std::to_string(::getpid());
  {
    Loop loop;
    backend.changed = std::make_shared<Event>(loop.executor());
    ServerConfig config;
    config.unix_socket = true;
    config.http1 = true;
    config.address = path;
    auto server = MakeHttpServer(loop.executor(), std::move(config), Routes(backend));
    ASSERT_TRUE(server) << server.error().message;
    Origin origin;
    origin.host = path;
    origin.unix_socket = true;
    auto client = MakeHttpClient(loop.executor(), std::move(origin));
    const auto ignore = [](Result<void>) {};
    for (const char* target : {"/held", "/never", "/endless"}) {
      HttpRequest request;
      request.target = target;
      Spawn(loop.executor(), Discard(*client, std::move(request)), ignore);
    }
    RawPeer peer(loop, path);
    peer.Send("GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(loop.RunUntil([&backend] { return backend.started == 4; }));
  }
  backend.changed.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(ServerTest, Ipv6AddressesWork) {
  ServerConfig config = TlsServer();
  config.address = "::1";
  auto made = MakeHttpServer(loop.executor(), config, Routes(backend));
  if (!made) GTEST_SKIP() << made.error().message;
  server = std::move(*made);
  Origin origin = TlsOrigin();
  origin.host = "::1";
  origin.server_name.clear();
  Connect(std::move(origin));
  auto answer = Post("/echo", "x");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(backend.last_peer.address, "::1");
}

}  // namespace
}  // namespace dunlin::net
