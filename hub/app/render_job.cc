#include "hub/app/render_job.h"

#include "protocol/base/check.h"

namespace dunlin::hub {

uint64_t TreeBytes(const git::Tree& tree) {
  uint64_t bytes = 0;
  for (const git::TreeEntry& entry : tree.entries) bytes += entry.size;
  return bytes;
}

TreeIndex IndexOf(const git::Tree& tree) {
  TreeIndex index;
  for (const git::TreeEntry& entry : tree.entries) index[entry.path] = entry.blob;
  return index;
}

std::vector<render::TreeFile> TreeFiles(const git::Tree& tree) {
  std::vector<render::TreeFile> files;
  for (const git::TreeEntry& entry : tree.entries) {
    if (entry.mode == git::TreeEntry::kSubmodule) continue;
    render::TreeFile file;
    file.path = entry.path;
    file.bytes = entry.bytes;
    if (entry.mode == git::TreeEntry::kExecutable) file.kind = render::TreeFile::Kind::kExecutable;
    if (entry.mode == git::TreeEntry::kSymlink) file.kind = render::TreeFile::Kind::kSymlink;
    files.push_back(std::move(file));
  }
  return files;
}

render::RenderRequest JobRequest(std::vector<render::TreeFile> files, const TaskPlan& plan) {
  render::RenderRequest request;
  request.files = std::move(files);
  for (const RenderJob& job : plan.plan.jobs) {
    const RenderInput& input = plan.inputs[job.representative];
    request.targets.push_back({job.key, input.path, input.kind, input.options, input.namespace_,
                               input.kube_version, input.api_versions});
  }
  return request;
}

render::RenderRequest CatalogRequest(std::vector<render::TreeFile> files, std::string path) {
  render::RenderRequest request;
  request.files = std::move(files);
  render::RenderTarget target;
  target.id = "catalog";
  target.path = std::move(path);
  target.kind = "catalog";
  request.targets.push_back(std::move(target));
  return request;
}

Result<std::vector<catalog::Document>> CatalogDocuments(render::RenderAnswer answer) {
  if (answer.targets.size() != 1) {
    return MakeError(Errc::kInternal, "the renderer answered another number of targets");
  }
  render::TargetAnswer& target = answer.targets.front();
  if (target.fault) return target.fault->ToError();
  std::vector<catalog::Document> documents;
  for (render::CatalogDocument& from : target.documents) {
    catalog::Document document;
    document.file = std::move(from.file);
    document.line = from.line;
    if (from.fault) {
      document.error = from.fault->ToError();
    } else {
      document.object = std::move(from.object);
    }
    documents.push_back(std::move(document));
  }
  return documents;
}

namespace {

JobAnswer ToAnswer(render::TargetAnswer target) {
  JobAnswer answer;
  if (target.fault) {
    answer.error = target.fault->ToError();
    answer.fault = target.fault->code;
  }
  answer.objects = std::move(target.objects);
  answer.seen = {std::move(target.read), std::move(target.missing), target.uses_api_versions};
  return answer;
}

struct SealWork {
  std::vector<std::shared_ptr<const catalog::App>> specs;
  render::RenderAnswer answer;
  std::shared_ptr<const TreeIndex> index;
  BundleStore* bundles = nullptr;

  Result<std::vector<JobResult>> Do() {
    std::vector<JobResult> results;
    for (size_t i = 0; i < specs.size(); ++i) {
      JobResult result = SealJob(*specs[i], ToAnswer(std::move(answer.targets[i])), *index);
      if (result.sealed) {
        const auto stored = bundles->Put(result.sealed->canonical);
        if (!stored) {
          result.error = stored.error();
          result.sealed.reset();
        }
      }
      results.push_back(std::move(result));
    }
    return results;
  }
};

}  // namespace

std::function<Result<std::vector<JobResult>>()> SealAll(
    std::vector<std::shared_ptr<const catalog::App>> specs, render::RenderAnswer answer,
    std::shared_ptr<const TreeIndex> index, BundleStore& bundles) {
  CHECK(specs.size() == answer.targets.size());
  auto work = std::make_shared<SealWork>(
      SealWork{std::move(specs), std::move(answer), std::move(index), &bundles});
  return [work] { return work->Do(); };
}

}  // namespace dunlin::hub
