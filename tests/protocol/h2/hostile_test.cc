// Peers that break the rules on purpose (security design 4.6, H1 to H4).
#include <gtest/gtest.h>

#include <chrono>

#include "tests/protocol/h2/engine_pair.h"

namespace dunlin::h2 {
namespace {

constexpr Millis kNow{5000};

Bytes Frame(uint8_t type, uint8_t flags, uint32_t stream, BytesView payload) {
  Bytes frame;
  for (int shift : {16, 8, 0}) frame.push_back(static_cast<char>(payload.size() >> shift));
  frame.push_back(static_cast<char>(type));
  frame.push_back(static_cast<char>(flags));
  for (int shift : {24, 16, 8, 0}) frame.push_back(static_cast<char>(stream >> shift));
  return frame.append(payload);
}

Bytes Opening() { return Bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + Frame(4, 0, 0, ""); }

// HPACK without the dynamic table: GET / of "a", with one literal header of the given size.
Bytes HeaderBlock(size_t value_size) {
  Bytes block("\x82\x87\x84\x41\x01\x61", 6);
  block += Bytes("\x00\x01\x62\x7f", 4);
  for (size_t rest = value_size - 127;; rest >>= 7) {
    bool more = rest >= 128;
    block.push_back(static_cast<char>((rest & 127) | (more ? 128 : 0)));
    if (!more) break;
  }
  return block + Bytes(value_size, 'v');
}

// The block as HEADERS + CONTINUATION frames.
Bytes HeaderFrames(uint32_t stream, BytesView block) {
  constexpr size_t kFrame = 16384;
  Bytes frames;
  for (size_t at = 0; at < block.size(); at += kFrame) {
    bool last = at + kFrame >= block.size();
    uint8_t flags = last ? 0x4 : 0;
    if (at == 0) flags |= 0x1;
    frames += Frame(at == 0 ? 1 : 9, flags, stream, block.substr(at, kFrame));
  }
  return frames;
}

// (name + value + 32) of the fields in HeaderBlock besides the big value.
constexpr size_t kOtherFields =
    (7 + 3 + 32) + (7 + 5 + 32) + (5 + 1 + 32) + (10 + 1 + 32) + (1 + 32);

TEST(H2Hostile, GarbageInsteadOfThePrefaceIsCorrupt) {
  Engine server(ServerSettings());
  auto status = server.Feed("GET / HTTP/1.1\r\nhost: a\r\n\r\n", kNow);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, Errc::kCorrupt);
}

TEST(H2Hostile, HeaderListAtTheLimitPassesAndOneAboveIsReset) {
  for (size_t above : {0, 1}) {
    Engine server(ServerSettings());
    Bytes block = HeaderBlock(limits::kHeaderListBytes - kOtherFields + above);
    ASSERT_TRUE(server.Feed(Opening() + HeaderFrames(1, block), kNow).has_value());
    server.Drain(1 << 16, kNow);
    auto events = server.TakeEvents();
    EXPECT_EQ(Only<RequestReceived>(events).size(), above == 0 ? 1u : 0u);
    EXPECT_EQ(Only<StreamClosed>(events).size(), above == 0 ? 0u : 1u);
    EXPECT_FALSE(server.Failure().has_value());
  }
}

TEST(H2Hostile, AHeaderBombEndsTheConnection) {
  Engine server(ServerSettings());
  Bytes block = HeaderBlock(5 * limits::kHeaderListBytes);
  auto status = server.Feed(Opening() + HeaderFrames(1, block), kNow);
  Bytes last = server.Drain(1 << 16, kNow);
  EXPECT_FALSE(last.empty());
  ASSERT_TRUE(server.Failure().has_value());
  EXPECT_TRUE(Only<RequestReceived>(server.TakeEvents()).empty());
}

TEST(H2Hostile, ContinuationsAtTheLimitPassAndOneAboveEndsTheConnection) {
  const Bytes open = Opening() + Frame(1, 0x1, 1, BytesView("\x82\x87\x84", 3));
  for (const size_t above : {0, 1}) {
    Engine server(ServerSettings());
    Bytes bytes = open;
    for (size_t i = 1; i < limits::kH2Continuations + above; ++i) bytes += Frame(9, 0, 1, "");
    bytes += Frame(9, 0x4, 1, BytesView("\x41\x01\x61", 3));
    EXPECT_EQ(server.Feed(bytes, kNow).has_value(), above == 0);
    EXPECT_EQ(Only<RequestReceived>(server.TakeEvents()).size(), 1 - above);
  }
}

TEST(H2Hostile, SettingsAtTheLimitPassAndOneEntryAboveEndsTheConnection) {
  for (const size_t above : {0, 1}) {
    Engine server(ServerSettings());
    Bytes entries;
    for (size_t i = 0; i < limits::kH2SettingsEntries + above; ++i) {
      entries += BytesView("\x00\x03\x00\x00\x00\x64", 6);
    }
    const bool fed = server.Feed(Opening() + Frame(4, 0, 0, entries), kNow).has_value();
    server.Drain(1 << 16, kNow);
    EXPECT_EQ(fed && !server.Failure() && !server.Finished(), above == 0);
  }
}

// Feeds `frame` again and again; the number of frames until the connection is refused, or `most`.
int FramesUntilRefused(BytesView before, BytesView frame, int most) {
  Engine server(ServerSettings());
  if (!server.Feed(Opening() + Bytes(before), kNow)) return 0;
  for (int i = 1; i <= most; ++i) {
    bool fed = server.Feed(frame, kNow).has_value();
    server.Drain(1 << 20, kNow);
    if (!fed || server.Failure()) return i;
  }
  return most;
}

TEST(H2Hostile, ControlFrameFloodsEndTheConnection) {
  constexpr int kMost = 20000;
  Bytes post = Frame(1, 0x4, 1, BytesView("\x83\x87\x84\x41\x01\x61", 6));
  struct Case {
    const char* name;
    Bytes before;
    Bytes frame;
  };
  const Case cases[] = {
      {"PING", "", Frame(6, 0, 0, "12345678")},
      {"SETTINGS", "", Frame(4, 0, 0, "")},
      {"PRIORITY", "", Frame(2, 0, 5, BytesView("\0\0\0\0\1", 5))},
      {"WINDOW_UPDATE", "", Frame(8, 0, 0, BytesView("\0\0\0\1", 4))},
      {"empty DATA", post, Frame(0, 0, 1, "")},
  };
  for (const Case& c : cases) {
    int frames = FramesUntilRefused(c.before, c.frame, kMost);
    EXPECT_EQ(frames, limits::kH2ControlFrames) << c.name << ": the opening's SETTINGS count, too";
  }
}

TEST(H2Hostile, PingsThatAreNeverReadAreAFlood) {
  Engine server(ServerSettings());
  ASSERT_TRUE(server.Feed(Opening(), kNow).has_value());  // its SETTINGS are the first that waits
  for (size_t i = 1; i < limits::kH2OutboundAcks; ++i) {
    ASSERT_TRUE(server.Feed(Frame(6, 0, 0, "12345678"), kNow).has_value()) << i;
  }
  const Status status = server.Feed(Frame(6, 0, 0, "12345678"), kNow);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, Errc::kLimit);
}

