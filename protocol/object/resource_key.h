// The identity of a Kubernetes object: group, kind, namespace, name. The version is not part of it:
// apps/v1 and apps/v1beta1 of one name are one object.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "protocol/base/result.h"
#include "protocol/object/value.h"

namespace dunlin::object {

struct GroupVersion {
  std::string group;  // "" for the core group
  std::string version;

  static Result<GroupVersion> Parse(std::string_view api_version);  // "v1", "apps/v1"
  std::string ApiVersion() const;
  auto operator<=>(const GroupVersion&) const = default;
};

struct ResourceKey {
  std::string group;
  std::string kind;
  std::string namespace_;  // "" for cluster-scoped objects
  std::string name;

  // Reads apiVersion, kind, metadata.namespace, metadata.name; kInvalidArgument names what is
  // missing.
  static Result<ResourceKey> Of(const Value& object);
  // "Deployment.apps shop/cart", "Namespace shop": for people, logs and error texts.
  std::string Text() const;
  // Bundle order: group, kind, namespace, name, bytewise.
  auto operator<=>(const ResourceKey&) const = default;
};

}  // namespace dunlin::object
