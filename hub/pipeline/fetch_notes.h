// What the log says of repositories that cannot be fetched: each failure when it begins, when its
// reason changes, once an hour after that, and when it is over. A wrong credential looked at every
// 30 s would be 2,880 lines a day otherwise. A value; times are monotonic.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "protocol/base/log.h"
#include "protocol/base/result.h"
#include "protocol/base/time.h"

namespace dunlin::hub {

class FetchNotes {
 public:
  static constexpr Millis kReminder{3'600'000};

  struct Note {
    int looks = 0;     // that failed, whatever the reason
    Millis lasted{0};  // since the first of them
  };

  // Something when the log should say it.
  std::optional<Note> Failed(const std::string& repository, const Error& error, Millis now);
  std::optional<Note> Reached(const std::string& repository, Millis now);

  // Says what the two above find worth it.
  void Log(const dunlin::Log& log, const std::string& repository, const Status& looked, Millis now);

  // Forgets all but these; one that comes back begins anew.
  void Follow(const std::map<std::string, Millis>& repositories);

 private:
  struct Failure {
    Error reason;
    int looks = 0;
    Millis since{0};
    Millis said{0};
  };
  std::map<std::string, Failure> failures_;
};

}  // namespace dunlin::hub
