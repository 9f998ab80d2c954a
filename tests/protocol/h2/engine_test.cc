#include "protocol/h2/engine.h"

#include <gtest/gtest.h>

#include "tests/protocol/h2/engine_pair.h"

namespace dunlin::h2 {
namespace {

TEST(H2Engine, RequestAndResponseArriveWithHeadersBodyAndEnd) {
  EnginePair pair;
  RequestHead head{"POST", "https", "hub.example", "/v1/poll?x=1", {{"content-type", "a/b"}}};
  auto stream = pair.client.Request(head, "question", false);
  ASSERT_TRUE(stream.has_value());
  ASSERT_TRUE(pair.Pump());
  auto requests = Only<RequestReceived>(pair.server_events);
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].head.method, "POST");
  EXPECT_EQ(requests[0].head.authority, "hub.example");
  EXPECT_EQ(requests[0].head.target, "/v1/poll?x=1");
  EXPECT_EQ(requests[0].head.headers, head.headers);
  EXPECT_EQ(Body(pair.server_events, *stream), "question");
  EXPECT_EQ(Only<EndReceived>(pair.server_events).size(), 1u);

  ResponseHead answer{200, {{"x-a", "b"}}};
  ASSERT_TRUE(pair.server.Respond(*stream, answer, "answer", false).has_value());
  ASSERT_TRUE(pair.Pump());
  auto responses = Only<ResponseReceived>(pair.client_events);
  ASSERT_EQ(responses.size(), 1u);
  EXPECT_EQ(responses[0].head.status, 200);
  EXPECT_EQ(responses[0].head.headers, answer.headers);
  EXPECT_EQ(Body(pair.client_events, *stream), "answer");
  auto closed = Only<StreamClosed>(pair.client_events);
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_EQ(closed[0].code, 0u);
  EXPECT_EQ(pair.client.OpenStreams(), 0u);
  EXPECT_EQ(pair.server.OpenStreams(), 0u);
}

TEST(H2Engine, EmptyBodiesEndWithTheHeaders) {
  EnginePair pair;
  auto stream = pair.client.Request(Get("/"), "", false);
  ASSERT_TRUE(pair.Pump());
  EXPECT_EQ(Only<EndReceived>(pair.server_events).size(), 1u);
  ASSERT_TRUE(pair.server.Respond(*stream, {204, {}}, "", false).has_value());
  ASSERT_TRUE(pair.Pump());
  EXPECT_EQ(Only<EndReceived>(pair.client_events).size(), 1u);
  EXPECT_TRUE(Only<DataReceived>(pair.client_events).empty());
}

TEST(H2Engine, AStreamedBodyGoesOnByPieces) {
  EnginePair pair;
  auto stream = pair.client.Request(Get("/watch"), "", false);
  ASSERT_TRUE(pair.Pump());
  ASSERT_TRUE(pair.server.Respond(*stream, {200, {}}, "", true).has_value());
  ASSERT_TRUE(pair.Pump());
  for (const char* piece : {"one", "two", "three"}) {
    ASSERT_TRUE(pair.server.Send(*stream, piece).has_value());
    ASSERT_TRUE(pair.Pump());
    EXPECT_EQ(pair.server.Queued(*stream), 0u);
  }
  EXPECT_EQ(Body(pair.client_events, *stream), "onetwothree");
  EXPECT_TRUE(Only<EndReceived>(pair.client_events).empty());
  ASSERT_TRUE(pair.server.Finish(*stream).has_value());
  ASSERT_TRUE(pair.Pump());
  EXPECT_EQ(Only<EndReceived>(pair.client_events).size(), 1u);
}

