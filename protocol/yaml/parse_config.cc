#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <charconv>
#include <sstream>
#include <vector>

#include "protocol/base/limits.h"
#include "protocol/object/utf8.h"
#include "protocol/yaml/characters.h"
#include "protocol/yaml/config_yaml.h"

namespace dunlin::yaml {

namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// Leaves the parser from inside a callback; caught in this file.
struct Refusal {
  Error error;
};

Error AtLine(int line, const std::string& what, Errc code = Errc::kInvalidArgument) {
  return MakeError(code, "line " + std::to_string(line) + ": " + what);
}

[[noreturn]] void Refuse(const YAML::Mark& mark, const std::string& what,
                         Errc code = Errc::kInvalidArgument) {
  throw Refusal{AtLine(mark.line + 1, what, code)};
}

// Any leading zero, sign "+", "_" or base makes a number that readers disagree on: text.
bool IsJsonInteger(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return false;
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

object::Value PlainScalar(const std::string& text) {
  if (text == "true" || text == "false") return text == "true";
  if (!IsJsonInteger(text) || text == "-0") return object::Value(text);
  const char* end = text.data() + text.size();
  int64_t number = 0;
  if (std::from_chars(text.data(), end, number).ec == std::errc()) return number;
  uint64_t large = 0;
  if (text[0] != '-' && std::from_chars(text.data(), end, large).ec == std::errc()) return large;
  return object::Value(text);
}

class Builder : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    CheckAnchor(mark, anchor);
    if (WantsKey()) Refuse(mark, "a key is missing; quote it if it is meant to be empty or null");
    Add(nullptr);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Refuse(mark, "aliases are not supported here; write the value out");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    CheckAnchor(mark, anchor);
    CheckTag(mark, tag);
    // yaml-cpp makes a bare byte of "\\N" and of "\\_".
    if (!object::IsUtf8(text)) Refuse(mark, "the escapes \\N and \\_ are not supported here");
    const bool plain = tag == "?";
    if (WantsKey()) return TakeKey(mark, plain, text);
    Add(plain ? PlainScalar(text) : object::Value(text));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, object::Array());
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, object::Object());
  }
  void OnMapEnd() override { Close(); }

  object::Value& result() { return result_; }

 private:
  struct Level {
    object::Value value;
    std::string key;
    bool has_key = false;
  };

  static void CheckAnchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) {
      Refuse(mark, "anchors are not supported here; write the value out");
    }
  }

  // "?" is a plain node, "!" a quoted scalar: what the parser says where the text has no tag.
  static void CheckTag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!") {
      Refuse(mark, "tags such as !!binary are not supported here");
    }
  }

  bool WantsKey() const {
    return !levels_.empty() && levels_.back().value.is_object() && !levels_.back().has_key;
  }

  void TakeKey(const YAML::Mark& mark, bool plain, const std::string& text) {
    Level& level = levels_.back();
    if (plain && text == "<<") Refuse(mark, "merge keys are not supported here");
    if (level.value.get_object().contains(text)) {
      Refuse(mark, "the key \"" + text + "\" is there twice");
    }
    level.key = text;
    level.has_key = true;
  }

  void Open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            object::Value value) {
    CheckAnchor(mark, anchor);
    CheckTag(mark, tag);
    if (WantsKey()) Refuse(mark, "a key must be text");
    if (levels_.size() >= limits::kConfigDepth) {
      Refuse(mark, "nested deeper than " + std::to_string(limits::kConfigDepth), Errc::kLimit);
    }
    levels_.push_back({std::move(value), {}, false});
  }

  void Close() {
    object::Value value = std::move(levels_.back().value);
    levels_.pop_back();
    Add(std::move(value));
  }

  void Add(object::Value value) {
    if (levels_.empty()) {
      result_ = std::move(value);
      return;
    }
    Level& level = levels_.back();
    if (level.value.is_array()) {
      level.value.get_array().push_back(std::move(value));
    } else {
      level.value.get_object().emplace(level.key, std::move(value));
      level.has_key = false;
    }
  }

  std::vector<Level> levels_;
  object::Value result_;
};

// The parser reads directives of its own accord and some change what follows.
Status RefuseDirectives(std::string_view text) {
  for (int line = 1; !text.empty(); ++line) {
    if (text.starts_with('%')) return AtLine(line, "directives are not supported here");
    const size_t end = text.find('\n');
    const std::string_view content = text.substr(0, end);
    const size_t first = content.find_first_not_of(" \t\r");
    if (first != std::string_view::npos && content[first] != '#') return {};
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return {};
}

}  // namespace

Result<object::Value> ParseConfig(std::string_view text) {
  if (text.size() > limits::kConfigBytes) {
    return MakeError(Errc::kLimit, "YAML of " + std::to_string(text.size()) + " bytes exceeds " +
                                       std::to_string(limits::kConfigBytes));
  }
  if (const auto line = FirstBadLine(text)) {
    return AtLine(*line, "a control character, or bytes that are not UTF-8");
  }
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  TRY_VOID(RefuseDirectives(text));
  // The end of the document is said aloud: at a bare end of input yaml-cpp takes a quoted scalar
  // that was never closed as if it had been, and a cut file would be read.
  const char* end = text.empty() || text.ends_with('\n') ? "...\n" : "\n...\n";
  std::istringstream stream(std::string(text) + end);
  try {
    YAML::Parser parser(stream);
    Builder builder;
    if (!parser.HandleNextDocument(builder)) return object::Value(nullptr);
    Builder second;
    if (parser.HandleNextDocument(second)) {
      return MakeError(Errc::kInvalidArgument, "a second document; only one is read here");
    }
    return std::move(builder.result());
  } catch (const Refusal& refusal) {
    return refusal.error;
  } catch (const YAML::Exception& error) {
    return AtLine(error.mark.line + 1, "not YAML: " + error.msg);
  }
}

}  // namespace dunlin::yaml
