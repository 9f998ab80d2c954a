// Text rules that catalogue fields share: Kubernetes names, durations as Go writes them, and the
// nearest known word for an error message.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/time.h"

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

// "100ms", "2m", "1h30m", "1.5s"; a bare number is refused, because its unit would be a guess.
// Whole milliseconds, at most 10 years.
std::optional<Millis> ParseDuration(std::string_view text);

// The candidate within an edit distance of a third of the word's length (at least 1), or empty.
std::string Nearest(std::string_view word, const std::vector<std::string>& candidates);

// ", did you mean \"x\"?" or nothing.
std::string DidYouMean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace dunlin::catalog
