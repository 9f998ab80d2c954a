// `dunlin-hub render DIR`: what the hub would make of a directory, without a running hub.
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <filesystem>

#include "hub/app/local_tree.h"
#include "hub/app/paths.h"
#include "hub/app/scratch.h"
#include "hub/app/verbs.h"
#include "hub/render/sandbox_renderer.h"
#include "protocol/net/runtime.h"
#include "protocol/object/json.h"
#include "protocol/yaml/config_yaml.h"

namespace dunlin::hub {

namespace {

object::Array Texts(const std::vector<std::string>& texts) {
  object::Array out;
  for (const std::string& text : texts) out.emplace_back(text);
  return out;
}

// "name=value" as the render worker has it: {"name":…,"value":…}.
Result<object::Array> Variables(const std::vector<std::string>& texts) {
  object::Array out;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return MakeError(Errc::kInvalidArgument, text + " is not of the form NAME=VALUE");
    }
    out.push_back(
        object::Object{{"name", text.substr(0, equals)}, {"value", text.substr(equals + 1)}});
  }
  return out;
}

Result<std::string> TargetOptions(const RenderOptions& options, LocalTree& tree) {
  object::Object helm, jsonnet, out;
  object::Array value_files;
  for (const std::string& file : options.values) {
    TRY(const std::string name, NameInTree(file, tree));
    value_files.emplace_back(name);
  }
  // The worker takes the last part of the path, which the root of a tree does not have.
  std::string release = options.release_name;
  if (release.empty() && tree.path.empty()) release = std::filesystem::path(tree.root).filename();
  if (!release.empty()) helm["releaseName"] = release;
  if (!value_files.empty()) helm["valueFiles"] = std::move(value_files);
  if (!options.set.empty()) helm["set"] = Texts(options.set);
  TRY(object::Array tlas, Variables(options.tlas));
  if (!tlas.empty()) jsonnet["tlas"] = std::move(tlas);
  TRY(object::Array ext_vars, Variables(options.ext_vars));
  if (!ext_vars.empty()) jsonnet["extVars"] = std::move(ext_vars);
  if (!helm.empty()) out["helm"] = std::move(helm);
  if (!jsonnet.empty()) out["jsonnet"] = std::move(jsonnet);
  return out.empty() ? std::string() : object::CanonicalJson(out);
}

Result<render::RenderRequest> MakeRequest(const RenderOptions& options) {
  TRY(LocalTree tree, ReadLocalTree(options.directory));
  if (!tree.note.empty()) std::fprintf(stderr, "warning: %s\n", tree.note.c_str());
  render::RenderTarget target;
  target.id = "render";
  target.path = tree.path;
  target.kind = options.kind;
  target.namespace_ = options.namespace_;
  TRY(target.options, TargetOptions(options, tree));
  render::RenderRequest request;
  request.files = std::move(tree.files);
  request.targets.push_back(std::move(target));
  return request;
}

// An option that the found kind does not read would be ignored without a word.
Status CheckOptionsFit(const RenderOptions& options, const std::string& kind) {
  const bool helm =
      !options.values.empty() || !options.set.empty() || !options.release_name.empty();
  const bool jsonnet = !options.tlas.empty() || !options.ext_vars.empty();
  if (helm && kind != "helm") {
    return MakeError(Errc::kInvalidArgument,
                     options.directory + " is " + kind +
                         ": --values, --set and --release-name are for Helm charts");
  }
  if (jsonnet && kind != "jsonnet") {
    return MakeError(Errc::kInvalidArgument,
                     options.directory + " is " + kind + ": --tla and --ext-var are for Jsonnet");
  }
  return {};
}

void PrintObjects(const std::vector<object::Value>& objects, bool json) {
  if (json) {
    const object::Object list{{"apiVersion", "v1"},
                              {"items", object::Array(objects.begin(), objects.end())},
                              {"kind", "List"}};
    std::puts(object::CanonicalJson(list).c_str());
    return;
  }
  for (const object::Value& object : objects) {
    std::fputs(("---\n" + yaml::ToYaml(object)).c_str(), stdout);
  }
}

TaskVoid Render(const RenderOptions& options, std::string state_dir, asio::thread_pool& pool) {
  CO_TRY(render::RenderRequest request, MakeRequest(options));
  const bool at_root = request.targets.front().path.empty();
  render::RendererConfig config;
  config.worker_program = options.worker.empty() ? HelperProgram("dunlin-render") : options.worker;
  config.runsc_program = options.runsc.empty() ? HelperProgram("runsc") : options.runsc;
  config.state_dir = std::move(state_dir);
  config.isolation = options.unsandboxed ? "none" : "auto";
  config.allow_unsandboxed = options.unsandboxed;
  config.ready = 2;
  auto making = render::MakeSandboxRenderer(std::move(config), pool, Log());
  CO_TRY(const std::unique_ptr<render::Renderer> renderer,
         co_await net::WithTimeout(std::move(making), Seconds(60), "starting the renderer"));
  auto rendering = renderer->Render(std::move(request));
  auto answer = co_await net::WithTimeout(std::move(rendering), Seconds(120), "render");
  auto stopping = renderer->Stop();
  auto stopped = co_await net::WithTimeout(std::move(stopping), Seconds(10), "ending sandboxes");
  (void)stopped;  // the objects are what counts; orphans are reaped at the next start
  if (!answer) co_return answer.error();
  const render::TargetAnswer& target = answer->targets.front();
  if (target.fault) {
    Error error = target.fault->ToError();
    if (at_root && error.message.find("leaves the repository") != std::string::npos) {
      error.message += " (nothing above " + options.directory +
                       " was read: the repository is the Git work tree around a directory, or, "
                       "without one, the directory itself; git init where its files begin)";
    }
    co_return error;
  }
  CO_TRY_VOID(CheckOptionsFit(options, target.kind));
  for (const std::string& warning : target.warnings) {
    std::fprintf(stderr, "warning: %s\n", warning.c_str());
  }
  if (target.objects.empty()) {
    std::fprintf(stderr, "warning: no object was rendered; is %s the right directory?\n",
                 options.directory.c_str());
  }
  PrintObjects(target.objects, options.json);
  co_return Status();
}

}  // namespace

Status RenderDirectory(const RenderOptions& options) {
  const Scratch scratch("render");
  asio::io_context context{1};
  asio::thread_pool pool(2);
  Status outcome = MakeError(Errc::kInternal, "the render ended without a result");
  auto on_done = [&](const Status& status) {
    outcome = status;
    context.stop();
  };
  net::Spawn(context.get_executor(), Render(options, scratch.path(), pool), on_done);
  context.run();
  pool.join();
  return outcome;
}

}  // namespace dunlin::hub
