#include "agent/kube/objects.h"

namespace dunlin::kube {

void DropManagedFields(object::Value& object) {
  if (!object.is_object()) return;
  object::Value* metadata = object.as_object().if_contains("metadata");
  if (metadata != nullptr && metadata->is_object()) metadata->as_object().erase("managedFields");
}

}  // namespace dunlin::kube