TEST(H2Engine, ManyStreamsInterleave) {
  EnginePair pair;
  std::vector<StreamId> streams;
  for (int i = 0; i < 10; ++i) {
    streams.push_back(*pair.client.Request(Get("/" + std::to_string(i)), "", false));
  }
  ASSERT_TRUE(pair.Pump());
  ASSERT_EQ(Only<RequestReceived>(pair.server_events).size(), 10u);
  for (auto it = streams.rbegin(); it != streams.rend(); ++it) {
    ASSERT_TRUE(pair.server.Respond(*it, {200, {}}, std::to_string(*it), false).has_value());
  }
  ASSERT_TRUE(pair.Pump());
  for (StreamId id : streams) EXPECT_EQ(Body(pair.client_events, id), std::to_string(id));
}

TEST(H2Engine, RequestsBeyondThePeersStreamLimitWaitInside) {
  Settings server = ServerSettings();
  server.max_streams = 2;
  EnginePair pair({}, server);
  ASSERT_TRUE(pair.Pump());  // settings are known from here on
  std::vector<StreamId> streams;
  for (int i = 0; i < 3; ++i) streams.push_back(*pair.client.Request(Get("/"), "", false));
  ASSERT_TRUE(pair.Pump());
  EXPECT_EQ(Only<RequestReceived>(pair.server_events).size(), 2u);
  ASSERT_TRUE(pair.server.Respond(streams[0], {200, {}}, "", false).has_value());
  ASSERT_TRUE(pair.Pump());
  EXPECT_EQ(Only<RequestReceived>(pair.server_events).size(), 3u);
}

TEST(H2Engine, AWaitingRequestCanBeReset) {
  Settings server = ServerSettings();
  server.max_streams = 1;
  EnginePair pair({}, server);
  ASSERT_TRUE(pair.Pump());
  auto first = pair.client.Request(Get("/1"), "", false);
  auto second = pair.client.Request(Get("/2"), "", false);
  auto third = pair.client.Request(Get("/3"), "", false);
  ASSERT_TRUE(pair.Pump());
  pair.client.Reset(*second, ResetCode::kCancel);
  ASSERT_TRUE(pair.server.Respond(*first, {200, {}}, "", false).has_value());
  ASSERT_TRUE(pair.Pump());
  auto requests = Only<RequestReceived>(pair.server_events);
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[1].head.target, "/3");
  EXPECT_EQ(requests[1].stream, *third);
}

TEST(H2Engine, ResetReachesThePeerAndIsNotReportedToUs) {
  EnginePair pair;
  auto stream = pair.client.Request(Get("/held"), "", false);
  ASSERT_TRUE(pair.Pump());
  pair.client.Reset(*stream, ResetCode::kCancel);
  ASSERT_TRUE(pair.Pump());
  auto closed = Only<StreamClosed>(pair.server_events);
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_EQ(closed[0].code, static_cast<uint32_t>(ResetCode::kCancel));
  EXPECT_FALSE(closed[0].unprocessed);
  EXPECT_TRUE(Only<StreamClosed>(pair.client_events).empty());
  auto late = pair.server.Respond(*stream, {200, {}}, "", false);
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().code, Errc::kUnavailable);
}

TEST(H2Engine, ARefusedStreamIsReportedAsUnprocessed) {
  EnginePair pair;
  auto stream = pair.client.Request(Get("/"), "", false);
  ASSERT_TRUE(pair.Pump());
  pair.server.Reset(*stream, ResetCode::kRefused);
  ASSERT_TRUE(pair.Pump());
  auto closed = Only<StreamClosed>(pair.client_events);
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_TRUE(closed[0].unprocessed);
}

