// A client and a server over real sockets: what arrives, on one connection.
#include "tests/protocol/net/harness.h"

namespace dunlin::net {
namespace {

TEST_F(NetTest, RequestAndAnswerOverMutualTls13) {
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

TEST_F(NetTest, RequestAndAnswerOverAUnixSocket) {
  StartUnix();
  auto answer = Post("/echo", "question");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "question");
  EXPECT_EQ(backend.last_peer.address, "");
  EXPECT_FALSE(backend.last_peer.certificate);
}

}  // namespace
}  // namespace dunlin::net
