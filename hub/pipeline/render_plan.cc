#include "hub/pipeline/render_plan.h"

#include "protocol/base/check.h"
#include "protocol/crypto/crypto.h"
#include "protocol/object/json.h"

namespace dunlin::hub {

namespace {

// Marks the key of a render that the cluster's facts took no part in.
constexpr std::string_view kStaticPrefix = "static:";

// The state of a path in a tree: its blob, the fingerprint of the directory, or absence. A
// directory counts as the names of all files below it, so that a new file in a plain directory is
// noticed; changed contents are noticed by the file's own entry.
std::string Fingerprint(const std::string& path, const TreeIndex& tree) {
  const auto file = tree.find(path);
  if (file != tree.end()) return file->second;
  const std::string prefix = path.empty() || path == "." ? "" : path + "/";
  std::string names;
  for (auto it = tree.lower_bound(prefix); it != tree.end(); ++it) {
    if (it->first.compare(0, prefix.size(), prefix) != 0) break;
    names += it->first.substr(prefix.size()) + '\n';
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

std::string RenderKey(const RenderInput& input, Facts facts) {
  object::Object key{
      {"app", input.app},         {"kind", input.kind}, {"namespace", input.namespace_},
      {"options", input.options}, {"path", input.path}, {"policy", input.policy}};
  if (facts == Facts::kUsed) {
    object::Array api_versions;
    for (const std::string& version : input.api_versions) api_versions.emplace_back(version);
    key["api_versions"] = std::move(api_versions);
    key["kube_version"] = input.kube_version;
  }
  const std::string hash = crypto::Sha256(object::CanonicalJson(key)).Hex();
  return facts == Facts::kUsed ? hash : std::string(kStaticPrefix) + hash;
}

RenderPlan PlanRenders(const std::vector<RenderInput>& inputs,
                       const std::vector<RenderMemory>& memory, const TreeIndex& tree) {
  CHECK(inputs.size() == memory.size());
  RenderPlan plan;
  std::map<std::string, size_t> job_of_key;
  std::map<std::string, bool> held;  // `reads` text -> still true; clusters share these texts
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::string key = RenderKey(inputs[i]);
    const bool remembered = !memory[i].key.empty() && !memory[i].reads.empty();
    const bool without_facts = remembered && memory[i].key == RenderKey(inputs[i], Facts::kUnused);
    const bool used_facts = remembered && !memory[i].key.starts_with(kStaticPrefix);
    if (used_facts && !inputs[i].facts_known) {
      plan.deferred.push_back(i);
      continue;
    }
    if (without_facts || (remembered && memory[i].key == key)) {
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