TEST(H2Engine, GoawayFinishesOpenStreamsAndGivesBackTheOthers) {
  EnginePair pair;
  ASSERT_TRUE(pair.Pump());
  auto processed = pair.client.Request(Get("/1"), "", false);
  ASSERT_TRUE(pair.Pump());
  pair.server.Goaway();
  Bytes goaway = pair.server.Drain(1 << 16, pair.now);
  auto crossing = pair.client.Request(Get("/2"), "", false);  // sent before GOAWAY arrives
  Bytes sent = pair.client.Drain(1 << 16, pair.now);
  ASSERT_TRUE(pair.client.Feed(goaway, pair.now).has_value());
  ASSERT_TRUE(pair.server.Feed(sent, pair.now).has_value());
  pair.Collect();
  auto closed = Only<StreamClosed>(pair.client_events);
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_EQ(closed[0].stream, *crossing);
  EXPECT_TRUE(closed[0].unprocessed);
  EXPECT_EQ(Only<RequestReceived>(pair.server_events).size(), 1u);

  EXPECT_FALSE(pair.client.AcceptsRequests());
  auto refused = pair.client.Request(Get("/3"), "", false);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::kUnavailable);
  ASSERT_TRUE(pair.server.Respond(*processed, {200, {}}, "done", false).has_value());
  ASSERT_TRUE(pair.Pump());
  EXPECT_EQ(Body(pair.client_events, *processed), "done");
  EXPECT_TRUE(pair.client.Finished());
  EXPECT_TRUE(pair.server.Finished());
}

TEST(H2Engine, AWaitingRequestIsGivenBackByGoaway) {
  Settings server = ServerSettings();
  server.max_streams = 1;
  EnginePair pair({}, server);
  ASSERT_TRUE(pair.Pump());
  auto first = pair.client.Request(Get("/1"), "", false);
  auto waiting = pair.client.Request(Get("/2"), "", false);
  ASSERT_TRUE(pair.Pump());
  pair.server.Goaway();
  ASSERT_TRUE(pair.Pump());
  ASSERT_TRUE(pair.server.Respond(*first, {200, {}}, "", false).has_value());
  ASSERT_TRUE(pair.Pump());
  bool given_back = false;
  for (const StreamClosed& closed : Only<StreamClosed>(pair.client_events)) {
    if (closed.stream == *waiting) given_back = closed.unprocessed;
  }
  EXPECT_TRUE(given_back);
}

TEST(H2Engine, PingIsAnswered) {
  EnginePair pair;
  pair.client.Ping();
  ASSERT_TRUE(pair.Pump());
  EXPECT_EQ(Only<PingAcked>(pair.client_events).size(), 1u);
}

TEST(H2Engine, HeadersThatHttp2CannotCarryAreRefusedBeforeTheyLeave) {
  EnginePair pair;
  for (const auto& field :
       Headers{{"Upper", "x"}, {"", "x"}, {"a", "line\nbreak"}, {":path", "/"}}) {
    RequestHead head = Get("/");
    head.headers = {field};
    auto result = pair.client.Request(head, "", false);
    ASSERT_FALSE(result.has_value()) << field.first;
    EXPECT_EQ(result.error().code, Errc::kInvalidArgument);
  }
}

TEST(H2Engine, TheSameEventsWhateverTheCutOfTheBytes) {
  EnginePair recorded;
  ASSERT_TRUE(recorded.client.Request(Get("/a"), "body of a", false).has_value());
  ASSERT_TRUE(recorded.client.Request(Get("/b"), "", false).has_value());
  Bytes wire = recorded.client.Drain(1 << 20, Millis(0));
  for (size_t cut = 0; cut <= wire.size(); ++cut) {
    Engine server(ServerSettings());
    ASSERT_TRUE(server.Feed(BytesView(wire).substr(0, cut), Millis(0)).has_value()) << cut;
    ASSERT_TRUE(server.Feed(BytesView(wire).substr(cut), Millis(0)).has_value()) << cut;
    auto events = server.TakeEvents();
    auto requests = Only<RequestReceived>(events);
    ASSERT_EQ(requests.size(), 2u) << cut;
    EXPECT_EQ(requests[1].head.target, "/b");
    EXPECT_EQ(Body(events, requests[0].stream), "body of a");
    EXPECT_EQ(Only<EndReceived>(events).size(), 2u);
  }
}

}  // namespace
}  // namespace dunlin::h2
