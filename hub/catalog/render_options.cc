#include "hub/catalog/render_options.h"

#include "hub/catalog/names.h"
#include "hub/catalog/path.h"

namespace dunlin::catalog {
namespace {

void Put(object::Object& to, std::string_view name, const std::string& text) {
  if (!text.empty()) to[name] = text;
}

void Put(object::Object& to, std::string_view name, bool value) {
  if (value) to[name] = true;
}

void Put(object::Object& to, std::string_view name, const std::vector<std::string>& list) {
  if (list.empty()) return;
  object::Array array;
  for (const std::string& text : list) array.emplace_back(text);
  to[name] = std::move(array);
}

void Put(object::Object& to, std::string_view name, const StringMap& map) {
  if (map.empty()) return;
  object::Object object;
  for (const auto& [key, value] : map) object[key] = value;
  to[name] = std::move(object);
}

void RefuseWhenTrue(Fields& fields, std::string_view name, const std::string& why) {
  if (fields.Bool(name, false)) fields.Fail(name, "is not supported: " + why, Errc::kUnsupported);
}

// Paths that the renderer opens: relative to the chart or kustomization, or from the root of the
// repository with a leading '/'. Never a URL: the sandbox has no network.
std::vector<std::string> ReadPaths(Fields& fields, std::string_view name, bool from_root) {
  std::vector<std::string> paths = fields.Strings(name);
  for (const std::string& path : paths) {
    if (path.find("://") != std::string::npos) {
      fields.Fail(name, "\"" + path + "\" is a URL; only files of the repository can be read",
                  Errc::kUnsupported);
      continue;
    }
    const bool absolute = from_root && !path.empty() && path.front() == '/';
    const auto clean = CleanPath(std::string_view(path).substr(absolute ? 1 : 0));
    if (!clean) fields.Fail(name, clean.error().message, clean.error().code);
  }
  return paths;
}

// Kustomize components and Argo CD's value files may point beside the application's own directory
// ("../values.yaml"): the worker resolves and contains them, so only URLs and absolute paths of the
// machine are decided here.
std::vector<std::string> ReadRelatives(Fields& fields, std::string_view name) {
  std::vector<std::string> paths = fields.Strings(name);
  for (const std::string& path : paths) {
    if (path.find("://") != std::string::npos || path.find("github.com/") == 0) {
      fields.Fail(name, "\"" + path + "\" is a URL; only files of the repository can be read",
                  Errc::kUnsupported);
    } else if (!path.empty() && path.front() == '/') {
      fields.Fail(name, "\"" + path + "\" is absolute; write it relative to spec.source.path");
    }
  }
  return paths;
}

// Helm's --set grammar splits at commas; Argo CD escapes them unless the value is a {list}.
std::string SetText(const std::string& name, const std::string& value) {
  if (value.size() >= 2 && value.front() == '{' && value.back() == '}') return name + "=" + value;
  std::string text = name + "=";
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] == ',' && (i == 0 || value[i - 1] != '\\')) text += '\\';
    text += value[i];
  }
  return text;
}

void ReadParameters(Fields& helm, object::Object& options) {
  std::vector<std::string> set;
  std::vector<std::string> set_string;
  for (Fields& parameter : helm.Objects("parameters")) {
    const std::string name = parameter.RequiredString("name");
    const std::string value = parameter.String("value");
    (parameter.Bool("forceString", false) ? set_string : set).push_back(SetText(name, value));
    parameter.Finish();
  }
  Put(options, "set", set);
  Put(options, "setString", set_string);
}

void ReadHelmCommon(Fields& helm, Render& render, object::Object& options) {
  Put(options, "releaseName", helm.String("releaseName"));
  Put(options, "ignoreMissingValueFiles", helm.Bool("ignoreMissingValueFiles", false));
  Put(options, "skipCrds", helm.Bool("skipCrds", false));
  Put(options, "skipTests", helm.Bool("skipTests", false));
  Put(options, "skipSchemaValidation", helm.Bool("skipSchemaValidation", false));
  ReadParameters(helm, options);
  render.kube_version = helm.String("kubeVersion");
  render.api_versions = helm.Strings("apiVersions");
  helm.Unsupported("fileParameters", "write the value into a value file");
}

