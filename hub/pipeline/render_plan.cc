#include "hub/pipeline/render_plan.h"

#include "protocol/base/check.h"
#include "protocol/crypto/crypto.h"
#include "protocol/object/json.h"

namespace dunlin::hub {

namespace {

// The state of a path in a tree: its blob, the fingerprint of the directory, or absence. A
// directory counts as the set of its direct entries, so that a new file in a plain directory is
// noticed.
std::string Fingerprint(const std::string& path, const TreeIndex& tree) {
  const auto file = tree.find(path);
  if (file != tree.end()) return file->second;
  const std::string prefix = path.empty() || path == "." ? "" : path + "/";
  std::string names;
  std::string last;
  for (auto it = tree.lower_bound(prefix); it != tree.end(); ++it) {
    if (it->first.compare(0, prefix.size(), prefix) != 0) break;
    const size_t slash = it->first.find('/', prefix.size());
    std::string name = it->first.substr(prefix.size(), slash - prefix.size());
    if (name == last) continue;
    last = name;
    names += name + '\n';
  }
  return names.empty() ? "" : "dir:" + crypto::Sha256(names).Hex();
}

bool ReadsStillHold(const std::string& reads, const TreeIndex& tree) {
  const auto parsed = object::ParseJson(reads);
  if (!parsed || !parsed->is_object()) return false;
  for (const auto& [path, seen] : parsed->as_object()) {
    if (!seen.is_string()) return false;
    if (Fingerprint(std::string(path), tree) != object::View(seen.as_string())) return false;
  }
  return true;
}

}  // namespace

std::string RenderKey(const RenderInput& input) {
  object::Array api_versions;
  for (const std::string& version : input.api_versions) api_versions.emplace_back(version);
  return crypto::Sha256(object::CanonicalJson(object::Object{{"api_versions", api_versions},
                                                             {"kind", input.kind},
                                                             {"kube_version", input.kube_version},
                                                             {"namespace", input.namespace_},
                                                             {"options", input.options},
                                                             {"path", input.path}}))
      .Hex();
}

RenderPlan PlanRenders(const std::vector<RenderInput>& inputs,
                       const std::vector<RenderMemory>& memory, const TreeIndex& tree) {
  CHECK(inputs.size() == memory.size());
  RenderPlan plan;
  std::map<std::string, size_t> job_of_key;
  std::map<std::string, bool> held;  // `reads` text -> still true; clusters share these texts
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::string key = RenderKey(inputs[i]);
    if (memory[i].key == key && !memory[i].reads.empty()) {
      const auto [it, fresh] = held.try_emplace(memory[i].reads, false);
      if (fresh) it->second = ReadsStillHold(memory[i].reads, tree);
      if (it->second) {
        plan.unaffected.push_back(i);
        continue;
      }
    }
    const auto [it, fresh] = job_of_key.try_emplace(key, plan.jobs.size());
    if (fresh) plan.jobs.push_back({key, i, {}});
    plan.jobs[it->second].members.push_back(i);
  }
  return plan;
}

std::string EncodeReads(const FilesSeen& seen, const TreeIndex& tree) {
  object::Object out;
  for (const std::string& path : seen.read) out[path] = Fingerprint(path, tree);
  for (const std::string& path : seen.missing) out[path] = Fingerprint(path, tree);
  return object::CanonicalJson(out);
}

}  // namespace dunlin::hub
