#include "hub/catalog/targets.h"

#include <algorithm>
#include <set>

#include "hub/catalog/path.h"
#include "hub/catalog/repo_url.h"
#include "hub/catalog/template.h"
#include "protocol/base/nearest.h"
#include "protocol/object/json.h"

namespace dunlin::catalog {
namespace {

StringMap VariablesOf(const App& app, const Cluster& cluster, const ClusterId& id) {
  StringMap variables = {
      {"app.name", app.name.str()},
      {"cluster.name", cluster.name},
      {"cluster.region", cluster.region},
  };
  // Not known before enrolment; then a use of it is an error instead of an empty text.
  if (!id.empty()) variables["cluster.uuid"] = id.str();
  for (const auto& [key, value] : cluster.labels) variables["cluster.labels." + key] = value;
  return variables;
}

bool HoldsPaths(std::string_view member) {
  return member == "valueFiles" || member == "libs" || member == "components";
}

Status FillValue(object::Value& value, const StringMap& variables, TemplateUse use) {
  if (auto* text = value.if_string()) {
    TRY(const std::string filled, FillTemplate(object::View(*text), variables, use));
    *text = filled;
    return {};
  }
  if (auto* array = value.if_array()) {
    for (object::Value& item : *array) {
      TRY_VOID(FillValue(item, variables, use));
    }
  } else if (auto* object = value.if_object()) {
    for (auto&& member : *object) {
      const std::string_view name(member.key().data(), member.key().size());
      const bool paths = HoldsPaths(name) && member.value().is_array();
      TRY_VOID(FillValue(member.value(), variables, paths ? TemplateUse::kPath : use));
    }
  }
  return {};
}

Error NotEnrolled(Error error, const Cluster& cluster, const ClusterId& id) {
  if (id.empty() && error.message.find("{{cluster.uuid}}") != std::string::npos) {
    return MakeError(Errc::kPrecondition,
                     "{{cluster.uuid}} is known once cluster " + cluster.name + " has enrolled");
  }
  return error;
}

Status FillTemplates(const App& app, const StringMap& variables, TargetSpec& target) {
  if (app.application) return {};
  TRY(const std::string path,
      FillTemplate(app.path, variables, TemplateUse::kPath).WithContext("spec.source.path"));
  TRY(target.path, CleanPath(path).WithContext("spec.source.path"));
  object::Value options = std::move(target.options);
  TRY_VOID(FillValue(options, variables, TemplateUse::kValue).WithContext("spec.render"));
  target.options = std::move(options.get_object());
  return {};
}

// Argo CD names a release after its Application; ours does the same, also where the chart's
// directory has another name.
void NameRelease(const App& app, TargetSpec& target) {
  if (target.kind != RenderKind::kHelm && target.kind != RenderKind::kAuto) return;
  object::Value& helm = target.options["helm"];
  if (!helm.is_object()) helm.emplace_object();
  object::Object& options = helm.get_object();
  if (!options.contains("releaseName")) options["releaseName"] = app.name.str();
}

TargetSpec Unfilled(const Catalogue& catalogue, const std::shared_ptr<const App>& app) {
  TargetSpec target;
  target.app = app->name;
  target.revision = app->revision;
  target.path = app->path;
  target.kind = app->render.kind;
  target.options = app->render.options;
  target.namespace_ = app->namespace_;
  target.kube_version = app->render.kube_version;
  target.api_versions = app->render.api_versions;
  target.spec = app;
  target.repo = app->repo;
  target.repo_key = RepoKey(ParseRepoUrl(app->repo).value());
  if (const auto source = catalogue.SourceFor(target.repo_key)) {
    target.source = source->name;
    target.repo = source->repo;
  }
  NameRelease(*app, target);
  return target;
}

// Apps that wait for themselves, over any number of steps.
std::set<AppName> FindCycles(const Catalogue& catalogue) {
  std::set<AppName> in_cycle;
  for (const auto& app : catalogue.Apps()) {
    std::set<AppName> reached;
    std::vector<AppName> open = app->depends_on;
    while (!open.empty()) {
      const AppName name = open.back();
      open.pop_back();
      if (!reached.insert(name).second) continue;
      const auto next = catalogue.FindApp(name.str());
      if (next) open.insert(open.end(), next->depends_on.begin(), next->depends_on.end());
    }
    if (reached.contains(app->name)) in_cycle.insert(app->name);
  }
  return in_cycle;
}

Status CheckDependencies(const Catalogue& catalogue, const App& app, const Cluster& cluster) {
  for (const AppName& name : app.depends_on) {
    const auto dependency = catalogue.FindApp(name.str());
    if (!dependency) {
      return MakeError(Errc::kNotFound,
                       "dependsOn names the app " + name.str() + ", which does not exist");
    }
    if (!dependency->clusters.Matches(cluster)) {
      return MakeError(Errc::kInvalidArgument, "dependsOn names the app " + name.str() +
                                                   ", which does not run in this cluster");
    }
  }
  return {};
}

// A cluster that is named and does not exist: without it the app would wait silently.
void CheckNames(const Catalogue& catalogue, const App& app, std::vector<TargetError>& errors) {
  std::vector<std::string> known;
  for (const auto& cluster : catalogue.Clusters()) known.push_back(cluster->name);
  for (const std::string& name : app.clusters.names) {
    if (catalogue.FindCluster(name)) continue;
    errors.push_back({app.name, "",
                      MakeError(Errc::kNotFound,
                                "there is no cluster \"" + name + "\"" + DidYouMean(name, known))});
  }
  const std::string& server = app.clusters.server;
  if (server.empty()) return;
  for (const auto& cluster : catalogue.Clusters()) {
    if (cluster->server == server) return;
  }
  errors.push_back({app.name, "",
                    MakeError(Errc::kNotFound, "no Cluster has spec.server \"" + server +
                                                   "\", which destination.server of " +
                                                   app.name.str() + " names")});
}

std::shared_ptr<const App> WithRules(const std::shared_ptr<const App>& app,
                                     const std::vector<std::shared_ptr<const HealthRule>>& rules) {
  if (rules.empty()) return app;
  auto out = std::make_shared<App>(*app);
  out->health_rules = rules;
  return out;
}

}  // namespace

Resolution ResolveTargets(const Catalogue& catalogue, const std::map<std::string, ClusterId>& ids) {
  Resolution resolution;
  const std::set<AppName> cycles = FindCycles(catalogue);
  const auto clusters = catalogue.Clusters();
  const auto rules = catalogue.HealthRules();
  for (const auto& app : catalogue.Apps()) {
    CheckNames(catalogue, *app, resolution.errors);
    if (cycles.contains(app->name)) {
      resolution.errors.push_back(
          {app->name, "", MakeError(Errc::kInvalidArgument, "dependsOn is a cycle")});
      continue;
    }
    const TargetSpec unfilled = Unfilled(catalogue, WithRules(app, rules));
    for (const auto& cluster : clusters) {
      if (!app->clusters.Matches(*cluster)) continue;
      TargetSpec target = unfilled;
      target.cluster = cluster->name;
      if (const auto id = ids.find(cluster->name); id != ids.end()) target.cluster_id = id->second;
      Status status = CheckDependencies(catalogue, *app, *cluster);
      if (status) {
        status = FillTemplates(*app, VariablesOf(*app, *cluster, target.cluster_id), target);
      }
      if (status) {
        resolution.targets.push_back(std::move(target));
      } else {
        resolution.errors.push_back(
            {app->name, cluster->name, NotEnrolled(status.error(), *cluster, target.cluster_id)});
      }
    }
  }
  return resolution;
}

std::string RenderKey(const TargetSpec& target) {
  object::Array api_versions;
  for (const std::string& version : target.api_versions) api_versions.emplace_back(version);
  object::Object key;
  key["repo"] = target.repo_key;
  key["revision"] = target.revision;
  key["path"] = target.path;
  key["kind"] = Name(target.kind);
  key["options"] = target.options;
  key["namespace"] = target.namespace_;
  key["kubeVersion"] = target.kube_version;
  key["apiVersions"] = std::move(api_versions);
  return object::CanonicalJson(object::Value(std::move(key)));
}

}  // namespace dunlin::catalog
