// Strict reading of one catalogue document. Every member that is asked for is known; Finish reports
// all others with the nearest known name, so a misspelt field is never silently without effect.
// Problems are collected, not thrown: a user sees all of a document's mistakes at once.
#pragma once

#include <initializer_list>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/base/result.h"
#include "protocol/base/time.h"
#include "protocol/object/value.h"

namespace dunlin::catalog {

using StringMap = std::map<std::string, std::string>;

// What is wrong with one document, in reading order, and what is merely noteworthy.
class Problems {
 public:
  void Add(Errc code, const std::string& path, const std::string& message);
  void Warn(const std::string& path, const std::string& message);
  bool empty() const { return errors_.empty(); }
  const std::vector<std::string>& warnings() const { return warnings_; }
  // All problems in one error: the code of the first, at most limits::kCatalogueProblems texts.
  // REQUIRES: !empty().
  Error ToError() const;

 private:
  std::vector<Error> errors_;
  std::vector<std::string> warnings_;
};

// A mapping of the document. A missing or null member reads as its default. Lives no longer than
// the document and the Problems it was made with.
class Fields {
 public:
  // `value` may be null (an absent mapping); anything but a mapping is a problem.
  Fields(const object::Value* value, std::string path, Problems* problems);

  const std::string& path() const { return path_; }
  bool present() const { return object_ != nullptr; }
  bool Has(std::string_view name);
  const object::Value* Raw(std::string_view name);

  std::string String(std::string_view name, std::string fallback = {});
  std::string RequiredString(std::string_view name);
  bool Bool(std::string_view name, bool fallback);
  int64_t Int(std::string_view name, int64_t fallback, int64_t min, int64_t max);
  Millis Duration(std::string_view name, Millis fallback);
  std::vector<std::string> Strings(std::string_view name);
  StringMap Map(std::string_view name);  // text -> text
  Fields Object(std::string_view name);
  std::vector<Fields> Objects(std::string_view name);  // a list of mappings

  // One of a few words.
  template <typename E>
  E Enum(std::string_view name, E fallback,
         std::initializer_list<std::pair<std::string_view, E>> words) {
    if (!Has(name)) return fallback;
    const std::string word = String(name);
    std::vector<std::string> known;
    for (const auto& [text, value] : words) {
      if (text == word) return value;
      known.emplace_back(text);
    }
    FailWord(name, word, known);
    return fallback;
  }

  // Members that are accepted and have no meaning here.
  void Ignore(std::initializer_list<std::string_view> names);
  // A member that we know and do not do: kUnsupported, with the reason.
  void Unsupported(std::string_view name, const std::string& why);

  void Fail(std::string_view name, const std::string& message, Errc code = Errc::kInvalidArgument);
  void Warn(std::string_view name, const std::string& message);
  // Reports every member that nothing asked for. REQUIRES: called once, last.
  void Finish();

 private:
  std::string PathOf(std::string_view name) const;
  void FailWord(std::string_view name, const std::string& word,
                const std::vector<std::string>& known);

  const object::Object* object_ = nullptr;
  std::string path_;
  Problems* problems_;
  std::set<std::string, std::less<>> asked_;
};

}  // namespace dunlin::catalog
