// Errors of the merge engine. Outsiders compare the *class* of an error with upstream's (merge.md
// 8.3), so the class and the path travel in the message in one fixed form:
//   "NoMergeKey at /spec/template/spec/containers/0: the element has no merge key \"name\""
// ErrorParts reads them back; nothing else in the product depends on the text.
#pragma once

#include <string>
#include <string_view>

#include "protocol/base/result.h"

namespace dunlin::merge {

enum class ErrorClass {
  kBadRequest,      // unknown op or field, missing input
  kBadJson,         // not JSON, or not a JSON object
  kBadPatchFormat,  // a directive with a value that makes no sense
  kNoMergeKey,      // a list element without its merge key
  kMixedTypes,      // list elements of different JSON types
  kListOfLists,     // a list with strategy merge holds lists
  kNullElement,     // a list with strategy merge holds null (upstream panics)
  kUnknownField,    // the schema does not know the field and the two sides differ
  kConflict,        // overwrite=false and somebody else changed what the patch changes
  kPrecondition,    // group, kind, name, namespace or uid would change
};

std::string_view Name(ErrorClass error_class);
Error MakeMergeError(ErrorClass error_class, std::string_view pointer, std::string_view message);

struct ErrorParts {
  std::string error_class;  // "NoMergeKey"; empty when the error is not one of ours
  std::string pointer;
  std::string message;
};
ErrorParts Split(const Error& error);

}  // namespace dunlin::merge
