// Documents for the merge tests: JSON text with single quotes, the schemas of a real apiserver
// (tests/oracle/schemas/kubernetes.json) and one call for the common case of a merge.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "agent/merge/merge.h"
#include "protocol/object/json.h"

namespace dunlin::merge {

inline std::string DoubleQuoted(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c == '\'') c = '"';
  }
  return out;
}

// {'a':1} reads better in C++ than {\"a\":1}. Empty text: an empty object.
inline object::Value Json(std::string_view text) {
  const std::string quoted = text.empty() ? "{}" : DoubleQuoted(text);
  Result<object::Value> value = object::ParseJson(quoted);
  EXPECT_TRUE(value.has_value()) << quoted << ": " << (value ? "" : value.error().message);
  return value ? *std::move(value) : object::Value();
}

inline std::string Text(const object::Value& value) { return object::CanonicalJson(value); }

inline std::string ReadSourceFile(const std::string& path) {
  std::ifstream file(std::string(DUNLIN_SOURCE_DIR) + "/" + path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

inline const Schema& Kubernetes() {
  static const Schema schema = [] {
    Result<Schema> parsed =
        Schema::FromOpenApi(ReadSourceFile("tests/oracle/schemas/kubernetes.json"));
    EXPECT_TRUE(parsed.has_value());
    return parsed ? *std::move(parsed) : Schema();
  }();
  return schema;
}

inline SchemaRef KubernetesType(std::string_view gvk) {
  const Result<Gvk> parsed = Gvk::Parse(gvk);
  const std::optional<TypeId> type = parsed ? Kubernetes().Root(*parsed) : std::optional<TypeId>();
  EXPECT_TRUE(type.has_value()) << gvk;
  return {&Kubernetes(), type.value_or(kEmptyType)};
}

inline SchemaRef ToyType(std::string_view name) {
  static const Schema schema = [] {
    Result<Schema> parsed = Schema::FromOpenApi(ReadSourceFile("tests/oracle/schemas/toy.json"));
    EXPECT_TRUE(parsed.has_value());
    return parsed ? *std::move(parsed) : Schema();
  }();
  const std::optional<TypeId> type = schema.Named(name);
  EXPECT_TRUE(type.has_value()) << name;
  return {&schema, type.value_or(kEmptyType)};
}

// One merge of documents given as text; an absent document is nullopt-like: the word "absent".
struct Case {
  std::string gvk;  // "": no schema, JSON merge patch
  std::string last = "absent";
  std::string desired = "absent";
  std::string live = "absent";

  Result<MergeOutcome> Run(bool overwrite = true, const ObservedMemo* memo = nullptr) const {
    const object::Value l = last == "absent" ? object::Value() : Json(last);
    const object::Value d = desired == "absent" ? object::Value() : Json(desired);
    const object::Value c = live == "absent" ? object::Value() : Json(live);
    MergeInput input;
    if (last != "absent") input.last = &l;
    if (desired != "absent") input.desired = &d;
    if (live != "absent") input.live = &c;
    if (!gvk.empty()) {
      input.schema = KubernetesType(gvk);
      input.strategic = Kubernetes().SupportsStrategic(*Gvk::Parse(gvk));
    }
    input.memo = memo;
    input.overwrite = overwrite;
    return Merge(input);
  }
  // The patch as canonical JSON, "none", or "error: CLASS".
  std::string Patch(bool overwrite = true, const ObservedMemo* memo = nullptr) const {
    const Result<MergeOutcome> outcome = Run(overwrite, memo);
    if (!outcome) return "error: " + Split(outcome.error()).error_class;
    return outcome->kind == MergeKind::kNone ? "none" : Text(outcome->body);
  }
};

}  // namespace dunlin::merge
