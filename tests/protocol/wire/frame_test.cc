#include "protocol/wire/frame.h"

#include <gtest/gtest.h>

#include "protocol/base/limits.h"

namespace dunlin::wire {
namespace {

Digest Filled(unsigned char byte) {
  Digest digest;
  digest.bytes.fill(byte);
  return digest;
}

Bytes Answer(std::initializer_list<Frame> frames) {
  Bytes out;
  for (const Frame& frame : frames) AppendFrame(out, frame.type, frame.payload);
  AppendFrame(out, FrameType::kEnd, {});
  return out;
}

TEST(Frame, LengthIsFourBytesBigEndianAfterTheType) {
  Bytes out;
  AppendFrame(out, FrameType::kHead, Bytes(258, 'x'));
  EXPECT_EQ(HexEncode(out.substr(0, 5)), "0200000102");
}

TEST(Frame, FramesComeBackInOrder) {
  const Frame head{FrameType::kHead, "h"};
  const Frame statement{FrameType::kStatement, ""};
  const auto frames = ParseFrames(Answer({head, statement}));
  ASSERT_TRUE(frames.has_value());
  EXPECT_EQ(*frames, (std::vector<Frame>{head, statement}));
}

TEST(Frame, UnknownTypesAreSkipped) {
  const auto frames =
      ParseFrames(Answer({{static_cast<FrameType>(77), "new"}, {FrameType::kHead, "h"}}));
  ASSERT_TRUE(frames.has_value());
  EXPECT_EQ(frames->size(), 1u);
}

TEST(Frame, AnyCutIsAnError) {
  const Bytes whole = Answer({{FrameType::kHead, "head"}, {FrameType::kStatement, "statement"}});
  for (size_t n = 0; n < whole.size(); ++n) {
    EXPECT_EQ(ParseFrames(BytesView(whole).substr(0, n)).error().code, Errc::kCorrupt) << n;
  }
}

TEST(Frame, BytesAfterTheEndAreAnError) {
  EXPECT_EQ(ParseFrames(Answer({}) + "x").error().code, Errc::kCorrupt);
}

TEST(Frame, LengthAtTheLimitIsReadAndOneAboveIsRefusedBeforeItsPayload) {
  Bytes at;
  AppendFrame(at, FrameType::kBundle, Bytes(limits::kFrameBytes, 'x'));
  AppendFrame(at, FrameType::kEnd, {});
  EXPECT_TRUE(ParseFrames(at).has_value());
  const uint32_t above = limits::kFrameBytes + 1;
  Bytes header{static_cast<char>(FrameType::kBundle)};
  for (int shift = 24; shift >= 0; shift -= 8) header.push_back(static_cast<char>(above >> shift));
  EXPECT_EQ(ParseFrames(header).error().code, Errc::kLimit);
}

TEST(Frame, BundlesTravelWholeOrAsDelta) {
  BundlePayload whole{Filled(1), std::nullopt, 1234567, "blob"};
  BundlePayload delta{Filled(1), Filled(2), 7, ""};
  EXPECT_EQ(ToFrame(whole).type, FrameType::kBundle);
  EXPECT_EQ(ToFrame(delta).type, FrameType::kBundleDelta);
  EXPECT_EQ(*ParseBundleFrame(ToFrame(whole)), whole);
  EXPECT_EQ(*ParseBundleFrame(ToFrame(delta)), delta);
}

TEST(Frame, AStatementTravelsBehindItsSeq) {
  const Frame frame = ToFrame(StatementPayload{0x0102030405060708, "raw"});
  EXPECT_EQ(HexEncode(frame.payload), "0102030405060708" + HexEncode("raw"));
  EXPECT_EQ(*ParseStatement(frame), (StatementPayload{0x0102030405060708, "raw"}));
}

TEST(Frame, AStatementDeltaNamesItsBaseTheSeqAndTheSize) {
  const StatementDelta delta{Filled(1), 0x0102, 0x0304, "blob"};
  const Frame frame = ToFrame(delta);
  EXPECT_EQ(HexEncode(frame.payload),
            Filled(1).Hex() + "0000000000000102" + "0000000000000304" + HexEncode("blob"));
  EXPECT_EQ(*ParseStatementDelta(frame), delta);
}

TEST(Frame, StatementsWithoutBytesOrWithAnImpossibleSeqAreErrors) {
  const auto statement = [](const Bytes& payload) {
    return ParseStatement({FrameType::kStatement, payload}).error().code;
  };
  for (size_t n = 0; n <= 8; ++n) EXPECT_EQ(statement(Bytes(n, '\0')), Errc::kCorrupt) << n;
  EXPECT_EQ(statement(Bytes(8, '\x80') + "raw"), Errc::kCorrupt);
  EXPECT_EQ(ParseStatement({FrameType::kHead, "12345678raw"}).error().code, Errc::kCorrupt);

  const Bytes whole = ToFrame(StatementDelta{Filled(1), 1, 1, ""}).payload;
  ASSERT_TRUE(ParseStatementDelta({FrameType::kStatementDelta, whole}).has_value());
  for (size_t n = 0; n < whole.size(); ++n) {
    EXPECT_EQ(ParseStatementDelta({FrameType::kStatementDelta, whole.substr(0, n)}).error().code,
              Errc::kCorrupt)
        << n;
  }
  for (const StatementDelta& bad :
       {StatementDelta{Filled(1), -1, 1, ""}, StatementDelta{Filled(1), 1, 0, ""}}) {
    EXPECT_EQ(ParseStatementDelta(ToFrame(bad)).error().code, Errc::kCorrupt);
  }
  EXPECT_EQ(ParseStatementDelta({FrameType::kHead, whole}).error().code, Errc::kCorrupt);
}

TEST(Frame, ShortBundleAndDeltaFramesAreErrors) {
  EXPECT_EQ(ParseBundleFrame({FrameType::kBundle, Bytes(39, 'x')}).error().code, Errc::kCorrupt);
  EXPECT_TRUE(ParseBundleFrame({FrameType::kBundle, Bytes(40, 'x')}).has_value());
  EXPECT_EQ(ParseBundleFrame({FrameType::kBundleDelta, Bytes(71, 'x')}).error().code,
            Errc::kCorrupt);
  EXPECT_EQ(ParseBundleFrame({FrameType::kHead, ""}).error().code, Errc::kCorrupt);
}

}  // namespace
}  // namespace dunlin::wire
