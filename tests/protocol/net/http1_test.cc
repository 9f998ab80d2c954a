// HTTP/1.1 on the server: by ALPN on the public port, and on a clear Unix socket.
#include "protocol/base/limits.h"
#include "protocol/net/transport.h"
#include "tests/protocol/net/harness.h"
#include "tests/protocol/net/raw_peer.h"

namespace dunlin::net {
namespace {

struct Http1Test : NetTest {
  void SetUp() override { Listen(UnixServer()); }
  RawPeer Peer() { return RawPeer(loop, directory / "s"); }
  // One request on a connection of its own; everything that came back.
  Bytes Ask(BytesView request) {
    RawPeer peer = Peer();
    peer.Send(request);
    peer.ReadToEnd();
    return peer.received();
  }
};

int Count(const Bytes& text, std::string_view what) {
  int count = 0;
  for (size_t at = 0; (at = text.find(what, at)) != Bytes::npos; at += what.size()) ++count;
  return count;
}

TEST_F(Http1Test, GetIsAnsweredAndTheConnectionStays) {
  RawPeer peer = Peer();
  peer.Send("GET /big?5 HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(peer.ReadUntil("xxxxx"));
  EXPECT_EQ(peer.received().rfind("HTTP/1.1 200 OK\r\n", 0), 0u) << peer.received();
  EXPECT_NE(peer.received().find("content-length: 5\r\n"), Bytes::npos);
  peer.Forget();
  peer.Send("GET /big?7 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(peer.ReadUntil("xxxxxxx"));
  EXPECT_FALSE(peer.ended());
  EXPECT_EQ(server->connections(), 1u);
}

TEST_F(Http1Test, PostCarriesHeadersAndBody) {
  RawPeer peer = Peer();
  peer.Send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: A/b\r\nContent-Length: 8\r\n\r\nques");
  loop.RunFor(Millis(5));
  EXPECT_EQ(backend.started, 0) << "not before the body is complete";
  peer.Send("tion");
  ASSERT_TRUE(peer.ReadUntil("question"));
  EXPECT_NE(peer.received().find("content-type: A/b\r\n"), Bytes::npos);
  EXPECT_EQ(backend.last_request.method, "POST");
  EXPECT_EQ(FindHeader(backend.last_request.headers, "host"), "");
}

TEST_F(Http1Test, AChunkedRequestBodyIsJoined) {
  const Bytes answer = Ask(
      "POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
      "4\r\nques\r\n4\r\ntion\r\n0\r\n\r\n");
  EXPECT_NE(answer.find("\r\n\r\nquestion"), Bytes::npos) << answer;
}

TEST_F(Http1Test, PipelinedRequestsAreAnsweredInOrder) {
  const Bytes answer =
      Ask("GET /big?1 HTTP/1.1\r\nHost: x\r\n\r\n"
          "GET /fail HTTP/1.1\r\nHost: x\r\n\r\n"
          "GET /big?3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(Count(answer, "HTTP/1.1 "), 3) << answer;
  EXPECT_LT(answer.find("content-length: 1\r\n"), answer.find("HTTP/1.1 500"));
  EXPECT_EQ(answer.substr(answer.size() - 3), "xxx");
}

TEST_F(Http1Test, AStreamedAnswerIsChunked) {
  RawPeer peer = Peer();
  peer.Send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(peer.ReadUntil("8\r\npiece 1\n\r\n")) << peer.received();
  EXPECT_NE(peer.received().find("transfer-encoding: chunked\r\n"), Bytes::npos);
  EXPECT_EQ(peer.received().find("piece 2"), Bytes::npos);
  backend.Release();
  ASSERT_TRUE(peer.ReadUntil("piece 2"));
  backend.Release();
  ASSERT_TRUE(peer.ReadUntil("piece 3\n\r\n0\r\n\r\n"));
  EXPECT_FALSE(peer.ended());
}

TEST_F(Http1Test, Http10GetsAnUnframedStreamAndTheEnd) {
  RawPeer peer = Peer();
  peer.Send("GET /stream HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(peer.ReadUntil("piece 1"));
  backend.Release();
  ASSERT_TRUE(peer.ReadUntil("piece 2"));
  backend.Release();
  peer.ReadToEnd();
  EXPECT_NE(peer.received().find("\r\n\r\npiece 1\npiece 2\npiece 3\n"), Bytes::npos)
      << peer.received();
}

TEST_F(Http1Test, ABrokenStreamIsNotEndedProperly) {
  const Bytes answer = Ask("GET /half HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(answer.find("half of the"), Bytes::npos);
  EXPECT_EQ(answer.find("0\r\n\r\n"), Bytes::npos);
  EXPECT_EQ(failures.size(), 1u);
}

TEST_F(Http1Test, HeadHasTheLengthAndNoBody) {
  const Bytes answer = Ask("HEAD /big?5 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_NE(answer.find("content-length: 5\r\n"), Bytes::npos);
  EXPECT_EQ(answer.substr(answer.size() - 4), "\r\n\r\n");
}

TEST_F(Http1Test, ContinueIsSaidOnce) {
  RawPeer peer = Peer();
  peer.Send("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  ASSERT_TRUE(peer.ReadUntil("HTTP/1.1 100 Continue\r\n\r\n"));
  peer.Send("a");
  loop.RunFor(Millis(2));
  peer.Send("b");
  ASSERT_TRUE(peer.ReadUntil("\r\n\r\nab"));
  EXPECT_EQ(Count(peer.received(), "100 Continue"), 1);
}

TEST_F(Http1Test, WhatCannotBeReadIsRefusedAndTheConnectionCloses) {
  const std::string many(limits::kHeaderListBytes, 'h');
  const std::string above = std::to_string(limits::kRequestBodyBytes + 1);
  const std::pair<std::string, std::string> cases[] = {
      {"nonsense\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nX: " + many + "\r\n\r\n", "431"},
      {"POST / HTTP/1.1\r\nContent-Length: " + above + "\r\n\r\n", "413"},
      {"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "400"},
      {"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       "400"},
      {"GET / HTTP/1.1\r\nX : y\r\n\r\n", "400"},
  };
  for (const auto& [request, status] : cases) {
    const Bytes answer = Ask(request);
    EXPECT_EQ(answer.rfind("HTTP/1.1 " + status, 0), 0u) << request.substr(0, 60) << "\n" << answer;
  }
  EXPECT_EQ(backend.started, 0);
}

TEST_F(Http1Test, ABodyOfTheLargestSizePasses) {
  RawPeer peer = Peer();
  peer.Send("POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: " +
            std::to_string(limits::kRequestBodyBytes) + "\r\n\r\n");
  const Bytes piece(64 * limits::kKiB, 'b');
  for (size_t sent = 0; sent < limits::kRequestBodyBytes; sent += piece.size()) {
    peer.Send(piece);
    loop.RunFor(Millis(0));
  }
  EXPECT_TRUE(peer.ReadUntil("\r\n\r\n" + std::to_string(limits::kRequestBodyBytes)))
      << peer.received();
}

// What an unauthenticated peer can make the hub hold.
TEST_F(Http1Test, AServersOwnBodyLimitHoldsWithAndWithoutAnAnnouncedLength) {
  ServerConfig config = UnixServer();
  config.http1 = true;
  config.body_limit = 100;
  server.reset();
  Listen(std::move(config));
  const auto announced = [](size_t bytes) {
    return "POST /length HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " +
           std::to_string(bytes) + "\r\n\r\n" + std::string(bytes, 'b');
  };
  const auto chunked = [](size_t bytes) {
    return "POST /length HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: "
           "chunked\r\n\r\n32\r\n" +
           std::string(50, 'b') + "\r\n" + (bytes == 100 ? "32" : "33") + "\r\n" +
           std::string(bytes - 50, 'b') + "\r\n0\r\n\r\n";
  };
  EXPECT_NE(Ask(announced(100)).find("\r\n\r\n100"), Bytes::npos);
  EXPECT_NE(Ask(chunked(100)).find("\r\n\r\n100"), Bytes::npos);
  EXPECT_EQ(backend.started, 2);
  EXPECT_EQ(Ask(announced(101)).rfind("HTTP/1.1 413", 0), 0u);
  EXPECT_EQ(Ask(chunked(101)).rfind("HTTP/1.1 413", 0), 0u);
  EXPECT_EQ(backend.started, 2);
}

TEST_F(Http1Test, AHeldRequestIsCancelledWhenThePeerCloses) {
  {
    RawPeer peer = Peer();
    peer.Send("GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(loop.RunUntil([this] { return backend.started == 1; }));
  }
  EXPECT_TRUE(loop.RunUntil([this] { return backend.cancelled == 1; }));
  EXPECT_TRUE(loop.RunUntil([this] { return server->connections() == 0; }));
}

TEST_F(Http1Test, PipelinedRequestsOfAPeerThatHasGoneAreNotStarted) {
  {
    RawPeer peer = Peer();
    peer.Send(
        "GET /held HTTP/1.1\r\nHost: x\r\n\r\n"
        "GET /never HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  EXPECT_TRUE(loop.RunUntil([this] { return backend.started == 1; }));
  EXPECT_TRUE(loop.RunUntil([this] { return server->connections() == 0; }));
  EXPECT_EQ(backend.started, 1);
}

TEST_F(Http1Test, StopClosesIdleConnectionsAtOnce) {
  RawPeer peer = Peer();
  peer.Send("GET /big?1 HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(peer.ReadUntil("\r\n\r\nx"));
  EXPECT_TRUE(loop.Run<void>(server->Stop(kPlenty)));
  peer.ReadToEnd();
  EXPECT_TRUE(peer.ended());
}

TEST_F(Http1Test, AnIdleConnectionIsClosedInTheEnd) {
  ASSERT_TRUE(loop.Run<void>(server->Stop(Millis(0))));
  ServerConfig config = UnixServer();
  config.stalled_write_limit = kSoon;
  Listen(std::move(config));
  const Bytes answer = Ask("GET /big?1 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(Count(answer, "200 OK"), 1);
}

TEST_F(Http1Test, SlowHeadersAreCut) {
  ASSERT_TRUE(loop.Run<void>(server->Stop(Millis(0))));
  ServerConfig config = UnixServer();
  config.header_limit = kSoon;
  Listen(std::move(config));
  RawPeer peer = Peer();
  peer.Send("GET / HTTP/1.1\r\nX: ");
  for (int i = 0; i < 500 && !peer.ended(); ++i) {
    loop.RunFor(Millis(2));
    peer.Send("y");
  }
  EXPECT_TRUE(peer.ended());
  EXPECT_EQ(peer.received(), "");
}

TEST_F(Http1Test, ClearHttp2AndHttp11ShareTheSocket) {
  Connect(UnixOrigin());
  EXPECT_TRUE(Post("/echo", "by HTTP/2"));
  const Bytes answer = Ask("GET /big?3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(Count(answer, "200 OK"), 1);
}

// The public port: TLS with a server certificate only; ALPN decides.
Task<Bytes> AskByTls(const NetTest* test, std::shared_ptr<const tls::Config> config,
                     Bytes request) {
  CO_TRY(auto socket, co_await internal::ConnectTcp("127.0.0.1", test->server->port(), kPlenty));
  auto engine = std::make_unique<tls::Engine>(std::move(config), tls::kHubName);
  internal::Transport transport(std::move(socket), std::move(engine));
  CO_TRY_VOID(co_await transport.Handshake());
  CO_TRY_VOID(co_await transport.Write(std::move(request)));
  Bytes answer;
  while (true) {
    CO_TRY(const Bytes piece, co_await transport.Read());
    if (piece.empty()) co_return answer;
    answer += piece;
  }
}

TEST_F(Http1Test, ThePublicPortSpeaksBothByAlpn) {
  ASSERT_TRUE(loop.Run<void>(server->Stop(Millis(0))));
  auto options = tls::ServerOptions(ca, server_leaf);
  options.alpn = {"h2", "http/1.1"};
  options.verify_peer = false;
  ServerConfig config;
  config.tls = tls::MustMake(std::move(options));
  config.http1 = true;
  Listen(std::move(config));

  auto browser = tls::ClientOptions(ca, agent_leaf);
  browser.certificate_pem.clear();
  browser.private_key_pem.clear();
  Origin origin = TlsOrigin();
  origin.tls = tls::MustMake(browser);
  Connect(std::move(origin));
  auto by_h2 = Post("/echo", "h2");
  ASSERT_TRUE(by_h2) << by_h2.error().message;
  EXPECT_FALSE(backend.last_peer.certificate);

  browser.alpn = {"http/1.1"};
  Bytes request =
      "POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 300000\r\n\r\n" +
      Bytes(300000, 'z');
  auto answer = loop.Run<Bytes>(AskByTls(this, tls::MustMake(browser), std::move(request)));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->rfind("HTTP/1.1 200 OK\r\n", 0), 0u);
  EXPECT_EQ(Count(*answer, "z"), 300000);
}

}  // namespace
}  // namespace dunlin::net
