// A hub that lies: it has the keys of the real one and its port, and answers polls with whatever a
// test gives it. For showing that an agent takes nothing on trust that it can check.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "protocol/base/result.h"
#include "protocol/base/time.h"
#include "protocol/trust/documents.h"
#include "protocol/trust/publish.h"
#include "protocol/wire/poll.h"
#include "protocol/wire/report.h"

namespace dunlin::e2e {

// Everything one poll is answered with, before it is turned into frames: tests spoil one part.
struct LyingAnswer {
  Bytes head;
  Bytes signatures;
  Bytes proof;
  int64_t seq = 0;  // said in front of the statement
  Bytes statement;
  BundleDigest digest;
  uint64_t raw_bytes = 0;
  Bytes blob;

  Bytes Frames() const;
};

class Impostor {
 public:
  // Reads the keys below `hub_data`; with `other_ca` it shows a certificate of a CA of its own.
  static Result<std::unique_ptr<Impostor>> Start(const std::string& hub_data, uint16_t port,
                                                 bool other_ca = false);
  ~Impostor();

  // What the agent says it has; waits for its next poll.
  Result<wire::PollRequest> NextPoll(Millis limit);
  // An answer that is right in every part: one app with these manifests, numbered after `have`.
  struct Offer {
    wire::Have have;
    ClusterId cluster;                // that the tree has an entry for
    std::optional<ClusterId> naming;  // the cluster in the statement; default: the same
    std::string kube_uid;
    std::string app;
    std::vector<std::string> objects;  // JSON
    int64_t head_step = 1;             // added to the agent's head number
    int64_t seq_step = 1;
    Millis head_life{15 * 60 * 1000};
    TimePoint head_time{};  // default: now
    bool sign_with_ca_key = false;
  };
  Result<LyingAnswer> Make(const Offer& offer);
  // Answers the poll that NextPoll() gave; later polls are held.
  void Answer(Bytes frames);
  // The next report of the agent in which the predicate holds for a problem's code or message.
  Result<std::string> WaitForProblem(const std::string& text, Millis limit);
  // Handshakes that got as far as an HTTP request.
  int requests();

 private:
  Impostor() = default;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dunlin::e2e
