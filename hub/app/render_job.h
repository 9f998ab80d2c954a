// Between Git's trees, the pipeline's plans and the renderer's requests.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "hub/catalog/catalogue.h"
#include "hub/git/git.h"
#include "hub/pipeline/pipeline.h"
#include "hub/publish/bundle_store.h"
#include "hub/render/renderer.h"

namespace dunlin::hub {

// Trees up to this size are read with their bytes at once.
inline constexpr uint64_t kSmallTreeBytes = 8 << 20;

uint64_t TreeBytes(const git::Tree& tree);
TreeIndex IndexOf(const git::Tree& tree);
std::vector<render::TreeFile> TreeFiles(const git::Tree& tree);

// Job i of the plan is target i of the request.
render::RenderRequest JobRequest(std::vector<render::TreeFile> files, const TaskPlan& plan);

// Reads the catalogue documents below `path`.
render::RenderRequest CatalogRequest(std::vector<render::TreeFile> files, std::string path);
// kInvalidArgument and others: the catalogue could not be read at all.
Result<std::vector<catalog::Document>> CatalogDocuments(render::RenderAnswer answer);

// Work for the pool: seals every job's answer and stores the bundles. A bundle that cannot be
// stored is a failure of its job. REQUIRES: equal sizes; `bundles` outlives the work.
std::function<Result<std::vector<JobResult>>()> SealAll(
    std::vector<std::shared_ptr<const catalog::App>> specs, render::RenderAnswer answer,
    std::shared_ptr<const TreeIndex> index, BundleStore& bundles);

}  // namespace dunlin::hub
