// Small things about Kubernetes objects that several files of this module need. Pure.
#pragma once

#include "protocol/object/value.h"

namespace dunlin::kube {

// managedFields are a third to a half of a live object and nobody here reads them.
void DropManagedFields(object::Value& object);

}  // namespace dunlin::kube
