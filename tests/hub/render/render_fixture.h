// What the tests of rendering share: the real programs, a loop, and a small source tree.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <string>

#include "hub/process/child.h"
#include "hub/render/sandbox_renderer.h"
#include "tests/hub/process/run_task.h"
#include "tests/support/temp_dir.h"

namespace dunlin::render {

class RenderFixture : public ::testing::Test {
 protected:
  ~RenderFixture() override {
    if (renderer_) {
      const auto stopped = test::RunTask(context_, renderer_->Stop());
      EXPECT_TRUE(stopped) << stopped.error().message;
    }
  }

  RendererConfig Config(const std::string& isolation) const {
    RendererConfig config;
    config.worker_program = DUNLIN_DEPS_DIR "/bin/dunlin-render";
    config.runsc_program = DUNLIN_DEPS_DIR "/bin/runsc";
    config.state_dir = (dir_.path() / "state").string();
    config.isolation = isolation;
    config.allow_unsandboxed = isolation == "none";
    config.ready = 2;
    return config;
  }

  // Empty when the machine has what `isolation` needs.
  static std::string MissingProgram(const std::string& isolation) {
    const auto has = [](const std::string& program) {
      return process::FindProgram(program).has_value();
    };
    if (!has(DUNLIN_DEPS_DIR "/bin/dunlin-render")) return "dunlin-render is not built";
    if (isolation == "gvisor" && !has(DUNLIN_DEPS_DIR "/bin/runsc")) return "runsc is not built";
    if (isolation == "bubblewrap" && !has("bwrap")) return "bwrap is not installed";
    return "";
  }

  void Make(RendererConfig config) {
    auto made = test::RunTask(context_, MakeSandboxRenderer(std::move(config), pool_, Log()));
    ASSERT_TRUE(made) << made.error().message;
    renderer_ = std::move(*made);
  }

  Result<RenderAnswer> Render(std::vector<TreeFile> files, std::vector<RenderTarget> targets) {
    RenderRequest request{std::move(files), std::move(targets)};
    return test::RunTask(context_, renderer_->Render(std::move(request)));
  }

  test::TempDir dir_;
  asio::io_context context_;
  asio::thread_pool pool_{1};
  std::unique_ptr<Renderer> renderer_;
};

inline TreeFile File(std::string path, std::string text) {
  return {std::move(path), TreeFile::Kind::kFile, std::move(text)};
}

inline std::string ConfigMap(const std::string& name) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name +
         "\ndata:\n  mode: \"yes\"\n";
}

// One directory for each kind.
inline std::vector<TreeFile> SmallTree() {
  return {
      File("catalogue/apps.yaml",
           "apiVersion: dunlin.dev/v1\nkind: App\nmetadata: {name: shop}\n---\nbroken: [\n"),
      File("chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1.0.0\n"),
      File("chart/templates/cm.yaml",
           "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n"
           "  size: {{ .Values.size | quote }}\n  kube: {{ .Capabilities.KubeVersion }}\n"),
      File("chart/values.yaml", "size: 3\n"),
      File("kustom/base/cm.yaml", ConfigMap("base")),
      File("kustom/base/kustomization.yaml", "resources: [cm.yaml]\n"),
      File("kustom/overlay/kustomization.yaml", "namePrefix: over-\nresources: [../base]\n"),
      File("plain/b.yaml", ConfigMap("b")),
      File("plain/a.yaml", ConfigMap("a")),
      File("son/main.jsonnet",
           "{apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: std.extVar('who')}}\n"),
      // Hours of work in little memory.
      File("spin/main.jsonnet",
           "local r = std.range(1, 100000);\n"
           "std.foldl(function(a, b) std.foldl(function(c, d) c + d, r, 0), r, 0)\n"),
  };
}

}  // namespace dunlin::render
