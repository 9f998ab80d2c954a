// A client and a server over real sockets: what arrives, on one connection.
#include <set>

#include "protocol/base/limits.h"
#include "tests/protocol/net/harness.h"

namespace dunlin::net {
namespace {

constexpr Millis kLarge{30000};  // tens of MiB under a sanitizer on a busy machine

Bytes Pattern(size_t size) {
  Bytes bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 2654435761u >> 13);
  return bytes;
}

struct RoundTripTest : NetTest {
  // Both directions whole, whatever the transport.
  void ExpectLargeBodies() {
    const Bytes large = Pattern(8 * limits::kMiB + 17);
    auto answer = Post("/echo", large);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_TRUE(answer->body == large);
  }
  // Sends `count` requests at once and collects their answers.
  std::vector<Result<HttpResponse>> SendMany(int count) {
    std::vector<Result<HttpResponse>> answers;
    for (int i = 0; i < count; ++i) {
      HttpRequest request;
      request.target = "/echo";
      request.body = std::to_string(i);
      Spawn(loop.executor(), Collect(*client, std::move(request), answers), [](Status) {});
    }
    const size_t all = static_cast<size_t>(count);
    EXPECT_TRUE(loop.RunUntil([&answers, all] { return answers.size() == all; }));
    return answers;
  }
  static TaskVoid Collect(HttpClient& client, HttpRequest request,
                          std::vector<Result<HttpResponse>>& answers) {
    auto answer = co_await client.Send(std::move(request), kPlenty);
    answers.push_back(std::move(answer));
    co_return Status();
  }
};

TEST_F(RoundTripTest, RequestAndAnswerOverMutualTls13) {
  StartTls();
  auto answer = Post("/echo", "question");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "question");
  EXPECT_EQ(FindHeader(answer->headers, "content-type"), "a/b");
  EXPECT_EQ(backend.last_request.method, "POST");
  EXPECT_EQ(backend.last_peer.address, "127.0.0.1");
  EXPECT_NE(backend.last_peer.port, 0);
  ASSERT_TRUE(backend.last_peer.certificate);
  EXPECT_EQ(backend.last_peer.certificate->uri_sans,
            std::vector<std::string>{"dunlin://h/cluster/c/agent/a"});
}

TEST_F(RoundTripTest, RequestAndAnswerOverAUnixSocket) {
  StartUnix();
  auto answer = Post("/echo", "question");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "question");
  EXPECT_EQ(backend.last_peer.address, "");
  EXPECT_FALSE(backend.last_peer.certificate);
}

TEST_F(RoundTripTest, TheOriginsHeadersGoWithEveryRequest) {
  Listen(UnixServer());
  Origin origin = UnixOrigin();
  origin.headers = {{"user-agent", "dunlin-test"}};
  Connect(std::move(origin));
  ASSERT_TRUE(Post("/echo", ""));
  EXPECT_EQ(FindHeader(backend.last_request.headers, "user-agent"), "dunlin-test");
  EXPECT_EQ(FindHeader(backend.last_request.headers, "content-type"), "a/b");
  EXPECT_EQ(FindHeader(backend.last_request.headers, "host"), "");
}

TEST_F(RoundTripTest, AHundredRequestsAtOnceShareOneConnection) {
  StartTls();
  std::set<std::string> bodies;
  for (const auto& answer : SendMany(100)) {
    ASSERT_TRUE(answer) << answer.error().message;
    bodies.insert(answer->body);
  }
  EXPECT_EQ(bodies.size(), 100u);
  EXPECT_EQ(server->connections(), 1u);
  EXPECT_EQ(backend.started, 100) << "no request is repeated";
}

TEST_F(RoundTripTest, LargeBodiesBothWaysOverTls) {
  StartTls();
  ExpectLargeBodies();
}

TEST_F(RoundTripTest, LargeBodiesBothWaysOverAUnixSocket) {
  StartUnix();
  ExpectLargeBodies();
}

TEST_F(RoundTripTest, HeadHasTheLengthAndNoBody) {
  StartUnix();
  HttpRequest request;
  request.method = "HEAD";
  request.target = "/big?1000";
  auto answer = loop.Run<HttpResponse>(client->Send(std::move(request), kPlenty));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "");
  EXPECT_EQ(FindHeader(answer->headers, "content-length"), "1000");
}

