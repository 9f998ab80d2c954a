#include "protocol/base/log.h"

#include <fmt/format.h>

#include <cstdio>

#include "protocol/base/limits.h"

namespace dunlin {

namespace {

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "DEBUG";
    case LogLevel::kInfo:
      return "INFO";
    case LogLevel::kWarn:
      return "WARN";
    case LogLevel::kError:
      return "ERROR";
  }
  return "ERROR";
}

// The inside of a JSON string; logfmt's quoted values use the same escapes. What does not fit into
// `room` is cut at a character's start, so that the line stays valid UTF-8.
std::string Escaped(std::string_view text, size_t room = std::string::npos) {
  std::string out;
  size_t whole = 0;  // where the character begins that is being written
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0) != 0x80) whole = out.size();
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
    if (out.size() > room) {
      out.resize(whole);
      break;
    }
  }
  return out;
}

bool NeedsQuotes(std::string_view text) {
  if (text.empty()) return true;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f || c == '"' || c == '=' || c == '\\') return true;
  }
  return false;
}

// The error that a field tells of may hold as many control characters as a stranger likes: what
// counts is the size that is written.
std::string FieldText(LogForm form, const LogField& field) {
  const std::string value = Escaped(field.value, limits::kLogValueBytes);
  if (form == LogForm::kJson) return ",\"" + Escaped(field.key) + "\":\"" + value + '"';
  const bool quoted = NeedsQuotes(field.value);
  return " " + field.key + '=' + (quoted ? '"' + value + '"' : value);
}

std::string Milliseconds(TimePoint time) {
  const std::string seconds = FormatTime(time);  // "…:00Z"
  const auto ms = (time.time_since_epoch() % Seconds(1)).count();
  return fmt::format("{}.{:03}Z", seconds.substr(0, seconds.size() - 1), ms);
}

class StderrSink : public LogSink {
 public:
  StderrSink(LogForm form, const Clock& clock) : form_(form), clock_(clock) {}

  void Write(LogLevel level, std::string_view event, const LogFields& fields) override {
    std::string line = FormatLogLine(form_, clock_.Now(), level, event, fields);
    line += '\n';
    // One write a line: lines of several threads never mix.
    std::fwrite(line.data(), 1, line.size(), stderr);
  }

 private:
  LogForm form_;
  const Clock& clock_;
};

}  // namespace

std::string FormatLogLine(LogForm form, TimePoint time, LogLevel level, std::string_view event,
                          const LogFields& fields) {
  const bool json = form == LogForm::kJson;
  std::string out =
      json ? fmt::format("{{\"time\":\"{}\",\"level\":\"{}\",\"event\":\"{}\"", Milliseconds(time),
                         LevelName(level), Escaped(event))
           : fmt::format("{} {:<5} {}", Milliseconds(time), LevelName(level), Escaped(event));
  const std::string_view end = json ? "}" : "";
  for (const LogField& field : fields) {
    const std::string text = FieldText(form, field);
    if (out.size() + text.size() + end.size() <= limits::kLogLineBytes) out += text;
  }
  return out.append(end);
}

std::unique_ptr<LogSink> MakeStderrSink(LogForm form, const Clock& clock) {
  return std::make_unique<StderrSink>(form, clock);
}

Log Log::With(LogFields fields) const {
  Log log = *this;
  for (LogField& field : fields) log.common_.push_back(std::move(field));
  return log;
}

void Log::Write(LogLevel level, std::string_view event, LogFields fields) const {
  if (sink_ == nullptr || level < least_) return;
  if (common_.empty()) {
    sink_->Write(level, event, fields);
    return;
  }
  LogFields all = common_;
  for (LogField& field : fields) all.push_back(std::move(field));
  sink_->Write(level, event, all);
}

void Log::Debug(std::string_view event, LogFields fields) const {
  Write(LogLevel::kDebug, event, std::move(fields));
}
void Log::Info(std::string_view event, LogFields fields) const {
  Write(LogLevel::kInfo, event, std::move(fields));
}
void Log::Warn(std::string_view event, LogFields fields) const {
  Write(LogLevel::kWarn, event, std::move(fields));
}
void Log::Error(std::string_view event, LogFields fields) const {
  Write(LogLevel::kError, event, std::move(fields));
}
void Log::Warn(std::string_view event, const dunlin::Error& error, LogFields fields) const {
  fields.emplace_back("code", Name(error.code));
  fields.emplace_back("error", error.message);
  Write(LogLevel::kWarn, event, std::move(fields));
}

}  // namespace dunlin
