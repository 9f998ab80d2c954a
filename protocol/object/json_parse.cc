#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cmath>
#include <vector>

#include "protocol/object/json.h"

namespace dunlin::object {

namespace {

namespace json = boost::json;
using json::error_code;
using json::string_view;

// Builds the value and applies the rules that Boost's own parser does not know.
class Handler {
 public:
  static constexpr size_t max_object_size = static_cast<size_t>(-1);
  static constexpr size_t max_array_size = static_cast<size_t>(-1);
  static constexpr size_t max_key_size = static_cast<size_t>(-1);
  static constexpr size_t max_string_size = static_cast<size_t>(-1);

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return Open(Object()); }
  bool on_object_end(size_t, error_code&) { return Close(); }
  bool on_array_begin(error_code&) { return Open(Array()); }
  bool on_array_end(size_t, error_code&) { return Close(); }

  bool on_key_part(string_view part, size_t, error_code&) { return Append(part); }
  bool on_key(string_view part, size_t, error_code& error) {
    Append(part);
    Level& level = levels_.back();
    level.key.swap(text_);
    text_.clear();
    if (!level.value.get_object().contains(level.key)) return true;
    return Refuse(MakeError(Errc::kCorrupt, "duplicate key \"" + level.key + "\""), error);
  }
  bool on_string_part(string_view part, size_t, error_code&) { return Append(part); }
  bool on_string(string_view part, size_t, error_code&) {
    Append(part);
    const bool ok = Add(Value(json::string(text_)));
    text_.clear();
    return ok;
  }
  bool on_number_part(string_view part, error_code&) { return Append(part); }
  bool on_int64(int64_t value, string_view, error_code&) {
    text_.clear();
    return Add(Value(value));
  }
  bool on_uint64(uint64_t value, string_view, error_code&) {
    text_.clear();
    return Add(Value(value));
  }
  // `rough`: Boost's own reading, wrong in the last digits, but with the right magnitude.
  bool on_double(double rough, string_view part, error_code& error) {
    Append(part);
    double value = 0;
    const auto [stop, failed] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    // "1e-400" is zero, as in Go; "1e400" has no value. from_chars says the same of both.
    const bool underflow = failed == std::errc::result_out_of_range && std::abs(rough) < 1;
    if (failed != std::errc() && !underflow) {
      return Refuse(MakeError(Errc::kCorrupt, "number out of range"), error);
    }
    if (underflow) value = text_.front() == '-' ? -0.0 : 0.0;
    text_.clear();
    return Add(Value(value));
  }
  bool on_bool(bool value, error_code&) { return Add(Value(value)); }
  bool on_null(error_code&) { return Add(Value(nullptr)); }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }

  Value& result() { return result_; }
  const std::optional<Error>& refusal() const { return refusal_; }

 private:
  struct Level {
    Value value;
    std::string key;
  };

  bool Append(string_view part) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool Open(Value value) {
    levels_.push_back({std::move(value), {}});
    return true;
  }
  bool Close() {
    Value value = std::move(levels_.back().value);
    levels_.pop_back();
    return Add(std::move(value));
  }
  bool Add(Value value) {
    if (levels_.empty()) {
      result_ = std::move(value);
      return true;
    }
    Level& level = levels_.back();
    if (level.value.is_array()) {
      level.value.get_array().push_back(std::move(value));
    } else {
      level.value.get_object().emplace(level.key, std::move(value));
    }
    return true;
  }
  bool Refuse(Error refusal, error_code& error) {
    refusal_ = std::move(refusal);
    error = json::error::incomplete;  // any code stops the parser; the refusal says what it was
    return false;
  }

  std::vector<Level> levels_;
  std::string text_;
  Value result_;
  std::optional<Error> refusal_;
};

}  // namespace

Result<Value> ParseJson(std::string_view text, const ParseOptions& options) {
  if (text.size() > options.max_bytes) {
    return MakeError(Errc::kLimit, "JSON of " + std::to_string(text.size()) + " bytes exceeds " +
                                       std::to_string(options.max_bytes));
  }
  json::parse_options rules;
  rules.max_depth = static_cast<size_t>(options.max_depth);
  json::basic_parser<Handler> parser(rules);
  error_code error;
  const size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (parser.handler().refusal()) {
    Error refusal = *parser.handler().refusal();
    refusal.message += " near byte " + std::to_string(used);
    return refusal;
  }
  if (error == json::error::too_deep) {
    return MakeError(Errc::kLimit,
                     "JSON is nested deeper than " + std::to_string(options.max_depth));
  }
  if (error) {
    return MakeError(Errc::kCorrupt,
                     "not JSON: " + error.message() + " near byte " + std::to_string(used));
  }
  if (used != text.size()) {
    return MakeError(Errc::kCorrupt, "bytes after the JSON value at byte " + std::to_string(used));
  }
  return std::move(parser.handler().result());
}

}  // namespace dunlin::object
