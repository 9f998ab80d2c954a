// When each repository is looked at: at its poll interval with jitter, at once when something says
// so (a webhook, `dunlin source refresh`, a change of the catalogue), sooner again when it does not
// answer, and more slowly while it refuses us. A value: the driver asks what is due and says what
// came of it. Times are monotonic.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/backoff.h"
#include "protocol/base/result.h"
#include "protocol/base/time.h"

namespace dunlin::hub {

// How a look ended.
enum class Look {
  kReached,
  kAway,     // may pass by itself (IsRetryable)
  kRefused,  // a credential, a host key, a name: somebody has to change something
};
Look LookOf(const Status& looked);

class SourceSchedule {
 public:
  explicit SourceSchedule(Millis default_poll) : default_poll_(default_poll) {}

  // The repositories to follow from now on, with their poll interval (0: the default). A new one is
  // due at once, and so is one that refused us, since the change may be its new credentials; one
  // that left is dropped, also while it is being looked at.
  void Follow(const std::map<std::string, Millis>& repositories, Millis now);

  // Due now. While a look is under way another one follows it, so that every trigger is answered by
  // a look that began after it. False when the repository is not followed.
  bool Trigger(const std::string& repository, Millis now);

  // At most `most` of what is due and not under way, the longest waiting first; each counts as
  // under way until Done.
  std::vector<std::string> TakeDue(Millis now, size_t most = SIZE_MAX);
  // `random`: 64 uniform bits for the jitter of ±20 %.
  void Done(const std::string& repository, Look look, Millis now, uint64_t random);

  // When the next one falls due; nothing when all are under way or none is followed.
  std::optional<Millis> NextDue() const;

 private:
  struct Entry {
    Millis poll{0};
    Millis due{0};
    bool running = false;
    bool again = false;
    int refusals = 0;  // in a row
    Backoff backoff{{.fast_tries = 3,
                     .first = Millis(500),
                     .slow_first = Millis(5000),
                     .slow_cap = Seconds(60)}};
  };
  Millis default_poll_;
  std::map<std::string, Entry> entries_;
};

}  // namespace dunlin::hub
