// One catalogue document (JSON that the render worker made from YAML) into one checked object.
// Kinds: App, Cluster, Source and HealthRule of dunlin.dev/v1, Application of argoproj.io/v1alpha1
// (design.md section 6). Unknown fields are errors with their path; all problems of a document come
// at once.
#pragma once

#include <compare>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "hub/catalog/objects.h"
#include "protocol/base/result.h"

namespace dunlin::catalog {

enum class ObjectKind { kApp, kCluster, kSource, kHealthRule };  // an Application is an app
std::string_view Name(ObjectKind kind);  // "App", "Cluster", "Source", "HealthRule"

struct ObjectId {
  ObjectKind kind = ObjectKind::kApp;
  std::string name;

  std::string Text() const;  // "App boutique"
  auto operator<=>(const ObjectId&) const = default;
};

using ParsedObject = std::variant<std::shared_ptr<const App>, std::shared_ptr<const Cluster>,
                                  std::shared_ptr<const Source>, std::shared_ptr<const HealthRule>>;

// What the document names, however broken the rest of it is; kInvalidArgument when it has no usable
// apiVersion, kind or name; kUnsupported for kinds that are not of the catalogue.
Result<ObjectId> IdOf(const object::Value& document);

// The first error's code; the message lists the problems with their field paths.
Result<ParsedObject> ParseObject(const object::Value& document);

// Kinds of Argo CD that may stand beside Applications and are told, not used.
bool IsForeignKind(const object::Value& document);

// Whether a document that IdOf refuses may still be meant for the catalogue: it says not what it
// is, or its kind or apiVersion looks like a mistyped one of ours.
bool MayBeOurs(const object::Value& document);

// app.cc, application.cc and health_rule.cc: read everything but apiVersion, kind and the name.
App ReadApp(Fields& root, const std::string& name);
App ReadApplication(Fields& root, const std::string& name);
HealthRule ReadHealthRule(Fields& root, const std::string& name);

}  // namespace dunlin::catalog