object::Object ReadHelm(Fields& helm, Render& render) {
  object::Object options;
  ReadHelmCommon(helm, render, options);
  Put(options, "valueFiles", ReadPaths(helm, "valueFiles", true));
  if (const object::Value* values = helm.Raw("values")) {
    if (values->is_object() || values->is_string()) {
      options["values"] = *values;
    } else {
      helm.Fail("values", "must be a mapping, or a text that holds one in YAML");
    }
  }
  return options;
}

object::Object ReadApplicationHelm(Fields& helm, Render& render) {
  object::Object options;
  ReadHelmCommon(helm, render, options);
  std::vector<std::string> files = helm.Strings("valueFiles");
  for (const std::string& file : files) {
    if (file.find("://") != std::string::npos) {
      helm.Fail("valueFiles", "\"" + file + "\" is a URL; the renderer has no network",
                Errc::kUnsupported);
    } else if (!file.empty() && file.front() == '$') {
      helm.Fail("valueFiles", "\"" + file + "\" names another source; one source is supported",
                Errc::kUnsupported);
    }
  }
  Put(options, "valueFiles", files);
  // Argo CD: valuesObject wins over values.
  const object::Value* object = helm.Raw("valuesObject");
  const std::string text = helm.String("values");
  if (object != nullptr && !object->is_object()) {
    helm.Fail("valuesObject", "must be a mapping");
  } else if (object != nullptr) {
    options["values"] = *object;
  } else {
    Put(options, "values", text);
  }
  if (const std::string version = helm.String("version", "v3"); version != "v3") {
    helm.Fail("version", "is not supported: charts are rendered as Helm 3 does",
              Errc::kUnsupported);
  }
  helm.Unsupported("namespace", "a release is rendered for destination.namespace");
  helm.Ignore({"passCredentials"});  // matters only for fetching charts
  return options;
}

void ReadReplicas(Fields& kustomize, object::Object& options) {
  object::Array replicas;
  for (Fields& item : kustomize.Objects("replicas")) {
    object::Object replica;
    replica["name"] = item.RequiredString("name");
    replica["count"] = item.Int("count", 0, 0, 1'000'000);
    if (!item.Has("count")) item.Fail("count", "is missing");
    item.Finish();
    replicas.emplace_back(std::move(replica));
  }
  if (!replicas.empty()) options["replicas"] = std::move(replicas);
}

object::Object ReadKustomize(Fields& kustomize) {
  object::Object options;
  Put(options, "namePrefix", kustomize.String("namePrefix"));
  Put(options, "nameSuffix", kustomize.String("nameSuffix"));
  Put(options, "namespace", kustomize.String("namespace"));
  Put(options, "images", kustomize.Strings("images"));
  Put(options, "commonLabels", kustomize.Map("commonLabels"));
  Put(options, "commonAnnotations", kustomize.Map("commonAnnotations"));
  Put(options, "components", ReadRelatives(kustomize, "components"));
  ReadReplicas(kustomize, options);
  if (const object::Value* patches = kustomize.Raw("patches")) {
    if (!patches->is_array()) {
      kustomize.Fail("patches", "must be a list");
    } else if (!patches->get_array().empty()) {
      options["patches"] = *patches;
    }
  }
  return options;
}

void RefuseApplicationKustomize(Fields& kustomize) {
  const std::string fixed = "Kustomize is the version that is built in";
  kustomize.Unsupported("version", fixed);
  kustomize.Unsupported("kubeVersion", "charts inside a kustomization are not rendered");
  kustomize.Unsupported("apiVersions", "charts inside a kustomization are not rendered");
  const std::string labels = "put the labels into the kustomization";
  RefuseWhenTrue(kustomize, "forceCommonLabels", labels);
  RefuseWhenTrue(kustomize, "forceCommonAnnotations", labels);
  RefuseWhenTrue(kustomize, "labelWithoutSelector", labels);
  RefuseWhenTrue(kustomize, "labelIncludeTemplates", labels);
  RefuseWhenTrue(kustomize, "commonAnnotationsEnvsubst", "no build environment is filled in");
  RefuseWhenTrue(kustomize, "ignoreMissingComponents", "name only components that exist");
}

object::Object ReadDirectory(Fields& directory) {
  object::Object options;
  Put(options, "recurse", directory.Bool("recurse", false));
  Put(options, "include", directory.String("include"));
  Put(options, "exclude", directory.String("exclude"));
  return options;
}

object::Object Variable(const std::string& name, const std::string& value, bool code) {
  object::Object variable;
  variable["name"] = name;
  variable["value"] = value;
  if (code) variable["code"] = true;
  return variable;
}

