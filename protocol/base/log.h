// Logging as a value that is passed down: no global, no macro. One line per event:
//   2026-11-24T10:00:00.123Z INFO  published app=shop head=17
// or the same as one JSON object. Values never break the line: control characters are escaped, and
// a field that would make it longer than limits::kLogLineBytes is left out, so that a name from a
// repository can neither forge an entry nor hide the fields that still fit.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "protocol/base/result.h"
#include "protocol/base/time.h"

namespace dunlin {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

struct LogField {
  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  template <typename T, typename = std::enable_if_t<std::is_integral_v<T>>>
  LogField(std::string_view k, T v) : key(k), value(std::to_string(v)) {}
  std::string key;
  std::string value;
};
using LogFields = std::vector<LogField>;

// Where lines go. REQUIRES of implementations: any thread may call.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void Write(LogLevel level, std::string_view event, const LogFields& fields) = 0;
};

enum class LogForm { kText, kJson };
// One line without its newline. Pure.
std::string FormatLogLine(LogForm form, TimePoint time, LogLevel level, std::string_view event,
                          const LogFields& fields);
// Lines on standard error. `clock` outlives the sink.
std::unique_ptr<LogSink> MakeStderrSink(LogForm form, const Clock& clock);

class Log {
 public:
  Log() = default;  // discards
  explicit Log(LogSink* sink, LogLevel least = LogLevel::kInfo) : sink_(sink), least_(least) {}

  // The same log with fields that every line carries.
  Log With(LogFields fields) const;

  void Debug(std::string_view event, LogFields fields = {}) const;
  void Info(std::string_view event, LogFields fields = {}) const;
  void Warn(std::string_view event, LogFields fields = {}) const;
  void Error(std::string_view event, LogFields fields = {}) const;
  // "error" and "code" fields of a failure are added.
  void Warn(std::string_view event, const dunlin::Error& error, LogFields fields = {}) const;

 private:
  void Write(LogLevel level, std::string_view event, LogFields fields) const;

  LogSink* sink_ = nullptr;
  LogLevel least_ = LogLevel::kInfo;
  LogFields common_;
};

}  // namespace dunlin
