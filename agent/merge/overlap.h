// Where a patch and another set of changes disagree (merge.md 4.4, upstream's
// MergingMapsHaveConflicts). Upstream stops at the first; this collects the JSON pointers of all.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "agent/merge/strategic_diff.h"

namespace dunlin::merge {

class Overlap {
 public:
  explicit Overlap(const Schema& schema) : schema_(schema) {}

  // Upstream stops at the first conflict or error of a map, in random order. Here an error of one
  // member does not hide the conflicts of the others: after an error they are in conflicts().
  Status Maps(const object::Object& left, const object::Object& right, TypeId type);
  std::vector<std::string> conflicts() const { return {found_.begin(), found_.end()}; }

 private:
  Status Member(std::string_view key, const object::Value& left, const object::Value& right,
                TypeId type);
  Status Values(const object::Value& left, const object::Value& right, const PatchMeta& meta);
  Status Lists(const object::Array& left, const object::Array& right, const PatchMeta& meta);
  void Report() { found_.insert(path_.Pointer()); }

  const Schema& schema_;
  PathStack path_;
  std::set<std::string> found_;
};

}  // namespace dunlin::merge
