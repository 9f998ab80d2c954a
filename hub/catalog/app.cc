// spec of dunlin.dev/v1 App.
#include <algorithm>
#include <charconv>

#include "hub/catalog/names.h"
#include "hub/catalog/parse.h"
#include "hub/catalog/path.h"
#include "hub/catalog/render_options.h"
#include "hub/catalog/repo_url.h"
#include "hub/catalog/template.h"
#include "protocol/base/limits.h"

namespace dunlin::catalog {
namespace {

void ReadSourceRef(Fields source, App& app) {
  app.repo = source.RequiredString("repo");
  if (!app.repo.empty()) {
    const auto url = ParseRepoUrl(app.repo);
    if (!url) source.Fail("repo", url.error().message, url.error().code);
  }
  app.revision = source.String("revision", "HEAD");
  if (app.revision.empty() || app.revision.size() > limits::kRevisionBytes) {
    source.Fail("revision", "must be a branch, a tag or a commit id");
  }
  const std::string path = source.String("path");
  if (HasTemplate(path)) {
    const Status checked = CheckTemplate(path, TemplateUse::kPath);
    if (!checked) source.Fail("path", checked.error().message);
    app.path = path;
  } else if (const auto clean = CleanPath(path)) {
    app.path = *clean;
  } else {
    source.Fail("path", clean.error().message, clean.error().code);
  }
  source.Finish();
}

// Reports unknown variables anywhere in the renderer's options.
void CheckOptions(const object::Value& value, Fields& render) {
  if (const auto* text = value.if_string()) {
    const Status checked = CheckTemplate(object::View(*text), TemplateUse::kValue);
    if (!checked) render.Fail("", checked.error().message);
  } else if (const auto* array = value.if_array()) {
    for (const object::Value& item : *array) CheckOptions(item, render);
  } else if (const auto* object = value.if_object()) {
    for (const auto& member : *object) CheckOptions(member.value(), render);
  }
}

void ReadSelector(Fields clusters, Selector& selector) {
  selector.match_labels = clusters.Map("matchLabels");
  selector.regions = clusters.Strings("regions");
  selector.names = clusters.Strings("names");
  for (const auto& [key, value] : selector.match_labels) {
    if (!IsLabelKey(key) || !IsLabelValue(value)) {
      clusters.Fail("matchLabels", "\"" + key + ": " + value + "\" is no valid label");
    }
  }
  clusters.Finish();
}

bool IsPointer(const std::string& path) { return path.empty() || path.front() == '/'; }

void ReadIgnore(Fields& sync, SyncPolicy& policy) {
  for (Fields& item : sync.Objects("ignore")) {
    IgnoreRule rule;
    rule.group = item.String("group");
    rule.kind = item.String("kind");
    rule.name = item.String("name");
    rule.namespace_ = item.String("namespace");
    rule.paths = item.Strings("paths");
    rule.managers = item.Strings("managers");
    if (!std::all_of(rule.paths.begin(), rule.paths.end(), IsPointer)) {
      item.Fail("paths", "must be JSON pointers, such as /spec/replicas");
    }
    if (rule.paths.empty() && rule.managers.empty()) {
      item.Fail("", "ignores nothing: name paths or managers");
    }
    item.Finish();
    policy.ignore.push_back(std::move(rule));
  }
}

void ReadSync(Fields sync, SyncPolicy& policy) {
  policy.prune = sync.Bool("prune", true);
  policy.self_heal = sync.Bool("selfHeal", true);
  policy.allow_empty = sync.Bool("allowEmpty", false);
  // An App that names a namespace expects it to be there; an Application says so itself (Argo CD's
  // CreateNamespace option).
  policy.create_namespace = sync.Bool("createNamespace", true);
  policy.apply = sync.Enum("apply", ApplyMode::kMerge3,
                           {{"merge3", ApplyMode::kMerge3}, {"ssa", ApplyMode::kSsa}});
  policy.adopt = sync.Enum("adopt", AdoptMode::kAdoptIfUnowned,
                           {{"adopt-if-unowned", AdoptMode::kAdoptIfUnowned},
                            {"must-match", AdoptMode::kMustMatch},
                            {"adopt-all", AdoptMode::kAdoptAll}});
  Fields retry = sync.Object("retry");
  policy.retry.limit = static_cast<int>(retry.Int("limit", 5, -1, 1000));
  policy.retry.backoff = retry.Duration("backoff", Millis{100});
  retry.Finish();
  ReadIgnore(sync, policy);
  sync.Finish();
}

bool IsCountOrPercent(std::string_view text) {
  const bool percent = !text.empty() && text.back() == '%';
  if (percent) text.remove_suffix(1);
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number > 0 &&
         number <= (percent ? 100 : 1'000'000);
}

void ReadRollout(Fields& spec, App& app) {
  Fields fields = spec.Object("rollout");
  if (!fields.present()) return;
  Rollout rollout;
  rollout.order = fields.Strings("order");
  const object::Value* unavailable = fields.Raw("maxUnavailable");
  rollout.max_unavailable = unavailable != nullptr && unavailable->is_int64()
                                ? std::to_string(unavailable->get_int64())
                                : fields.String("maxUnavailable");
  if (!rollout.max_unavailable.empty() && !IsCountOrPercent(rollout.max_unavailable)) {
    fields.Fail("maxUnavailable", "must be a positive number or a percentage");
  }
  rollout.soak = fields.Duration("soak", Millis{0});
  // Somebody who asks for an approval must never get a rollout without one.
  if (fields.String("approval", "none") != "none") {
    fields.Fail("approval", "is not supported by this version; only none", Errc::kUnsupported);
  }
  fields.Warn("", "is read but not enforced by this version: all clusters change at once");
  fields.Finish();
  app.rollout = std::move(rollout);
}

void ReadDependencies(Fields& spec, App& app) {
  for (const std::string& name : spec.Strings("dependsOn")) {
    if (!IsDnsName(name)) spec.Fail("dependsOn", "\"" + name + "\" is no app name");
    if (name == app.name.str()) spec.Fail("dependsOn", "an app cannot depend on itself");
    app.depends_on.emplace_back(name);
  }
}

void ReadServiceAccount(Fields& spec, App& app) {
  app.service_account = spec.String("serviceAccount");
  if (app.service_account.empty()) return;
  const size_t slash = app.service_account.find('/');
  const std::string_view text = app.service_account;
  if (slash == std::string_view::npos || !IsDnsLabel(text.substr(0, slash)) ||
      !IsDnsName(text.substr(slash + 1))) {
    spec.Fail("serviceAccount", "must be namespace/name");
  }
}

}  // namespace

App ReadApp(Fields& root, const std::string& name) {
  App app;
  app.name = AppName(name);
  Fields metadata = root.Object("metadata");
  metadata.Ignore({"name", "labels", "annotations"});
  metadata.Finish();
  Fields spec = root.Object("spec");
  if (!spec.Has("source")) spec.Fail("source", "is missing");
  ReadSourceRef(spec.Object("source"), app);
  Fields render = spec.Object("render");
  app.render = ReadRender(render);
  CheckOptions(app.render.options, render);
  app.namespace_ = spec.String("namespace");
  if (!app.namespace_.empty() && !IsDnsLabel(app.namespace_)) {
    spec.Fail("namespace", "must be a namespace's name");
  }
  ReadServiceAccount(spec, app);
  ReadDependencies(spec, app);
  ReadSelector(spec.Object("clusters"), app.clusters);
  app.priority = spec.String("priority", "normal");
  if (!IsDnsName(app.priority)) {
    spec.Fail("priority", "must be critical, high, normal, low or a PriorityClass name");
  }
  ReadSync(spec.Object("sync"), app.sync);
  ReadRollout(spec, app);
  spec.Finish();
  return app;
}

}  // namespace dunlin::catalog
