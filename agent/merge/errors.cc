#include "agent/merge/errors.h"

namespace dunlin::merge {
namespace {

struct Row {
  ErrorClass error_class;
  std::string_view name;
  Errc code;
};

constexpr Row kRows[] = {
    {ErrorClass::kBadRequest, "BadRequest", Errc::kInvalidArgument},
    {ErrorClass::kBadJson, "BadJson", Errc::kInvalidArgument},
    {ErrorClass::kBadPatchFormat, "BadPatchFormat", Errc::kInvalidArgument},
    {ErrorClass::kNoMergeKey, "NoMergeKey", Errc::kInvalidArgument},
    {ErrorClass::kMixedTypes, "MixedTypes", Errc::kInvalidArgument},
    {ErrorClass::kListOfLists, "ListOfLists", Errc::kInvalidArgument},
    {ErrorClass::kNullElement, "NullElement", Errc::kInvalidArgument},
    {ErrorClass::kUnknownField, "UnknownField", Errc::kUnsupported},
    {ErrorClass::kConflict, "Conflict", Errc::kConflict},
    {ErrorClass::kPrecondition, "Precondition", Errc::kPrecondition},
};

constexpr std::string_view kAt = " at ";
constexpr std::string_view kColon = ": ";

}  // namespace

std::string_view Name(ErrorClass error_class) {
  for (const Row& row : kRows) {
    if (row.error_class == error_class) return row.name;
  }
  return "BadRequest";
}

Error MakeMergeError(ErrorClass error_class, std::string_view pointer, std::string_view message) {
  std::string text(Name(error_class));
  text.append(kAt).append(pointer).append(kColon).append(message);
  for (const Row& row : kRows) {
    if (row.error_class == error_class) return MakeError(row.code, std::move(text));
  }
  return MakeError(Errc::kInternal, std::move(text));
}

ErrorParts Split(const Error& error) {
  const std::string_view text = error.message;
  for (const Row& row : kRows) {
    const size_t at = row.name.size();
    if (text.substr(0, at) != row.name || text.substr(at, kAt.size()) != kAt) continue;
    const size_t begin = at + kAt.size();
    const size_t colon = text.find(kColon, begin);
    if (colon == std::string_view::npos) break;
    return {std::string(row.name), std::string(text.substr(begin, colon - begin)),
            std::string(text.substr(colon + kColon.size()))};
  }
  return {"", "", error.message};
}

}  // namespace dunlin::merge
