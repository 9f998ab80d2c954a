// argoproj.io/v1alpha1 Application, read as it is: https://argo-cd.readthedocs.io/en/stable/
// operator-manual/application.yaml lists the fields. What Dunlin does not do is kUnsupported and
// named; what only matters inside Argo CD (status, operation, info, finalizers, …) is accepted.
#include <algorithm>
#include <array>
#include <utility>

#include "hub/catalog/names.h"
#include "hub/catalog/parse.h"
#include "hub/catalog/path.h"
#include "hub/catalog/render_options.h"
#include "hub/catalog/repo_url.h"
#include "protocol/base/limits.h"
#include "protocol/base/nearest.h"

namespace dunlin::catalog {
namespace {

void ReadSource(Fields& source, App& app) {
  app.repo = source.RequiredString("repoURL");
  if (!app.repo.empty()) {
    const auto url = ParseRepoUrl(app.repo);
    if (!url) source.Fail("repoURL", url.error().message, url.error().code);
  }
  app.revision = source.String("targetRevision", "HEAD");
  if (app.revision.empty()) app.revision = "HEAD";
  if (app.revision.size() > limits::kRevisionBytes) {
    source.Fail("targetRevision", "must be a branch, a tag or a commit id");
  }
  if (const auto clean = CleanPath(source.String("path"))) {
    app.path = *clean;
  } else {
    source.Fail("path", clean.error().message, clean.error().code);
  }
  source.Unsupported("chart", "charts come from Git; a chart repository cannot be a source yet");
  source.Unsupported("plugin", "no foreign code runs in the renderer");
  source.Unsupported("ref", "one source is supported");
  source.Ignore({"name"});
  app.render = ReadApplicationRender(source);
  source.Finish();
}

void ReadSources(Fields& spec, App& app) {
  std::vector<Fields> sources = spec.Objects("sources");
  spec.Unsupported("sourceHydrator", "commit the rendered manifests and name them in source");
  if (sources.size() > 1) {
    spec.Fail("sources",
              "app " + app.name.str() + " has " + std::to_string(sources.size()) +
                  " sources; this version supports one",
              Errc::kUnsupported);
    return;
  }
  // Argo CD: sources wins over source.
  if (sources.size() == 1) {
    spec.Ignore({"source"});
    return ReadSource(sources.front(), app);
  }
  if (!spec.Has("source")) spec.Fail("source", "is missing");
  Fields source = spec.Object("source");
  if (source.present()) ReadSource(source, app);
}

void ReadDestination(Fields destination, App& app) {
  const std::string name = destination.String("name");
  std::string server = destination.String("server");
  while (!server.empty() && server.back() == '/') server.pop_back();
  app.namespace_ = destination.String("namespace");
  if (!app.namespace_.empty() && !IsDnsLabel(app.namespace_)) {
    destination.Fail("namespace", "must be a namespace's name");
  }
  if (name.empty() == server.empty()) {
    destination.Fail("", "must name the cluster, by name or by server, not both");
  }
  if (!name.empty()) app.clusters.names = {name};
  app.clusters.server = server;
  destination.Finish();
}

struct KnownOption {
  std::string_view name;
  bool fixed;  // the value must be true or false
};

// https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/
constexpr std::array kSyncOptions = {
    KnownOption{"Validate", true},
    KnownOption{"CreateNamespace", true},
    KnownOption{"PruneLast", true},
    KnownOption{"ApplyOutOfSyncOnly", true},
    KnownOption{"RespectIgnoreDifferences", true},
    KnownOption{"Replace", true},
    KnownOption{"Force", true},
    KnownOption{"ServerSideApply", true},
    KnownOption{"FailOnSharedResource", true},
    KnownOption{"SkipDryRunOnMissingResource", true},
    KnownOption{"ClientSideApplyMigration", true},
    KnownOption{"Prune", false},
    KnownOption{"Delete", false},
    KnownOption{"PrunePropagationPolicy", false},
};

void ReadSyncOptions(Fields& policy, SyncPolicy& sync) {
  std::vector<std::string> names;
  for (const KnownOption& option : kSyncOptions) names.emplace_back(option.name);
  for (const std::string& text : policy.Strings("syncOptions")) {
    const size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : text.substr(equals + 1);
    const auto known = std::find_if(kSyncOptions.begin(), kSyncOptions.end(),
                                    [&](const KnownOption& o) { return o.name == name; });
    const bool is_bool = value == "true" || value == "false";
    if (known == kSyncOptions.end() || value.empty() || (known->fixed && !is_bool)) {
      policy.Warn("syncOptions", "\"" + text + "\" is not a known sync option and has no effect" +
                                     DidYouMean(name, names));
      continue;
    }
    if (name == "ServerSideApply" && value == "true") sync.apply = ApplyMode::kSsa;
    if (name == "CreateNamespace") sync.create_namespace = value == "true";
    if (name == "Prune" && value == "false") sync.prune = false;
    sync.options.push_back(text);
  }
}

void ReadSyncPolicy(Fields policy, SyncPolicy& sync) {
  Fields automated = policy.Object("automated");
  sync.automatic = automated.present() && automated.Bool("enabled", true);
  sync.prune = automated.Bool("prune", false);
  sync.self_heal = automated.Bool("selfHeal", false);
  sync.allow_empty = automated.Bool("allowEmpty", false);
  automated.Finish();
  ReadSyncOptions(policy, sync);
  Fields retry = policy.Object("retry");
  sync.retry.limit = static_cast<int>(retry.Int("limit", 5, -1, 1000));
  retry.Ignore({"refresh"});
  Fields backoff = retry.Object("backoff");
  sync.retry.backoff = backoff.Duration("duration", Millis{100});
  backoff.Ignore({"factor", "maxDuration"});  // ours doubles and is capped (design D13)
  backoff.Finish();
  retry.Finish();
  Fields metadata = policy.Object("managedNamespaceMetadata");
  sync.namespace_labels = metadata.Map("labels");
  sync.namespace_annotations = metadata.Map("annotations");
  metadata.Finish();
  policy.Finish();
}

// Without one of these Argo CD leaves the objects where they are when the Application is deleted:
// https://argo-cd.readthedocs.io/en/stable/user-guide/app_deletion/
constexpr std::string_view kDeletesObjects = "resources-finalizer.argocd.argoproj.io";

bool KeepsOnRemoval(const object::Value* metadata) {
  const object::Array* finalizers =
      metadata == nullptr ? nullptr : object::FindArray(*metadata, {"finalizers"});
  if (finalizers == nullptr) return true;
  return std::none_of(finalizers->begin(), finalizers->end(), [](const object::Value& finalizer) {
    if (!finalizer.is_string()) return false;
    const std::string_view name = object::View(finalizer.get_string());
    // ".../foreground" and ".../background" choose how, not whether.
    return name == kDeletesObjects || name.starts_with(std::string(kDeletesObjects) + "/");
  });
}

void ReadIgnoreDifferences(Fields& spec, SyncPolicy& sync) {
  for (Fields& item : spec.Objects("ignoreDifferences")) {
    IgnoreRule rule;
    rule.group = item.String("group");
    rule.kind = item.RequiredString("kind");
    rule.name = item.String("name");
    rule.namespace_ = item.String("namespace");
    rule.paths = item.Strings("jsonPointers");
    rule.managers = item.Strings("managedFieldsManagers");
    const object::Value* jq = item.Raw("jqPathExpressions");
    if (jq != nullptr && !(jq->is_array() && jq->get_array().empty())) {
      item.Fail("jqPathExpressions", "is not supported: use jsonPointers", Errc::kUnsupported);
    }
    item.Finish();
    sync.ignore.push_back(std::move(rule));
  }
}

}  // namespace

App ReadApplication(Fields& root, const std::string& name) {
  App app;
  app.name = AppName(name);
  app.application = true;
  root.Ignore({"metadata", "status", "operation"});
  if (!root.Has("spec")) root.Fail("spec", "is missing");
  Fields spec = root.Object("spec");
  if (!spec.present()) return app;
  app.project = spec.String("project", "default");
  if (app.project != "default") {
    spec.Warn("project", "the rules of project \"" + app.project +
                             "\" are not enforced: AppProject is not supported by this version");
  }
  ReadSources(spec, app);
  ReadDestination(spec.Object("destination"), app);
  ReadSyncPolicy(spec.Object("syncPolicy"), app.sync);
  app.sync.keep_on_removal = KeepsOnRemoval(root.Raw("metadata"));
  ReadIgnoreDifferences(spec, app.sync);
  spec.Ignore({"info", "revisionHistoryLimit"});
  spec.Finish();
  return app;
}

}  // namespace dunlin::catalog
