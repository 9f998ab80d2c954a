// Strict reading of one mapping: what nothing asks for is a problem that names the nearest word.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/result.h"
#include "protocol/object/value.h"

namespace dunlin::healthrule {

class Problems {
 public:
  void Add(const std::string& path, const std::string& message, Errc code = Errc::kInvalidArgument);
  bool empty() const { return count_ == 0; }
  // REQUIRES: !empty().
  Error ToError() const;

 private:
  Error first_;
  size_t count_ = 0;
};

// Lives no longer than the value and the Problems it was made with.
class Reader {
 public:
  Reader(const object::Value& value, std::string path, Problems& problems);

  const std::string& path() const { return path_; }
  Problems& problems() { return problems_; }
  std::string PathOf(std::string_view name) const;
  void Fail(std::string_view name, const std::string& message);

  // Null when it is missing or null.
  const object::Value* Raw(std::string_view name);
  std::string Text(std::string_view name);
  bool Flag(std::string_view name, bool otherwise);
  // A text or a list of texts. `flags`: true and false stand for the texts True and False, which
  // YAML readers take unquoted ones for.
  std::vector<std::string> Texts(std::string_view name, bool flags = false);
  // Elements of a list.
  std::vector<const object::Value*> List(std::string_view name);
  // Reports the members that nothing asked for. REQUIRES: called once, last.
  void Finish();

 private:
  const object::Object* object_;
  std::string path_;
  Problems& problems_;
  std::set<std::string, std::less<>> asked_;
};

}  // namespace dunlin::healthrule
