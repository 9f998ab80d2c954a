#include "hub/catalog/parse.h"

#include "hub/catalog/names.h"
#include "hub/catalog/repo_url.h"
#include "protocol/base/nearest.h"

namespace dunlin::catalog {
namespace {

constexpr std::string_view kOurs = "dunlin.dev/v1";
constexpr std::string_view kArgo = "argoproj.io/v1alpha1";

// A plain file name of the hub's credentials directory: never a path.
std::string ReadFileName(Fields& fields, std::string_view name) {
  std::string file = fields.String(name);
  if (!file.empty() && (!IsLabelValue(file))) {
    fields.Fail(name, "must be the plain name of a file in the hub's credentials directory");
  }
  return file;
}

void ReadLabels(Fields& metadata, StringMap& labels) {
  labels = metadata.Map("labels");
  for (const auto& [key, value] : labels) {
    if (!IsLabelKey(key) || !IsLabelValue(value)) {
      metadata.Fail("labels", "\"" + key + ": " + value + "\" is no valid label");
    }
  }
}

Cluster ReadCluster(Fields& root, const std::string& name) {
  Cluster cluster;
  cluster.name = name;
  Fields metadata = root.Object("metadata");
  metadata.Ignore({"name", "annotations"});
  ReadLabels(metadata, cluster.labels);
  metadata.Finish();
  Fields spec = root.Object("spec");
  cluster.region = spec.String("region");
  cluster.channel = spec.String("channel", "default");
  cluster.server = spec.String("server");
  while (!cluster.server.empty() && cluster.server.back() == '/') cluster.server.pop_back();
  if (!IsLabelValue(cluster.region)) {
    spec.Fail("region", "must be letters, digits, '-', '_' and '.', at most 63");
  }
  if (cluster.channel.empty() || !IsLabelValue(cluster.channel)) {
    spec.Fail("channel", "must be letters, digits, '-', '_' and '.', at most 63");
  }
  spec.Finish();
  return cluster;
}

Source ReadSource(Fields& root, const std::string& name) {
  Source source;
  source.name = name;
  Fields metadata = root.Object("metadata");
  metadata.Ignore({"name", "labels", "annotations"});
  metadata.Finish();
  Fields spec = root.Object("spec");
  source.repo = spec.RequiredString("repo");
  if (!source.repo.empty()) {
    const auto url = ParseRepoUrl(source.repo);
    if (!url) spec.Fail("repo", url.error().message, url.error().code);
  }
  source.poll = spec.Duration("poll", Millis{0});
  if (spec.Has("poll") && source.poll < Millis{1000}) spec.Fail("poll", "must be at least 1s");
  Fields credentials = spec.Object("credentials");
  source.username = credentials.String("username");
  source.password_file = ReadFileName(credentials, "passwordFile");
  source.ssh_key_file = ReadFileName(credentials, "sshKeyFile");
  source.known_hosts_file = ReadFileName(credentials, "knownHostsFile");
  source.ca_file = ReadFileName(credentials, "caFile");
  credentials.Unsupported("password",
                          "a secret does not belong into the catalogue; name a file of "
                          "the hub's credentials directory in passwordFile");
  credentials.Finish();
  Fields signature = spec.Object("signature");
  if (signature.String("mode", "none") != "none") {
    signature.Fail("mode", "is not supported: this version does not verify commit signatures",
                   Errc::kUnsupported);
  }
  if (signature.present()) signature.Finish();
  spec.Unsupported("webhook", "this version polls; set spec.poll");
  spec.Finish();
  return source;
}

}  // namespace

std::string_view Name(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kApp:
      return "App";
    case ObjectKind::kCluster:
      return "Cluster";
    case ObjectKind::kSource:
      return "Source";
    case ObjectKind::kHealthRule:
      return "HealthRule";
  }
  return "App";
}

std::string ObjectId::Text() const { return std::string(Name(kind)) + " " + name; }

bool IsForeignKind(const object::Value& document) {
  const std::string_view kind = object::FindString(document, {"kind"});
  return object::FindString(document, {"apiVersion"}) == kArgo &&
         (kind == "AppProject" || kind == "ApplicationSet");
}

bool MayBeOurs(const object::Value& document) {
  if (IsForeignKind(document)) return false;
  const std::string_view api = object::FindString(document, {"apiVersion"});
  const std::string_view kind = object::FindString(document, {"kind"});
  if (api.empty() || kind.empty()) return true;
  return !Nearest(api, {std::string(kOurs)}).empty() ||
         !Nearest(kind, {"App", "Cluster", "Source", "HealthRule", "Application"}).empty();
}

Result<ObjectId> IdOf(const object::Value& document) {
  if (!document.is_object()) {
    return MakeError(Errc::kInvalidArgument, "a catalogue document must be a mapping");
  }
  const std::string_view api = object::FindString(document, {"apiVersion"});
  const std::string_view kind = object::FindString(document, {"kind"});
  if (api.empty()) return MakeError(Errc::kInvalidArgument, "apiVersion: is missing");
  if (kind.empty()) return MakeError(Errc::kInvalidArgument, "kind: is missing");
  ObjectId id;
  if (api == kArgo && kind == "Application") {
    id.kind = ObjectKind::kApp;
  } else if (api == kOurs && kind == "App") {
    id.kind = ObjectKind::kApp;
  } else if (api == kOurs && kind == "Cluster") {
    id.kind = ObjectKind::kCluster;
  } else if (api == kOurs && kind == "Source") {
    id.kind = ObjectKind::kSource;
  } else if (api == kOurs && kind == "HealthRule") {
    id.kind = ObjectKind::kHealthRule;
  } else {
    const std::string text = std::string(api) + " " + std::string(kind);
    return MakeError(
        Errc::kUnsupported,
        text + " is not a kind of the catalogue" +
            DidYouMean(text, {"dunlin.dev/v1 App", "dunlin.dev/v1 Cluster", "dunlin.dev/v1 Source",
                              "dunlin.dev/v1 HealthRule", "argoproj.io/v1alpha1 Application"}));
  }
  id.name = std::string(object::FindString(document, {"metadata", "name"}));
  if (!IsDnsName(id.name)) {
    return MakeError(Errc::kInvalidArgument,
                     "metadata.name: must be lower-case letters, digits, '-' and '.', starting and "
                     "ending with a letter or digit");
  }
  return id;
}

Result<ParsedObject> ParseObject(const object::Value& document) {
  TRY(const ObjectId id, IdOf(document));
  Problems problems;
  Fields root(&document, "", &problems);
  root.Ignore({"apiVersion", "kind"});
  ParsedObject parsed;
  switch (id.kind) {
    case ObjectKind::kApp: {
      const bool argo = object::FindString(document, {"apiVersion"}) == kArgo;
      auto app =
          std::make_shared<App>(argo ? ReadApplication(root, id.name) : ReadApp(root, id.name));
      app->warnings = problems.warnings();
      parsed = std::shared_ptr<const App>(std::move(app));
      break;
    }
    case ObjectKind::kCluster:
      parsed = std::make_shared<const Cluster>(ReadCluster(root, id.name));
      break;
    case ObjectKind::kSource:
      parsed = std::make_shared<const Source>(ReadSource(root, id.name));
      break;
    case ObjectKind::kHealthRule:
      parsed = std::make_shared<const HealthRule>(ReadHealthRule(root, id.name));
      break;
  }
  root.Finish();
  if (!problems.empty()) return problems.ToError();
  return parsed;
}

}  // namespace dunlin::catalog
