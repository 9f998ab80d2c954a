// The OpenAPI v3 index, and the cache of merge tables on disk. The content behind a hash never
// changes, so a table made once serves until the server names another hash.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "agent/merge/schema.h"
#include "agent/sync/event.h"
#include "protocol/base/result.h"
#include "protocol/object/value.h"

namespace dunlin::kube {

// Group-version → serverRelativeURL, which carries the hash. Pure.
using OpenApiIndex = std::map<object::GroupVersion, std::string>;
Result<OpenApiIndex> ParseOpenApiIndex(const object::Value& document);

// Files <dir>/<sha256 of the URL>.schema. Calls block. An empty dir keeps nothing.
class SchemaCache {
 public:
  explicit SchemaCache(std::string dir) : dir_(std::move(dir)) {}

  // Nothing when it is not there or damaged (then it is made again).
  std::optional<merge::Schema> Load(const std::string& url) const;
  // Best effort: a full disk costs a download at the next start, nothing else.
  Status Store(const std::string& url, const merge::Schema& schema) const;
  // Removes the tables of hashes that the index no longer names.
  void Prune(const OpenApiIndex& index) const;

 private:
  std::string PathOf(const std::string& url) const;
  std::string dir_;
};

}  // namespace dunlin::kube
