// The catalogue's objects as values (design.md section 6). An Argo CD Application becomes an App,
// so that nothing behind the parser knows of two kinds of apps. Values are complete and valid:
// parsing is the only way to make them outside tests.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hub/catalog/fields.h"
#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "protocol/object/value.h"

namespace dunlin::catalog {

enum class RenderKind { kAuto, kPlain, kKustomize, kHelm, kJsonnet };
std::string_view Name(RenderKind kind);  // "auto", "plain", …: the worker's word

// How to turn a directory into objects. `options` is what the render worker gets for one target
// (see render_options.h), before template variables are filled in.
struct Render {
  RenderKind kind = RenderKind::kAuto;
  object::Object options;
  std::string kube_version;               // "": that of the cluster
  std::vector<std::string> api_versions;  // empty: those of the cluster
};

struct Cluster {
  std::string name;
  StringMap labels;
  std::string region;
  std::string channel = "default";
  std::string server;  // what an Application's destination.server names; may be empty
};

// Which clusters an app runs in. All conditions hold together; an empty one always holds.
struct Selector {
  StringMap match_labels;
  std::vector<std::string> regions;
  std::vector<std::string> names;
  std::string server;

  bool Matches(const Cluster& cluster) const;
};

// Differences that are not drift and that the merge leaves alone.
struct IgnoreRule {
  std::string group;  // "" = any, as kind, name and namespace
  std::string kind;
  std::string name;
  std::string namespace_;
  std::vector<std::string> paths;     // JSON pointers
  std::vector<std::string> managers;  // field managers whose fields are left alone
};

enum class ApplyMode { kMerge3, kSsa };
std::string_view Name(ApplyMode mode);  // "merge3", "ssa"
enum class AdoptMode { kAdoptIfUnowned, kMustMatch, kAdoptAll };
std::string_view Name(AdoptMode mode);  // "adopt-if-unowned", "must-match", "adopt-all"

struct Retry {
  int limit = 5;
  Millis backoff{100};
};

struct SyncPolicy {
  bool automatic = true;  // false (an Application without `automated`): only on `dunlin app sync`
  bool prune = true;
  bool keep_on_removal = false;  // the app's objects stay when the app leaves the catalogue
  bool self_heal = true;
  bool allow_empty = false;
  ApplyMode apply = ApplyMode::kMerge3;
  AdoptMode adopt = AdoptMode::kAdoptIfUnowned;
  Retry retry;
  std::vector<IgnoreRule> ignore;
  bool create_namespace = false;
  StringMap namespace_labels;
  StringMap namespace_annotations;
  std::vector<std::string> options;  // Argo CD's sync options, as written, known ones only
};

// Waves. Read, checked and shown; enforcing them is not this module's business.
struct Rollout {
  std::vector<std::string> order;  // regions, "*" = the rest
  std::string max_unavailable;     // "10%" or "3"
  Millis soak{0};
};

// How the health of custom resources is judged; `spec` is checked (protocol/healthrule).
struct HealthRule {
  std::string name;
  object::Value spec;
};

struct App {
  AppName name;
  bool application = false;  // was an Argo CD Application: no template variables
  std::string project;       // Argo CD's, for show
  std::string repo;          // as written, checked by ParseRepoUrl
  std::string revision = "HEAD";
  std::string path;  // clean (path.h) unless it holds template variables
  Render render;
  std::string namespace_;
  std::string service_account;  // "namespace/name" or empty
  std::vector<AppName> depends_on;
  Selector clusters;
  std::string priority = "normal";
  SyncPolicy sync;
  std::optional<Rollout> rollout;
  // Of the whole fleet, by name: no field of the App, ResolveTargets puts them here.
  std::vector<std::shared_ptr<const HealthRule>> health_rules;
  std::vector<std::string> warnings;
};

// How to reach the repositories with this RepoKey. Secrets are never in the catalogue: the *_file
// members are plain names of files in the hub's credentials directory.
struct Source {
  std::string name;
  std::string repo;
  Millis poll{0};  // 0: the hub's default
  std::string username;
  std::string password_file;
  std::string ssh_key_file;
  std::string known_hosts_file;
  std::string ca_file;
};

}  // namespace dunlin::catalog
