// The walk behind Merge() in native mode (merge.md 8.2): last, desired and live at once.
//
// What is ours: every member of desired, and what last had and desired no longer has. Everything
// else in live is foreign and stays. Where a whole struct goes (a livenessProbe), it goes with what
// the server filled in, because the rest would be invalid; of free maps (labels, annotations, data)
// and of lists with keys, only our own entries go.
#pragma once

#include <string>
#include <vector>

#include "agent/merge/comparison.h"
#include "agent/merge/go_values.h"
#include "agent/merge/schema.h"
#include "agent/merge/semantic.h"
#include "agent/merge/walk.h"
#include "protocol/base/result.h"
#include "protocol/object/value.h"

namespace dunlin::merge {

// One place where live is not as desired.
struct Change {
  // In desired; what goes away is named by its place in live.
  std::string pointer;
  bool user = false;     // desired is not what we applied last
  bool cluster = false;  // live is not what we applied last
  bool sent = false;     // in the patch; false: a conflict that is only reported
};

class NativeMerge {
 public:
  struct Options {
    bool strategic = false;  // REQUIRES a schema
    bool overwrite = true;
    bool merge_cr_lists = true;
    const ObservedMemo* memo = nullptr;
  };

  NativeMerge(const Schema* schema, const Options& options)
      : schema_(schema), walk_(schema), options_(options), strategic_(options.strategic) {}

  // The patch of two whole objects; empty when there is nothing to send. `last` may be null. Call
  // once.
  Result<object::Object> Objects(const object::Object* last, const object::Object& desired,
                                 const object::Object& live, TypeId type);
  const std::vector<Change>& changes() const { return changes_; }
  // Parts of live lists are in the patch.
  bool folds_live() const { return folds_live_; }

 private:
  using Array = object::Array;
  using Object = object::Object;
  using Value = object::Value;

  // The three values of one field; absent and null are both null pointers in last and live.
  struct Trio {
    const Value* last = nullptr;
    const Value* desired = nullptr;
    const Value* live = nullptr;
    FieldInfo field;
  };
  struct ListTrio {
    const Array* last;  // never null
    const Array& desired;
    const Array& live;
    const FieldInfo& field;
  };
  enum class ListMode { kAtomic, kMergeObjects, kMergeScalars, kWholeObjects, kWholeScalars };

  // native_merge.cc
  Result<Object> Maps(const Object* last, const Object& desired, const Object& live,
                      const FieldInfo& field);
  Status Member(std::string_view key, const Trio& trio, Object& patch);
  Status Remove(std::string_view key, const Trio& trio, Object& patch);
  Status Opaque(std::string_view key, const Trio& trio, Object& patch);
  void Set(std::string_view key, const Trio& trio, Object& patch);
  bool Protected(std::string_view key) const;
  bool IsFreeMap(std::string_view key, const FieldInfo& field) const;
  bool Covered(const Value& last, const Value& live, const FieldInfo& field);
  bool Same(const Value& a, const Value& b, const FieldInfo& field);
  bool Remembered(const Value& sent, const Value* live) const;
  // Writes the change down; false when it must not be sent.
  bool Note(bool user, bool cluster);

  // native_lists.cc
  Result<ListMode> ModeOf(const FieldInfo& field, const Array& a, const Array& b) const;
  Status Lists(std::string_view key, ListMode mode, const ListTrio& lists, Object& patch);
  Status RemoveList(std::string_view key, const Trio& trio, Object& patch);
  Status MergeObjects(std::string_view key, const ListTrio& lists, Object& patch);
  void MergeScalars(std::string_view key, const ListTrio& lists, Object& patch);
  void WholeScalars(std::string_view key, const ListTrio& lists, Object& patch);

  // native_whole_list.cc
  struct WholeList;
  Status WholeObjects(std::string_view key, const ListTrio& lists, Object& patch);
  Status MergeOurs(const ListTrio& lists, WholeList& whole);
  void KeepForeign(const ListTrio& lists, WholeList& whole);
  Array Assembled(WholeList& whole) const;
  Result<Value> MergedElement(const Object* last, const Object& desired, const Value& live,
                              const FieldInfo& field, bool& changed);

  const Schema* const schema_;
  const SchemaWalk walk_;
  const Options options_;
  bool strategic_;  // false inside raw extensions
  PathStack path_;
  std::vector<Change> changes_;
  bool folds_live_ = false;
};

}  // namespace dunlin::merge
