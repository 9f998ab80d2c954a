// Applies strategic patches (merge.md section 5), in the apiserver's mode and in the mode that
// three-way creation uses to combine deletions with changes (5.2, "build mode").
#pragma once

#include "agent/merge/strategic_diff.h"

namespace dunlin::merge {

class StrategicApply {
 public:
  enum class Mode { kServer, kBuild };

  StrategicApply(const Schema& schema, Mode mode) : schema_(schema), mode_(mode) {}

  Result<object::Object> Maps(object::Object original, object::Object patch, TypeId type);

 private:
  Status RetainKeys(object::Object& original, object::Object& patch);
  Status ElementOrders(object::Object& original, object::Object& patch, TypeId type);
  Status ElementOrder(std::string_view directive, object::Object& original, object::Object& patch,
                      TypeId type);
  Status Member(std::string_view key, object::Value& patch_value, object::Object& original,
                TypeId type);
  // `live_order`: see Slots in the .cc; null when nobody looks at it afterwards.
  Result<object::Array> Lists(object::Array original, object::Array patch, const PatchMeta& meta,
                              bool is_delete_list, object::Array* live_order);
  Result<object::Array> ListsOfMaps(object::Array original, object::Array patch,
                                    const PatchMeta& meta, object::Array* live_order);
  void SetMember(object::Object& original, std::string_view key, object::Value& patch_value);

  bool server() const { return mode_ == Mode::kServer; }

  const Schema& schema_;
  const Mode mode_;
  PathStack path_;
};

}  // namespace dunlin::merge