TEST_F(RoundTripTest, AStreamedAnswerArrivesPieceByPiece) {
  StartTls();
  HttpRequest request;
  request.target = "/stream";
  auto stream = loop.Run<std::unique_ptr<ResponseStream>>(client->Open(request, kPlenty));
  ASSERT_TRUE(stream) << stream.error().message;
  EXPECT_EQ((*stream)->status(), 200);
  EXPECT_EQ(FindHeader((*stream)->headers(), "x-kind"), "stream");
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(*loop.Run<Bytes>((*stream)->Read(kPlenty)), "piece " + std::to_string(i) + "\n");
    if (i == 3) break;
    EXPECT_EQ(loop.Run<Bytes>((*stream)->Read(kSoon)).error().code, Errc::kTimeout);
    backend.Release();
  }
  EXPECT_EQ(*loop.Run<Bytes>((*stream)->Read(kPlenty)), "");
  EXPECT_EQ(*loop.Run<Bytes>((*stream)->Read(kPlenty)), "") << "the end stays the end";
}

TEST_F(RoundTripTest, AStreamedBodyMayBeLargerThanEveryWindow) {
  StartTls();
  HttpRequest request;
  request.target = "/big?20000000";
  auto stream = loop.Run<std::unique_ptr<ResponseStream>>(client->Open(request, kPlenty));
  ASSERT_TRUE(stream) << stream.error().message;
  size_t total = 0;
  while (true) {
    auto piece = loop.Run<Bytes>((*stream)->Read(kPlenty));
    ASSERT_TRUE(piece) << piece.error().message;
    if (piece->empty()) break;
    total += piece->size();
  }
  EXPECT_EQ(total, 20000000u);
}

TEST_F(RoundTripTest, ASlowReaderHoldsTheHandlerBackAndNobodyElse) {
  StartTls();
  HttpRequest request;
  request.target = "/endless";
  auto stream = loop.Run<std::unique_ptr<ResponseStream>>(client->Open(request, kPlenty));
  ASSERT_TRUE(stream);
  loop.RunFor(kSoon);
  // The stream's window (1 MiB) and what may wait (256 KiB) are full, plus one piece.
  EXPECT_LE(backend.pieces, (1024 + 256) / 64 + 1);
  ASSERT_TRUE(Post("/echo", "meanwhile"));
  const int before = backend.pieces;
  for (size_t read = 0; read < 2 * limits::kMiB;) {
    auto piece = loop.Run<Bytes>((*stream)->Read(kPlenty));
    ASSERT_TRUE(piece) << piece.error().message;
    read += piece->size();
  }
  loop.RunFor(kSoon);
  EXPECT_GT(backend.pieces, before);
}

TEST_F(RoundTripTest, BodiesAtTheLimitPassAndAboveAreRefused) {
  StartUnix();
  auto at = Post("/length", Bytes(limits::kRequestBodyBytes, 'r'), kLarge);
  ASSERT_TRUE(at) << at.error().message;
  EXPECT_EQ(at->status, 200);
  EXPECT_EQ(at->body, std::to_string(limits::kRequestBodyBytes));
  auto above = Post("/length", Bytes(limits::kRequestBodyBytes + 1, 'r'), kLarge);
  ASSERT_TRUE(above) << above.error().message;
  EXPECT_EQ(above->status, 413);

  auto answer = Get("/big?" + std::to_string(limits::kResponseBodyBytes), kLarge);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body.size(), limits::kResponseBodyBytes);
  auto larger = Get("/big?" + std::to_string(limits::kResponseBodyBytes + 1), kLarge);
  EXPECT_EQ(larger.error().code, Errc::kLimit) << larger.error().message;
  EXPECT_TRUE(Post("/echo", "the connection still works"));
}

TEST_F(RoundTripTest, AServersOwnBodyLimitHolds) {
  ServerConfig config = TlsServer();
  config.body_limit = 100;
  Listen(std::move(config));
  Connect(TlsOrigin());
  EXPECT_EQ(Post("/length", Bytes(100, 'r'))->body, "100");
  EXPECT_EQ(Post("/length", Bytes(101, 'r'))->status, 413);
  EXPECT_EQ(backend.started, 1);
}

}  // namespace
}  // namespace dunlin::net
