// Damaged byte streams against the whole server: whatever arrives, the server goes on.
#include <boost/asio/local/stream_protocol.hpp>
#include <random>

#include "protocol/base/limits.h"
#include "protocol/h2/engine.h"
#include "tests/protocol/net/harness.h"
#include "tests/protocol/net/raw_peer.h"

namespace dunlin::net {
namespace {

constexpr int kRounds = 300;

// Flips, cuts, repeats or inserts a few bytes.
Bytes Damage(Bytes bytes, std::mt19937& random) {
  const int changes = 1 + static_cast<int>(random() % 4);
  for (int i = 0; i < changes && !bytes.empty(); ++i) {
    const size_t at = random() % bytes.size();
    switch (random() % 4) {
      case 0:
        bytes[at] = static_cast<char>(random());
        break;
      case 1:
        bytes.erase(at, 1 + random() % 9);
        break;
      case 2:
        bytes.insert(at, bytes.substr(at, 1 + random() % 40));
        break;
      default:
        bytes.insert(at, 1 + random() % 9, static_cast<char>(random()));
    }
  }
  return bytes;
}

Bytes ValidHttp2() {
  h2::Engine engine(h2::Settings{});
  const h2::RequestHead post{"POST", "http", "x", "/echo", {{"content-type", "a/b"}}};
  EXPECT_TRUE(engine.Request(post, Bytes(300, 'p'), false));
  EXPECT_TRUE(engine.Request({"GET", "http", "x", "/big?100000", {}}, "", false));
  const auto held = engine.Request({"GET", "http", "x", "/held", {}}, "", false);
  EXPECT_TRUE(held);
  engine.Ping();
  Bytes bytes = engine.Drain(limits::kMiB, Millis(1));
  engine.Reset(*held, h2::ResetCode::kCancel);
  return bytes + engine.Drain(limits::kMiB, Millis(1));
}

struct HostileTest : NetTest {
  void ListenBriefly() {
    ServerConfig config = UnixServer();
    config.header_limit = 2 * kSoon;
    config.stalled_write_limit = 2 * kSoon;
    Listen(std::move(config));
  }
  void Attack(const std::string& path, const Bytes& valid, uint32_t seed) {
    std::mt19937 random(seed);
    for (int round = 0; round < kRounds; ++round) {
      RawPeer peer(loop, path);
      peer.Send(Damage(valid, random));
      if (round % 3 == 0) peer.Shutdown();
      loop.RunFor(Millis(round % 2));
    }
    EXPECT_TRUE(loop.RunUntil([this] { return server->connections() == 0; }));
  }
};

TEST_F(HostileTest, DamagedHttp2StreamsLeaveTheServerUnharmed) {
  ListenBriefly();
  Attack(directory / "s", ValidHttp2(), 1);
  Connect(UnixOrigin());
  auto answer = Post("/echo", "still here");
  EXPECT_TRUE(answer) << answer.error().message;
}

TEST_F(HostileTest, DamagedHttp11StreamsLeaveTheServerUnharmed) {
  ListenBriefly();
  Attack(directory / "s",
         "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
         "4\r\nques\r\n4\r\ntion\r\n0\r\n\r\nGET /held HTTP/1.1\r\nHost: x\r\n\r\n",
         2);
  Connect(UnixOrigin());
  auto answer = Post("/echo", "still here");
  EXPECT_TRUE(answer) << answer.error().message;
}

// A server that answers nonsense: the client reports it and survives.
TEST_F(HostileTest, DamagedAnswersAreErrorsOfTheRequest) {
  h2::Engine client_engine(h2::Settings{});
  ASSERT_TRUE(client_engine.Request({"GET", "http", "localhost", "/", {}}, "", false));
  h2::Engine server_engine(h2::Settings{.role = h2::Role::kServer});
  ASSERT_TRUE(server_engine.Feed(client_engine.Drain(limits::kMiB, Millis(1)), Millis(1)));
  ASSERT_TRUE(server_engine.Respond(1, {200, {{"a", "b"}}}, Bytes(3000, 'x'), false));
  const Bytes valid = server_engine.Drain(limits::kMiB, Millis(1));

  using Local = asio::local::stream_protocol;
  Local::acceptor acceptor(loop.executor(), Local::endpoint(directory / "s"));
  std::mt19937 random(3);
  for (int round = 0; round < kRounds; ++round) {
    const Bytes bytes = Damage(valid, random);
    Local::socket socket(loop.executor());
    const auto answer = [&socket, &bytes](boost::system::error_code, Local::socket accepted) {
      socket = std::move(accepted);
      boost::system::error_code ignored;
      socket.write_some(asio::buffer(bytes), ignored);
      socket.shutdown(asio::socket_base::shutdown_send, ignored);
    };
    acceptor.async_accept(answer);
    Connect(UnixOrigin());
    const auto got = Get("/", kSoon);
    const Errc code = got ? Errc::kUnavailable : got.error().code;
    EXPECT_NE(code, Errc::kInternal) << got.error().message;
  }
}

}  // namespace
}  // namespace dunlin::net
