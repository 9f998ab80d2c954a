// What one peer, and all peers together, can make a server hold.
#include "protocol/base/limits.h"

#include <future>

#include "protocol/h2/engine.h"
#include "protocol/net/server_core.h"
#include "tests/protocol/net/harness.h"
#include "tests/protocol/net/raw_peer.h"

namespace dunlin::net {
namespace {

struct LimitsTest : NetTest {};

TEST_F(LimitsTest, AllBodiesTogetherHaveALimitAndGiveTheirShareBack) {
  ServerConfig config;
  config.body_limit = limits::kRequestBodiesBytes;
  const auto core =
      std::make_shared<internal::ServerCore>(loop.executor(), std::move(config), HttpHandler());
  internal::BodyBudget mine(core);
  {
    internal::BodyBudget other(core);
    EXPECT_EQ(other.Take(limits::kRequestBodiesBytes), 0);
    EXPECT_EQ(mine.Take(1), 503);
  }
  EXPECT_EQ(mine.Take(1), 0);
}

TEST_F(LimitsTest, OneBodyHasALimit) {
  const auto core =
      std::make_shared<internal::ServerCore>(loop.executor(), ServerConfig(), HttpHandler());
  internal::BodyBudget body(core);
  EXPECT_EQ(body.Take(limits::kRequestBodyBytes), 0);
  EXPECT_EQ(body.Take(1), 413);
}

// As in HTTP/2 the fields count, with the empty line at their end; the request line has the same
// limit for itself.
TEST_F(LimitsTest, Http11FieldsAtTheLimitPassAndOneByteAboveIsRefused) {
  ServerConfig config = UnixServer();
  config.http1 = true;
  Listen(std::move(config));
  const std::string line = "GET /echo HTTP/1.1\r\n";
  const std::string fields = "Host: x\r\nConnection: close\r\nX: \r\n\r\n";
  for (const size_t above : {0, 1}) {
    const size_t rest = limits::kHeaderListBytes - fields.size() + above;
    RawPeer peer(loop, directory / "s");
    peer.Send(line + std::string(fields).insert(fields.size() - 4, rest, 'h'));
    peer.ReadToEnd();
    EXPECT_EQ(peer.received().substr(0, 12), above == 0 ? "HTTP/1.1 200" : "HTTP/1.1 431");
  }
}

// Handlers that cannot be stopped, as those that wait for the thread pool, outlive their streams.
class StubbornHandlers {
 public:
  HttpHandler Handler() {
    return [this](Exchange&) { return Answer(); };
  }
  void Release() { gate_.set_value(); }
  int started = 0;

 private:
  Task<std::optional<HttpResponse>> Answer() {
    ++started;
    std::function<Result<bool>()> wait = [open = opened_]() -> Result<bool> {
      open.wait();
      return true;
    };
    (void)co_await RunOn(pool_, std::move(wait));
    co_return HttpResponse{};
  }

  std::promise<void> gate_;
  std::shared_future<void> opened_ = gate_.get_future().share();
  asio::thread_pool pool_{1};
};

TEST_F(LimitsTest, HandlersOfStreamsThatWereResetCountUntilTheyEnd) {
  StubbornHandlers handlers;
  auto listening = MakeHttpServer(loop.executor(), UnixServer(), handlers.Handler());
  ASSERT_TRUE(listening) << listening.error().message;
  server = std::move(*listening);
  RawPeer peer(loop, directory / "s");
  h2::Engine engine(h2::Settings{});
  const auto ask = [&] {
    const auto stream = engine.Request({"GET", "http", "x", "/", {}}, "", false);
    EXPECT_TRUE(stream);
    peer.Send(engine.Drain(limits::kMiB, Millis(1)));
    return *stream;
  };
  for (size_t i = 0; i < limits::kHandlersPerConnection; ++i) {
    const h2::StreamId stream = ask();
    ASSERT_TRUE(loop.RunUntil([&] { return handlers.started == static_cast<int>(i) + 1; }));
    engine.Reset(stream, h2::ResetCode::kCancel);
  }
  (void)ask();
  const Bytes refused("\x00\x00\x04\x03\x00", 5);  // RST_STREAM
  EXPECT_TRUE(peer.ReadUntil(refused));
  EXPECT_EQ(handlers.started, static_cast<int>(limits::kHandlersPerConnection));
  EXPECT_EQ(server->connections(), 1u) << "only the stream is refused";

  handlers.Release();
  constexpr int kTries = limits::kH2SentResets / 2;  // those that come too early are reset
  const auto more = [&] {
    return handlers.started > static_cast<int>(limits::kHandlersPerConnection);
  };
  for (int i = 0; i < kTries && !more(); ++i) {
    (void)ask();
    loop.RunFor(kSoon);
  }
  EXPECT_TRUE(more()) << "the old ones have ended";
}

}  // namespace
}  // namespace dunlin::net
