#include "hub/git/worker_answer.h"

#include "protocol/base/limits.h"

namespace dunlin::git {
namespace {

Error Corrupt(const char* what) {
  return MakeError(Errc::kCorrupt, std::string("git-worker: ") + what);
}

}  // namespace

AnswerReader::AnswerReader(AnswerLimits limits)
    : limits_(limits), frames_(limits::kGitFrameBytes) {}

Status AnswerReader::Feed(BytesView bytes) {
  if (done_) return Corrupt("bytes after the answer");
  frames_.Feed(bytes);
  for (;;) {
    TRY(std::optional<Frame> frame, frames_.Next());
    if (!frame) return {};
    if (done_) return Corrupt("a frame after the answer");
    TRY_VOID(Take(std::move(*frame)));
  }
}

Status AnswerReader::Take(Frame frame) {
  if (bytes_due_ && frame.type != 'D' && frame.type != 'X') return Corrupt("a file without bytes");
  switch (frame.type) {
    case 'T':
      return TakeEntry(frame.payload);
    case 'D':
      return TakeBytes(std::move(frame.payload));
    case 'X':
      return DecodeError(frame.payload);
    case 'R':
      answer_.result = std::move(frame.payload);
      done_ = true;
      return {};
    default:
      return Corrupt("a frame that only the hub sends");
  }
}

Status AnswerReader::TakeEntry(const Bytes& payload) {
  if (answer_.tree.entries.size() >= limits::kGitTreeFiles) {
    return MakeError(Errc::kLimit, "git-worker: too many files");
  }
  TRY(TreeEntry entry, DecodeEntry(payload));
  bytes_due_ = limits_.with_bytes && entry.mode != TreeEntry::kSubmodule;
  answer_.tree.entries.push_back(std::move(entry));
  return {};
}

Status AnswerReader::TakeBytes(Bytes payload) {
  if (!bytes_due_) return Corrupt("bytes of no file");
  bytes_due_ = false;
  total_bytes_ += payload.size();
  if (total_bytes_ > limits_.max_bytes)
    return MakeError(Errc::kLimit, "git-worker: too many bytes");
  TreeEntry& entry = answer_.tree.entries.back();
  if (payload.size() != entry.size) return Corrupt("a file of another size");
  entry.bytes = std::move(payload);
  return {};
}

}  // namespace dunlin::git
