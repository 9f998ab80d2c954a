// HealthRule of dunlin.dev/v1: the spec is checked with the definition that the agent evaluates.
#include "hub/catalog/parse.h"
#include "protocol/healthrule/rule.h"

namespace dunlin::catalog {

HealthRule ReadHealthRule(Fields& root, const std::string& name) {
  HealthRule out;
  out.name = name;
  Fields metadata = root.Object("metadata");
  metadata.Ignore({"name", "labels", "annotations"});
  metadata.Finish();
  const object::Value* spec = root.Raw("spec");
  if (spec == nullptr) {
    root.Fail("spec", "is missing");
    return out;
  }
  const auto rule = healthrule::ParseSpec(*spec);
  if (!rule) root.Fail("", rule.error().message, rule.error().code);
  out.spec = *spec;
  return out;
}

}  // namespace dunlin::catalog
