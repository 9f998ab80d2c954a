// Messages between hub and agent, chosen by the first byte. What was read survives the wire.
#include <cstddef>
#include <cstdint>

#include "protocol/base/check.h"
#include "protocol/wire/enroll.h"
#include "protocol/wire/error.h"
#include "protocol/wire/frame.h"
#include "protocol/wire/poll.h"
#include "protocol/wire/report.h"

namespace {

using namespace dunlin;

void FuzzFrames(BytesView answer) {
  const auto frames = wire::ParseFrames(answer);
  if (!frames) return;
  Bytes again;
  for (const wire::Frame& frame : *frames) {
    wire::AppendFrame(again, frame.type, frame.payload);
    const auto bundle = wire::ParseBundleFrame(frame);
    CHECK(!bundle || wire::ToFrame(*bundle) == frame);
    const auto statement = wire::ParseStatement(frame);
    CHECK(!statement || wire::ToFrame(*statement) == frame);
    const auto delta = wire::ParseStatementDelta(frame);
    CHECK(!delta || wire::ToFrame(*delta) == frame);
  }
  wire::AppendFrame(again, wire::FrameType::kEnd, {});
  CHECK(wire::ParseFrames(again).value() == *frames);
}

template <typename Message>
void FuzzMessage(Result<Message> (*parse)(BytesView), BytesView json) {
  const auto message = parse(json);
  if (!message) return;
  const auto again = parse(wire::Encode(*message));
  CHECK(again && *again == *message);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const BytesView rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'f':
      FuzzFrames(rest);
      break;
    case 'p':
      FuzzMessage(wire::ParsePollRequest, rest);
      break;
    case 'r':
      FuzzMessage(wire::ParseReport, rest);
      break;
    case 'e':
      FuzzMessage(wire::ParseErrorBody, rest);
      break;
    case 'b':
      FuzzMessage(wire::ParseEnrollBegin, rest);
      break;
    case 'c':
      FuzzMessage(wire::ParseEnrollChallenge, rest);
      break;
    case 'i':
      FuzzMessage(wire::ParseEnrollFinish, rest);
      break;
    case 't':
      FuzzMessage(wire::ParseEnrollResult, rest);
      break;
    case 'n':
      FuzzMessage(wire::ParseRenewFinish, rest);
      break;
    default:
      FuzzMessage(wire::ParseRenewResult, rest);
  }
  return 0;
}