// nghttp2 refills the burst by its own clock, in whole seconds.
TEST(H2Hostile, RapidResetEndsTheConnectionAboveTheBurst) {
  Engine server(ServerSettings());
  ASSERT_TRUE(server.Feed(Opening(), kNow).has_value());
  const auto start = std::chrono::steady_clock::now();
  uint64_t resets = 0;
  for (bool ended = false; !ended && resets < 5000; ++resets) {
    const auto id = static_cast<uint32_t>(2 * resets + 1);
    Bytes frames = Frame(1, 0x5, id, BytesView("\x82\x87\x84\x41\x01\x61", 6)) +
                   Frame(3, 0, id, BytesView("\0\0\0\x8", 4));
    bool fed = server.Feed(frames, kNow).has_value();
    server.Drain(1 << 20, kNow);
    ended = !fed || server.Failure().has_value() || server.Finished();
  }
  const auto passed = std::chrono::steady_clock::now() - start;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(passed).count();
  EXPECT_GE(resets, limits::kH2ResetBurst + 1);
  EXPECT_LE(resets, limits::kH2ResetBurst + 1 +
                        static_cast<uint64_t>(seconds) * limits::kH2ResetsPerSecond);
}

// MadeYouReset: each request is followed by a frame that forces us to reset it.
struct Provoker {
  Provoker() { EXPECT_TRUE(server.Feed(Opening(), kNow).has_value()); }
  // One request that the server must reset, because its window overflows; false when the connection
  // has ended.
  bool Provoke(Millis now) {
    const uint32_t id = next;
    next += 2;
    Bytes frames = Frame(1, 0x5, id, BytesView("\x82\x87\x84\x41\x01\x61", 6)) +
                   Frame(8, 0, id, BytesView("\x7f\xff\xff\xff", 4));
    const bool fed = server.Feed(frames, now).has_value();
    server.Drain(1 << 20, now);
    return fed && !server.Failure();
  }
  Engine server{ServerSettings()};
  uint32_t next = 1;
};

TEST(H2Hostile, ResetsThatThePeerProvokesEndTheConnectionAboveTheLimit) {
  Provoker peer;
  for (int i = 0; i < limits::kH2SentResets; ++i) ASSERT_TRUE(peer.Provoke(kNow)) << i;
  EXPECT_FALSE(peer.Provoke(kNow));
}

// A window begins with the first reset after the one before has ended.
TEST(H2Hostile, TheFloodWindowForgets) {
  constexpr Millis kFirst = 2 * limits::kH2FloodWindow;
  for (const int early : {0, 1}) {
    Provoker peer;
    for (int i = 0; i < limits::kH2SentResets; ++i) ASSERT_TRUE(peer.Provoke(kFirst)) << i;
    EXPECT_EQ(peer.Provoke(kFirst + limits::kH2FloodWindow - Millis(early)), early == 0);
  }
}

TEST(H2Hostile, StreamsAboveTheLimitAreRefused) {
  Engine server(ServerSettings());
  ASSERT_TRUE(server.Feed(Opening(), kNow).has_value());
  server.Drain(1 << 16, kNow);
  ASSERT_TRUE(server.Feed(Frame(4, 1, 0, ""), kNow).has_value());  // our settings acknowledged
  for (uint32_t i = 0; i <= limits::kH2StreamsPerConnection; ++i) {
    Bytes request = Frame(1, 0x5, 2 * i + 1, BytesView("\x82\x87\x84\x41\x01\x61", 6));
    ASSERT_TRUE(server.Feed(request, kNow).has_value());
  }
  EXPECT_EQ(Only<RequestReceived>(server.TakeEvents()).size(), limits::kH2StreamsPerConnection);
}

}  // namespace
}  // namespace dunlin::h2
