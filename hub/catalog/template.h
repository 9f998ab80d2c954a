// Template variables: plain substitution of {{cluster.name}}, {{cluster.uuid}}, {{cluster.region}},
// {{cluster.labels.<key>}} and {{app.name}}; blanks inside the braces are allowed. No functions, no
// defaults, no nesting: what a value becomes can be seen without running anything.
#pragma once

#include <string>
#include <string_view>

#include "hub/catalog/fields.h"
#include "protocol/base/result.h"

namespace dunlin::catalog {

enum class TemplateUse {
  // Paths: every "{{" must be a known variable with a value that is not empty. An empty one would
  // turn "overlays/{{cluster.region}}" into "overlays".
  kPath,
  // Values: only {{a.b}} (a dotted name that starts with a letter) is ours. Everything else is left
  // as it is, because values may hold Helm's own templates ({{ .Values.x }}, {{ include … }}).
  kValue,
};

// Replaces the variables of `text`. An unknown one is kInvalidArgument and names the nearest.
Result<std::string> FillTemplate(std::string_view text, const StringMap& variables,
                                 TemplateUse use);

// The same check without values, when an App is read: are all names ones that can exist?
Status CheckTemplate(std::string_view text, TemplateUse use);

// True when the text holds anything that looks like a template.
bool HasTemplate(std::string_view text);

}  // namespace dunlin::catalog
