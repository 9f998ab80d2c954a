// Text rules that catalogue fields share: Kubernetes names.
#pragma once

#include <string_view>

namespace dunlin::catalog {

// RFC 1123 subdomain as Kubernetes reads it: lower-case alphanumerics, '-' and '.', each label at
// most 63 bytes and starting and ending with an alphanumeric.
bool IsDnsName(std::string_view text);
// RFC 1123 label: no dots, at most 63 bytes (namespaces).
bool IsDnsLabel(std::string_view text);
// A Kubernetes label value: empty, or at most 63 bytes of [A-Za-z0-9._-] between alphanumerics. So
// it can stand in a path: it is never "..", and holds no '/'.
bool IsLabelValue(std::string_view text);
// A Kubernetes label key: [dns-subdomain/]name.
bool IsLabelKey(std::string_view text);

}  // namespace dunlin::catalog