// A list of {name, value, code} as in Argo CD, or a mapping of texts.
void ReadVariables(Fields& jsonnet, std::string_view name, object::Object& options) {
  object::Array list;
  const object::Value* raw = jsonnet.Raw(name);
  if (raw != nullptr && raw->is_object()) {
    for (const auto& [key, value] : jsonnet.Map(name)) {
      list.emplace_back(Variable(key, value, false));
    }
  } else {
    for (Fields& item : jsonnet.Objects(name)) {
      const std::string key = item.RequiredString("name");
      const std::string value = item.String("value");
      list.emplace_back(Variable(key, value, item.Bool("code", false)));
      item.Finish();
    }
  }
  if (!list.empty()) options[name] = std::move(list);
}

object::Object ReadJsonnet(Fields& jsonnet) {
  object::Object options;
  ReadVariables(jsonnet, "tlas", options);
  ReadVariables(jsonnet, "extVars", options);
  Put(options, "libs", ReadPaths(jsonnet, "libs", false));
  return options;
}

void Keep(Render& render, std::string_view block, object::Object options) {
  if (!options.empty()) render.options[block] = std::move(options);
}

void ReadBlock(Render& render, RenderKind kind, Fields& fields) {
  switch (kind) {
    case RenderKind::kAuto:
      return;
    case RenderKind::kPlain:
      return Keep(render, "directory", ReadDirectory(fields));
    case RenderKind::kKustomize:
      return Keep(render, "kustomize", ReadKustomize(fields));
    case RenderKind::kHelm:
      return Keep(render, "helm", ReadHelm(fields, render));
    case RenderKind::kJsonnet:
      Keep(render, "directory", ReadDirectory(fields));
      return Keep(render, "jsonnet", ReadJsonnet(fields));
  }
}

constexpr RenderKind kKinds[] = {RenderKind::kPlain, RenderKind::kKustomize, RenderKind::kHelm,
                                 RenderKind::kJsonnet};

}  // namespace

Render ReadRender(Fields render) {
  Render result;
  result.kind = render.Enum("kind", RenderKind::kAuto,
                            {{"auto", RenderKind::kAuto},
                             {"plain", RenderKind::kPlain},
                             {"kustomize", RenderKind::kKustomize},
                             {"helm", RenderKind::kHelm},
                             {"jsonnet", RenderKind::kJsonnet}});
  const bool named = render.Has("kind");
  int blocks = 0;
  for (const RenderKind kind : kKinds) {
    Fields block = render.Object(Name(kind));
    if (!block.present()) continue;
    if (named && result.kind != RenderKind::kAuto && result.kind != kind) {
      render.Fail(Name(kind),
                  "has no effect: spec.render.kind is " + std::string(Name(result.kind)));
    }
    ReadBlock(result, kind, block);
    block.Finish();
    if (!named) result.kind = kind;
    ++blocks;
  }
  if (!named && blocks > 1) result.kind = RenderKind::kAuto;
  if (blocks == 0) ReadBlock(result, result.kind, render);
  render.Finish();
  return result;
}

Render ReadApplicationRender(Fields& source) {
  Render result;
  Fields helm = source.Object("helm");
  Fields kustomize = source.Object("kustomize");
  Fields directory = source.Object("directory");
  if (int{helm.present()} + int{kustomize.present()} + int{directory.present()} > 1) {
    source.Fail("", "only one of helm, kustomize and directory may be there");
  }
  if (helm.present()) {
    result.kind = RenderKind::kHelm;
    Keep(result, "helm", ReadApplicationHelm(helm, result));
    helm.Finish();
  }
  if (kustomize.present()) {
    result.kind = RenderKind::kKustomize;
    Keep(result, "kustomize", ReadKustomize(kustomize));
    RefuseApplicationKustomize(kustomize);
    kustomize.Finish();
  }
  if (directory.present()) {
    Keep(result, "directory", ReadDirectory(directory));
    Fields jsonnet = directory.Object("jsonnet");
    object::Object variables = ReadJsonnet(jsonnet);
    jsonnet.Finish();
    directory.Finish();
    result.kind = variables.empty() ? RenderKind::kPlain : RenderKind::kJsonnet;
    Keep(result, "jsonnet", std::move(variables));
  }
  return result;
}

}  // namespace dunlin::catalog
