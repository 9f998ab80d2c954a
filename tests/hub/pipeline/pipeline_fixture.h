// A pipeline with a world around it, for the tests of its rules.
#pragma once

#include <gtest/gtest.h>

#include "hub/pipeline/pipeline.h"
#include "protocol/crypto/crypto.h"
#include "tests/hub/catalog/documents.h"

namespace dunlin::hub {

using catalog::AppText;
using catalog::ClusterText;

inline constexpr const char* kRepo = "git.example/shop";
inline const std::map<std::string, ClusterId> kIds = {
    {"c1", ClusterId("uuid-1")}, {"c2", ClusterId("uuid-2")}, {"c3", ClusterId("uuid-3")}};
inline const TargetKey kShop1 = {"shop", ClusterId("uuid-1")};
inline const TargetKey kShop2 = {"shop", ClusterId("uuid-2")};
inline const TargetKey kWeb1 = {"web", ClusterId("uuid-1")};
inline constexpr TimePoint kNow{Millis(1000)};

// A pipeline with a world around it: a tree per commit, and a renderer that echoes the files.
class PipelineTest : public ::testing::Test {
 protected:
  void Catalogue(const std::vector<std::string>& texts) {
    std::vector<catalog::Document> documents;
    int line = 0;
    for (const std::string& text : texts) documents.push_back(catalog::Doc("f.yaml", ++line, text));
    (void)catalogue.ReplaceFleet(std::move(documents));
    pipeline.SetCatalogue(catalogue, kIds);
  }

  void Fetch(const std::string& commit, const std::string& revision = "HEAD") {
    pipeline.OnFetched(kRepo, {{revision, RevisionId(commit)}}, kNow, kNow);
  }

  // Does every task there is; returns how many renders that took.
  int Work() {
    int renders = 0;
    while (auto task = pipeline.NextTask(kRepo)) {
      const TreeIndex tree{{"apps/a.yaml", content.empty() ? task->commit.str() : content}};
      const TaskPlan plan = pipeline.PlanTask(*task, tree);
      std::vector<JobResult> results;
      for (size_t i = 0; i < plan.plan.jobs.size(); ++i) {
        ++renders;
        results.push_back(Render(*plan.specs[i], tree));
      }
      pipeline.OnRendered(*task, plan, results, kNow);
      if (renders > 50) {
        ADD_FAILURE() << "it renders in a tight loop";
        break;
      }
    }
    return renders;
  }

  JobResult Render(const catalog::App& app, const TreeIndex& tree) {
    JobAnswer answer;
    answer.error = render_error;
    if (tree.at("apps/a.yaml") == broken_commit) {
      answer.error = MakeError(Errc::kInvalidArgument, "not YAML");
    }
    answer.seen.read = {"apps/a.yaml"};
    answer.seen.uses_api_versions = uses_facts;
    answer.objects = {object::Object{{"apiVersion", "v1"},
                                     {"kind", "ConfigMap"},
                                     {"metadata", {{"name", "a"}, {"namespace", "shop"}}},
                                     {"data", {{"from", tree.at("apps/a.yaml")}}}}};
    return SealJob(app, std::move(answer), tree);
  }

  // Collect and Published; the clusters that got content, with their apps' revisions.
  std::string Publish() {
    const Publication publication = pipeline.Collect();
    std::string text;
    for (const auto& [cluster, apps] : publication.contents) {
      text += cluster.str() + ":";
      for (const auto& [app, entry] : apps) text += app.str() + "@" + entry.revision.str() + ",";
      text += " ";
    }
    pipeline.Published(publication, kNow);
    return text;
  }

  const TargetMemory& Memory(const TargetKey& key) { return pipeline.targets().at(key).memory; }

  void StandardFleet() {
    Catalogue({AppText("shop"), ClusterText("c1"), ClusterText("c2", "us")});
    Fetch("1");
    EXPECT_EQ(Work(), 1);
    EXPECT_EQ(Publish(), "uuid-1:shop@1, uuid-2:shop@1, ");
  }

  catalog::Catalogue catalogue;
  Pipeline pipeline{Pipeline::Config{}};
  std::optional<Error> render_error;
  std::string broken_commit;  // whose files cannot be rendered
  bool uses_facts = false;
  std::string content;
};

}  // namespace dunlin::hub
