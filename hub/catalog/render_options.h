// Renderer options of an App's `render` and of an Argo CD Application's source, as the options of
// one target of the render worker (hub/render/worker, package proto; it refuses unknown members):
//
//   {"directory": {"recurse", "include", "exclude"},
//    "kustomize": {"namePrefix", "nameSuffix", "namespace", "images", "replicas", "commonLabels",
//                  "commonAnnotations", "components", "patches"},
//    "helm":      {"releaseName", "valueFiles", "ignoreMissingValueFiles", "values", "set",
//                  "setString", "skipCrds", "skipTests", "skipSchemaValidation"},
//    "jsonnet":   {"tlas": [{"name", "value", "code"}], "extVars", "libs"}}
//
// Only what the user wrote is set. What the worker cannot do is kUnsupported, never dropped.
#pragma once

#include "hub/catalog/fields.h"
#include "hub/catalog/objects.h"

namespace dunlin::catalog {

// spec.render of an App. The options of the named kind stand beside `kind` or in a block named like
// it (`render: {helm: {releaseName: x}}`; then `kind` may be left out).
Render ReadRender(Fields render);

// helm, kustomize and directory of an Application's source. The block that is there decides the
// kind, as in Argo CD; none means auto.
Render ReadApplicationRender(Fields& source);

}  // namespace dunlin::catalog
