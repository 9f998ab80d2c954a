#include "protocol/object/resource_key.h"

namespace dunlin::object {

Result<GroupVersion> GroupVersion::Parse(std::string_view api_version) {
  const size_t slash = api_version.find('/');
  GroupVersion out;
  if (slash == std::string_view::npos) {
    out.version = std::string(api_version);
  } else {
    out.group = std::string(api_version.substr(0, slash));
    out.version = std::string(api_version.substr(slash + 1));
  }
  const bool empty_group = slash != std::string_view::npos && out.group.empty();
  if (out.version.empty() || empty_group || out.version.find('/') != std::string::npos) {
    return MakeError(Errc::kInvalidArgument, "apiVersion \"" + std::string(api_version) +
                                                 "\" is not of the form v1 or group/v1");
  }
  return out;
}

std::string GroupVersion::ApiVersion() const {
  return group.empty() ? version : group + "/" + version;
}

Result<ResourceKey> ResourceKey::Of(const Value& object) {
  const auto missing = [](std::string_view field) {
    return MakeError(Errc::kInvalidArgument, "object without " + std::string(field));
  };
  const std::string_view api_version = FindString(object, {"apiVersion"});
  if (api_version.empty()) return missing("apiVersion");
  TRY(GroupVersion group_version, GroupVersion::Parse(api_version));
  ResourceKey out;
  out.group = std::move(group_version.group);
  out.kind = std::string(FindString(object, {"kind"}));
  if (out.kind.empty()) return missing("kind");
  out.name = std::string(FindString(object, {"metadata", "name"}));
  if (out.name.empty()) return missing("metadata.name");
  out.namespace_ = std::string(FindString(object, {"metadata", "namespace"}));
  return out;
}

std::string ResourceKey::Text() const {
  std::string out = group.empty() ? kind : kind + "." + group;
  out += " ";
  if (!namespace_.empty()) out += namespace_ + "/";
  return out + name;
}

}  // namespace dunlin::object
