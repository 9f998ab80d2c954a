// What a log has been told of troubles that are found again and again: each is news when it begins,
// when its reason changes, once an hour after that, and when it is over. A wrong credential that is
// tried every 30 s would be 2,880 lines a day otherwise. A value; times are monotonic.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "protocol/base/result.h"
#include "protocol/base/time.h"

namespace dunlin {

class Told {
 public:
  static constexpr Millis kReminder{3'600'000};

  struct Note {
    int times = 0;     // that it was found, whatever the reason
    Millis lasted{0};  // since the first of them
  };

  // `reason` was found about `about`, a name of the caller's. Something when the log should say it.
  std::optional<Note> News(const std::string& about, const Error& reason, Millis now);
  // It is over. Something when there was something to be over.
  std::optional<Note> Over(const std::string& about, Millis now);
  // Forgets everything whose name begins with `prefix`, but these; what comes back begins anew.
  void ForgetExcept(const std::string& prefix, const std::set<std::string>& still);

 private:
  struct Trouble {
    Error reason;
    int times = 0;
    Millis since{0};
    Millis said{0};
  };
  std::map<std::string, Trouble> troubles_;
};

}  // namespace dunlin
