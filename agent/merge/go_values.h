// How Go sees JSON values, where upstream's results depend on it: dynamic types, == on interfaces,
// the text of %v, sort.Sort with "less or equal", and sort.SliceStable with an inconsistent order.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/merge/errors.h"
#include "protocol/base/result.h"
#include "protocol/object/value.h"

namespace dunlin::merge {

enum class JsonType { kNull, kBool, kInt, kDouble, kString, kList, kMap };
JsonType TypeOf(const object::Value& value);

// fmt.Sprintf("%v", value).
std::string GoText(const object::Value& value);

// sort.Sort with Less = (text(i) <= text(j)): for up to 12 elements Go's insertion sort, which
// reverses runs of equal texts; above, the order of equal texts is unspecified in Go, too.
// Returns the positions of `texts` in sorted order.
std::vector<size_t> SortedByText(const std::vector<std::string>& texts);

// sort.SliceStable of items by their position in another list; -1 (not in it) compares as "less"
// against everything, as upstream's comparison does. Returns the new order of indexes.
std::vector<size_t> SortedByPosition(const std::vector<int>& positions);

// deduplicateScalars: a duplicate is replaced by the last element and the list shrinks.
void DeduplicateScalars(object::Array& list);

// First position in `list` whose element (map: its member `merge_key`) equals that of `item`, or
// -1.
int IndexIn(const object::Array& list, const object::Value& item, std::string_view merge_key);

// sliceElementType over two lists: the common type of all elements.
Result<JsonType> ElementType(const object::Array& a, const object::Array& b,
                             std::string_view pointer);

// The JSON pointer of the place where a walk is.
class PathStack {
 public:
  class Step {
   public:
    Step(PathStack& stack, std::string_view key) : stack_(stack) {
      stack_.parts_.push_back({key, 0});
    }
    Step(PathStack& stack, size_t index) : stack_(stack) {
      stack_.parts_.push_back({{}, index + 1});
    }
    ~Step() { stack_.parts_.pop_back(); }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

   private:
    PathStack& stack_;
  };
  size_t depth() const { return parts_.size(); }
  // The member name of the first step; empty when there is none or it is a list index.
  std::string_view front() const { return parts_.empty() ? std::string_view() : parts_[0].key; }
  std::string Pointer() const;
  std::string PointerTo(std::string_view key) const;  // one step below

 private:
  struct Part {
    std::string_view key;
    size_t index_plus_one = 0;
  };
  std::vector<Part> parts_;
};

inline constexpr std::string_view kDirective = "$patch";
inline constexpr std::string_view kRetainKeysDirective = "$retainKeys";
inline constexpr std::string_view kSetElementOrder = "$setElementOrder";
inline constexpr std::string_view kDeleteFromPrimitiveList = "$deleteFromPrimitiveList";

}  // namespace dunlin::merge
