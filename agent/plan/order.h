// The order in which objects are applied and removed (merge.md section 12): phase, wave, stage,
// Helm's install order, namespace, name. A pure table.
#pragma once

#include <cstdint>
#include <string_view>

#include "agent/plan/kinds.h"
#include "protocol/object/resource_key.h"
#include "protocol/object/value.h"

namespace dunlin::plan {

inline constexpr int kStageNamespaces = 0;
inline constexpr int kStageCrds = 1;
inline constexpr int kStageConfiguration = 2;
inline constexpr int kStageWorkloads = 3;
inline constexpr int kStageOther = 4;
inline constexpr int kStageAdmission = 5;

int StageOf(const GroupKind& kind);
// Position in Helm's InstallOrder; unknown kinds share one position after all others.
int InstallRank(const GroupKind& kind);
int UninstallRank(const GroupKind& kind);  // reverse, with Service third

// dunlin.dev/wave, else argocd.argoproj.io/sync-wave, else helm.sh/hook-weight, else 0. A value
// that is no integer falls through to the next.
int32_t WaveOf(const object::Value& object);

// Total order inside one (wave, stage).
bool InstallsBefore(const object::ResourceKey& a, const object::ResourceKey& b);

}  // namespace dunlin::plan
