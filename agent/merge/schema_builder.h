// Builds a Schema from a parsed OpenAPI v3 document. Used by Schema::FromOpenApi only.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/merge/schema.h"
#include "protocol/object/value.h"

namespace dunlin::merge {

class SchemaBuilder {
 public:
  Result<Schema> Build(const object::Value& document);

 private:
  using Row = Schema::Row;

  Schema::TextId Intern(std::string_view text);
  void DefineType(TypeId id, const object::Object& node);
  TypeId AnonymousType(const object::Object& node);
  Row MakeRow(std::string_view name, const object::Object& property);
  TypeId Resolve(const object::Object& node);
  // The node that decides about scalar class: allOf[0], then $ref.
  ScalarClass ScalarOf(const object::Object& node) const;
  void ReadRoots(std::string_view component, const object::Object& node);
  void ReadPaths(const object::Value& document);

  const object::Object* components_ = nullptr;
  std::unordered_map<std::string, Schema::TextId> texts_;
  std::map<std::string, TypeId, std::less<>> ids_;
  std::unordered_map<std::string, TypeId> anonymous_;  // by content, so that equal types are one
  Schema schema_;
};

}  // namespace dunlin::merge
