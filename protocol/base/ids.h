// Distinct types for the identifiers that must never be mixed up. Each is a text value.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <utility>

#include "protocol/base/bytes.h"

namespace dunlin {

template <typename Tag>
class StrongId {
 public:
  StrongId() = default;
  explicit StrongId(std::string text) : text_(std::move(text)) {}
  const std::string& str() const { return text_; }
  bool empty() const { return text_.empty(); }
  auto operator<=>(const StrongId&) const = default;

 private:
  std::string text_;
};

using ClusterId = StrongId<struct ClusterTag>;    // UUID given at enrolment, lower case
using AgentId = StrongId<struct AgentTag>;        // UUID of one enrolled key
using RevisionId = StrongId<struct RevisionTag>;  // full commit id, lower-case hex
using AppName = StrongId<struct AppTag>;          // metadata.name of an App
using BundleDigest = Digest;                      // of the uncompressed canonical bundle

}  // namespace dunlin

template <typename Tag>
struct std::hash<dunlin::StrongId<Tag>> {
  size_t operator()(const dunlin::StrongId<Tag>& id) const {
    return std::hash<std::string>()(id.str());
  }
};
