// `dunlin-hub render DIR`: what the hub would make of a directory, without a running hub.
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "hub/app/paths.h"
#include "hub/app/scratch.h"
#include "hub/app/verbs.h"
#include "hub/render/sandbox_renderer.h"
#include "protocol/base/limits.h"
#include "protocol/net/runtime.h"
#include "protocol/object/json.h"
#include "protocol/yaml/config_yaml.h"

namespace dunlin::hub {

namespace {

namespace fs = std::filesystem;

Result<Bytes> ReadWhole(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return MakeError(Errc::kIo, "cannot read " + path.string());
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

Result<std::vector<render::TreeFile>> ReadDirectory(const std::string& directory) {
  std::error_code error;
  if (!fs::is_directory(directory, error)) {
    return MakeError(Errc::kNotFound, directory + " is not a directory");
  }
  std::vector<render::TreeFile> files;
  uint64_t total = 0;
  fs::recursive_directory_iterator walk(directory, error), end;
  for (; !error && walk != end; walk.increment(error)) {
    if (walk->path().filename() == ".git") {
      walk.disable_recursion_pending();
      continue;
    }
    render::TreeFile file;
    file.path = walk->path().lexically_relative(directory).string();
    if (walk->is_symlink()) {
      file.kind = render::TreeFile::Kind::kSymlink;
      file.bytes = fs::read_symlink(walk->path(), error).string();
    } else if (walk->is_regular_file()) {
      TRY(file.bytes, ReadWhole(walk->path()));
    } else {
      continue;
    }
    total += file.bytes.size();
    if (total > limits::kGitReadBytes) {
      return MakeError(Errc::kLimit, directory + " holds more than " +
                                         std::to_string(limits::kGitReadBytes) + " bytes");
    }
    files.push_back(std::move(file));
  }
  if (error) return MakeError(Errc::kIo, directory + ": " + error.message());
  return files;
}

object::Array Texts(const std::vector<std::string>& texts) {
  object::Array out;
  for (const std::string& text : texts) out.emplace_back(text);
  return out;
}

Result<render::RenderRequest> MakeRequest(const RenderOptions& options) {
  render::RenderRequest request;
  TRY(request.files, ReadDirectory(options.directory));
  render::RenderTarget target;
  target.id = "render";
  target.kind = options.kind;
  target.namespace_ = options.namespace_;
  object::Object helm;
  if (!options.values.empty()) helm["valueFiles"] = Texts(options.values);
  if (!options.set.empty()) helm["set"] = Texts(options.set);
  if (!helm.empty()) target.options = object::CanonicalJson(object::Object{{"helm", helm}});
  request.targets.push_back(std::move(target));
  return request;
}

TaskVoid Render(const RenderOptions& options, std::string state_dir, asio::thread_pool& pool) {
  CO_TRY(render::RenderRequest request, MakeRequest(options));
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
  if (target.fault) co_return target.fault->ToError();
  for (const std::string& warning : target.warnings) {
    std::fprintf(stderr, "warning: %s\n", warning.c_str());
  }
  if (target.objects.empty()) {
    std::fprintf(stderr, "warning: no object was rendered; is %s the right directory?\n",
                 options.directory.c_str());
  }
  for (const object::Value& object : target.objects) {
    const std::string text =
        options.json ? object::CanonicalJson(object) + "\n" : "---\n" + yaml::ToYaml(object);
    std::fputs(text.c_str(), stdout);
  }
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
