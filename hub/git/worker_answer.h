// The worker's answer, put together from its frames. Pure. The worker is not trusted: what it says
// is counted against what was asked for.
#pragma once

#include <string>

#include "hub/git/worker_protocol.h"

namespace dunlin::git {

struct WorkerAnswer {
  Tree tree;           // the 'T' and 'D' frames
  std::string result;  // JSON of the 'R' frame
};

struct AnswerLimits {
  bool with_bytes = false;
  uint64_t max_bytes = 0;
};

class AnswerReader {
 public:
  explicit AnswerReader(AnswerLimits limits);

  // The worker's own error ('X'), or kCorrupt, kLimit for what no worker of ours sends.
  Status Feed(BytesView bytes);
  bool done() const { return done_; }
  // REQUIRES: done().
  WorkerAnswer Take() { return std::move(answer_); }

 private:
  Status Take(Frame frame);
  Status TakeEntry(const Bytes& payload);
  Status TakeBytes(Bytes payload);

  AnswerLimits limits_;
  FrameReader frames_;
  WorkerAnswer answer_;
  uint64_t total_bytes_ = 0;
  bool bytes_due_ = false;  // the last 'T' still waits for its 'D'
  bool done_ = false;
};

}  // namespace dunlin::git
