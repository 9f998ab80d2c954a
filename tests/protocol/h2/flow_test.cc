// Flow control: a slow reader bounds memory on both sides and never blocks another stream.
#include <gtest/gtest.h>

#include "tests/protocol/h2/engine_pair.h"

namespace dunlin::h2 {
namespace {

StreamId OpenAndAnswer(EnginePair& pair, Bytes body) {
  auto stream = pair.client.Request(Get("/big"), "", false);
  EXPECT_TRUE(pair.Pump());
  EXPECT_TRUE(pair.server.Respond(*stream, {200, {}}, std::move(body), false).has_value());
  EXPECT_TRUE(pair.Pump());
  return *stream;
}

TEST(H2Flow, ThePeerStopsAtTheStreamWindowUntilBytesAreConsumed) {
  Settings client;
  client.stream_window = 100000;
  EnginePair pair(client);
  ASSERT_TRUE(pair.Pump());
  StreamId stream = OpenAndAnswer(pair, Bytes(250000, 'x'));
  EXPECT_EQ(Body(pair.client_events, stream).size(), 100000u);
  EXPECT_EQ(pair.server.Queued(stream), 150000u);
  pair.client.Consumed(stream, 100000);
  ASSERT_TRUE(pair.Pump());
  EXPECT_EQ(Body(pair.client_events, stream).size(), 200000u);
  pair.client.Consumed(stream, 100000);
  ASSERT_TRUE(pair.Pump());
  EXPECT_EQ(Body(pair.client_events, stream).size(), 250000u);
  EXPECT_EQ(Only<EndReceived>(pair.client_events).size(), 1u);
}

TEST(H2Flow, AStalledStreamLeavesTheConnectionToTheOthers) {
  Settings client;
  client.stream_window = 60000;
  client.connection_window = 70000;
  EnginePair pair(client);
  ASSERT_TRUE(pair.Pump());
  StreamId stalled = OpenAndAnswer(pair, Bytes(200000, 'x'));
  EXPECT_EQ(Body(pair.client_events, stalled).size(), 60000u);
  StreamId other = OpenAndAnswer(pair, Bytes(50000, 'y'));
  EXPECT_EQ(Body(pair.client_events, other).size(), 50000u);
}

TEST(H2Flow, AStreamGetsItsWindowAndNotAByteMore) {
  EnginePair pair;
  ASSERT_TRUE(pair.Pump());
  const Bytes body(limits::kH2StreamWindow + 1, 'w');
  const auto stream = pair.client.Request(Get("/"), body, false);
  ASSERT_TRUE(stream && pair.Pump());
  EXPECT_EQ(Body(pair.server_events, *stream).size(), limits::kH2StreamWindow);
  EXPECT_EQ(pair.client.Queued(*stream), 1u);
}

// The connection's window bounds what is on its way, not what waits for a reader.
TEST(H2Flow, AllStreamsTogetherSendTheWindowOfTheConnectionBeforeTheyHearFromUs) {
  Settings server = ServerSettings();
  server.stream_window = 2 * limits::kH2ConnectionWindow;
  EnginePair pair({}, server);
  ASSERT_TRUE(pair.Pump());
  const Bytes half(limits::kH2ConnectionWindow / 2, 'w');
  const auto first = pair.client.Request(Get("/"), half, false);
  const auto second = pair.client.Request(Get("/"), half + "x", false);
  ASSERT_TRUE(first && second);
  const auto waiting = [&] { return pair.client.Queued(*first) + pair.client.Queued(*second); };
  Bytes sent;
  for (Bytes piece; !(piece = pair.client.Drain(limits::kMiB, pair.now)).empty();) sent += piece;
  EXPECT_EQ(waiting(), 1u);
  ASSERT_TRUE(pair.server.Feed(sent, pair.now) && pair.Pump());
  EXPECT_EQ(waiting(), 0u);
}

TEST(H2Flow, BigBodiesPassBothWays) {
  EnginePair pair;
  Bytes body(3 * limits::kMiB + 17, 'q');
  auto stream = pair.client.Request(Get("/"), body, false);
  ASSERT_TRUE(stream.has_value());
  size_t received = 0;
  for (int round = 0; round < 100 && received < body.size(); ++round) {
    ASSERT_TRUE(pair.Pump());
    size_t now = Body(pair.server_events, *stream).size();
    pair.server.Consumed(*stream, now - received);
    received = now;
  }
  EXPECT_EQ(received, body.size());
}

TEST(H2Flow, DrainStopsNearTheAskedSize) {
  EnginePair pair;
  ASSERT_TRUE(pair.Pump());
  auto stream = pair.client.Request(Get("/"), Bytes(500000, 'z'), false);
  ASSERT_TRUE(stream.has_value());
  size_t largest_frame = 16384 + 9;
  EXPECT_LE(pair.client.Drain(1000, pair.now).size(), 1000 + largest_frame);
  EXPECT_TRUE(pair.client.WantsWrite());
}

}  // namespace
}  // namespace dunlin::h2
