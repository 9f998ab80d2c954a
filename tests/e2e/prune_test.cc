// What is removed from a cluster, and above all what is not. A removed manifest is pruned; nothing
// else ever deletes: not an emptied repository, a render error, a vanished path, a lost agent
// database or a hub restored from an older copy; `dunlin status` says each of them.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "protocol/object/json.h"
#include "tests/e2e/one_cluster.h"
#include "tests/support/assert_ok.h"

namespace dunlin::e2e {
namespace {

class Prune : public OneCluster {
 protected:
  static constexpr int kObjects = 6;

  static void SetUpTestSuite() { StartPlane({.clusters = 1, .controllers = true}); }

  // One app of six ConfigMaps, Synced.
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(CreateFleet("prune"));
    for (int i = 0; i < kObjects; ++i) {
      const std::string name = "item-" + std::to_string(i);
      ASSERT_OK(fleet_->git().Write("manifests/" + name + ".yaml", ConfigMap(name)));
    }
    ASSERT_NO_FATAL_FAILURE(StartSynced());
  }

  size_t LiveObjects() {
    const auto names = plane_->Kubectl(
        0, {"get", "configmaps", "-n", app_, "-l", "applyset.kubernetes.io/part-of", "-o", "name"});
    EXPECT_OK(names);
    return names ? static_cast<size_t>(std::count(names->begin(), names->end(), '\n')) : 0;
  }

  // A second app, so that the catalogue is not empty without the first.
  void AddOther() {
    const std::string other = "apiVersion: dunlin.dev/v1\nkind: App\nmetadata: { name: " + app_ +
                              "-other }\nspec:\n  source: { repo: " + fleet_->git().bare() +
                              ", revision: main, path: other }\n  namespace: " + app_ + "-other\n";
    ASSERT_OK(fleet_->git().Write("catalogue/other.yaml", other));
    ASSERT_OK(fleet_->git().Write("other/map.yaml", ConfigMap("map")));
    const auto revision = fleet_->git().Push("one more app");
    ASSERT_OK(revision);
    ASSERT_OK(fleet_->WaitSynced(2, *revision));
  }

  void DeleteApp() {
    ASSERT_OK(fleet_->git().Remove("catalogue/app.yaml"));
    ASSERT_OK(fleet_->git().Push("without the app"));
  }

  Status WaitGone() {
    return fleet_->WaitStatus("the app to be gone", [this](const object::Value& status) {
      const object::Array* targets = object::FindArray(status, {"targets"});
      return targets != nullptr &&
             std::none_of(targets->begin(), targets->end(), [this](const object::Value& target) {
               return object::FindString(target, {"app"}) == app_;
             });
    });
  }

  std::vector<std::string> Deletions() {
    std::vector<std::string> deleted;
    const auto requests = plane_->Requests(0, "dunlin-agent");
    EXPECT_OK(requests);
    if (!requests) return deleted;
    for (const Audited& request : *requests) {
      if (request.verb == "delete") deleted.push_back(request.resource + "/" + request.name);
    }
    return deleted;
  }

  // An App of extra/ that stands in no repository, named `app_`-cli.
  void ApplyExtra() {
    const std::string file = dir_ / "cli.yaml";
    std::string document = App("extra");
    document.replace(document.find(app_), app_.size(), app_ + "-cli");
    std::ofstream(file) << document;
    ASSERT_OK(fleet_->Json({"apply", "-f", file}));
  }

  // Until the hub shows the revision, whatever its agent does.
  Status WaitShown(const std::string& revision) {
    return fleet_->WaitStatus("the publish", [&revision](const object::Value& status) {
      return object::CanonicalJson(status).find(revision) != std::string::npos;
    });
  }

  Status CopyHub(const std::string& copy) {
    TRY_VOID(fleet_->StopHub());
    TRY_VOID(support::Run({.command = {"cp", "-a", fleet_->hub_data(), copy}}));
    return fleet_->StartHub();
  }
  Status RestoreHub(const std::string& copy) {
    TRY_VOID(fleet_->StopHub());
    std::filesystem::remove_all(fleet_->hub_data());
    TRY_VOID(support::Run({.command = {"cp", "-a", copy, fleet_->hub_data()}}));
    return fleet_->StartHub();
  }
};

TEST_F(Prune, ARemovedManifestIsRemoved) {
  ASSERT_OK(fleet_->git().Remove("manifests/item-3.yaml"));
  const auto revision = fleet_->git().Push("without item-3");
  ASSERT_OK(revision);
  ASSERT_OK(fleet_->WaitSynced(1, *revision));
  EXPECT_EQ(Deletions(), std::vector<std::string>{"configmaps/item-3"});
  EXPECT_EQ(LiveObjects(), kObjects - 1u);
}

TEST_F(Prune, ObjectsOfOthersAndOptedOutOnesStay) {
  ASSERT_OK(plane_->Kubectl(0, {"create", "configmap", "foreign", "-n", app_}));
  ASSERT_OK(fleet_->git().Write(
      "manifests/item-2.yaml",
      "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: item-2\n  annotations: "
      "{ dunlin.dev/prune: disabled }\ndata: { text: one }\n"));
  const auto opted = fleet_->git().Push("item-2 opts out");
  ASSERT_OK(opted);
  ASSERT_OK(fleet_->WaitSynced(1, *opted));
  ASSERT_OK(fleet_->git().Remove("manifests/item-2.yaml"));
  const auto revision = fleet_->git().Push("without item-2");
  ASSERT_OK(revision);
  ASSERT_OK(fleet_->WaitSynced(1, *revision));
  EXPECT_TRUE(Deletions().empty());
  const auto kept = plane_->Get(0, "configmap", app_, "item-2");
  ASSERT_OK(kept);
  EXPECT_EQ(object::Find(*kept, {"metadata", "labels", "applyset.kubernetes.io/part-of"}), nullptr);
  EXPECT_OK(plane_->Get(0, "configmap", app_, "foreign"));
}

// 12 objects: removing 11 is more than max(10, 30 %).
TEST_F(Prune, AMassRemovalWaitsForConfirmation) {
  for (int i = kObjects; i < 12; ++i) {
    const std::string name = "item-" + std::to_string(i);
    ASSERT_OK(fleet_->git().Write("manifests/" + name + ".yaml", ConfigMap(name)));
  }
  const auto twelve = fleet_->git().Push("twelve objects");
  ASSERT_OK(twelve);
  ASSERT_OK(fleet_->WaitSynced(1, *twelve));
  for (int i = 1; i < 12; ++i) {
    ASSERT_OK(fleet_->git().Remove("manifests/item-" + std::to_string(i) + ".yaml"));
  }
  ASSERT_OK(fleet_->git().Push("only one left"));
  ASSERT_OK(fleet_->WaitProblem(app_, "one", "prune_guard"));
  EXPECT_TRUE(Deletions().empty());
  EXPECT_EQ(LiveObjects(), 12u);
  const auto table = fleet_->Dunlin({"status"});
  ASSERT_OK(table);
  const size_t row = table->out.find("OutOfSync");
  ASSERT_NE(row, std::string::npos) << table->out;
  EXPECT_NE(table->out.find("--allow-mass-prune", row), std::string::npos)
      << "the REASON column says why, and what to do: " << table->out;

  ASSERT_OK(fleet_->Json({"app", "sync", app_, "--allow-mass-prune"}));
  ASSERT_OK(fleet_->WaitSynced(1, ""));
  EXPECT_EQ(Deletions().size(), 11u);
}

TEST_F(Prune, ADeletedAppIsRemovedAndTheNamespaceThatWasMadeForItStays) {
  ASSERT_NO_FATAL_FAILURE(AddOther());
  ASSERT_NO_FATAL_FAILURE(DeleteApp());
  ASSERT_OK(WaitGone());
  EXPECT_EQ(LiveObjects(), 0u);
  const auto space = plane_->Get(0, "namespace", "", app_);
  ASSERT_OK(space);
  EXPECT_EQ(object::Find(*space, {"metadata", "labels", "applyset.kubernetes.io/part-of"}),
            nullptr);
  EXPECT_OK(plane_->Get(0, "configmap", app_ + "-other", "map"));
}

TEST_F(Prune, ADeletedAppWithPruneOffStaysAndSaysSo) {
  ASSERT_OK(
      fleet_->git().Write("catalogue/app.yaml", App("manifests") + "  sync: { prune: false }\n"));
  const auto off = fleet_->git().Push("prune off");
  ASSERT_OK(off);
  ASSERT_OK(fleet_->WaitSynced(1, *off));
  ASSERT_NO_FATAL_FAILURE(AddOther());
  ASSERT_NO_FATAL_FAILURE(DeleteApp());
  ASSERT_OK(fleet_->WaitProblem(app_, "one", "prune off"));
  const auto target = fleet_->Target(app_, "one");
  ASSERT_OK(target);
  EXPECT_EQ(object::FindString(*target, {"state"}), "OutOfSync");
  EXPECT_TRUE(Deletions().empty());
  EXPECT_EQ(LiveObjects(), static_cast<size_t>(kObjects));
}

// 12 objects: more than 10 and more than 30 % of the app.
TEST_F(Prune, ADeletedAppAboveTheGuardWaitsForConfirmation) {
  for (int i = kObjects; i < 12; ++i) {
    const std::string name = "item-" + std::to_string(i);
    ASSERT_OK(fleet_->git().Write("manifests/" + name + ".yaml", ConfigMap(name)));
  }
  ASSERT_NO_FATAL_FAILURE(AddOther());
  EXPECT_EQ(LiveObjects(), 12u);
  ASSERT_NO_FATAL_FAILURE(DeleteApp());
  ASSERT_OK(fleet_->WaitProblem(app_, "one", "prune_guard"));
  const auto target = fleet_->Target(app_, "one");
  ASSERT_OK(target);
  EXPECT_EQ(object::FindString(*target, {"state"}), "OutOfSync");
  EXPECT_NE(object::FindString(*target, {"reason"}).find("--allow-mass-prune"),
            std::string_view::npos);
  EXPECT_TRUE(Deletions().empty());
  EXPECT_EQ(LiveObjects(), 12u);

  EXPECT_FALSE(fleet_->Json({"app", "sync", app_}));
  ASSERT_OK(fleet_->Json({"app", "sync", app_, "--allow-mass-prune"}));
  ASSERT_OK(WaitGone());
  EXPECT_EQ(LiveObjects(), 0u);
  EXPECT_OK(plane_->Get(0, "configmap", app_ + "-other", "map"));
}

TEST_F(Prune, AnEmptiedRepositoryPrunesNothing) {
  ASSERT_OK(fleet_->git().Remove("manifests"));
  ASSERT_OK(fleet_->git().Remove("catalogue"));
  ASSERT_OK(fleet_->git().Write("README", "nothing here\n"));
  ASSERT_OK(fleet_->git().Push("emptied"));
  ASSERT_OK(fleet_->WaitProblem(app_, "one", "manifests"));
  EXPECT_TRUE(Deletions().empty());
  EXPECT_EQ(LiveObjects(), static_cast<size_t>(kObjects));
}

TEST_F(Prune, ADirectoryWithoutObjectsPrunesNothing) {
  ASSERT_OK(fleet_->git().Remove("manifests"));
  ASSERT_OK(fleet_->git().Write("manifests/README.md", "no manifests\n"));
  ASSERT_OK(fleet_->git().Push("no manifests left"));
  ASSERT_OK(fleet_->WaitProblem(app_, "one", "allowEmpty"));
  EXPECT_TRUE(Deletions().empty());
  EXPECT_EQ(LiveObjects(), static_cast<size_t>(kObjects));
}

TEST_F(Prune, ARenderErrorPrunesNothingAndTheNextGoodCommitGoesOn) {
  ASSERT_OK(fleet_->git().Write("manifests/item-1.yaml", "kind: [unclosed\n"));
  ASSERT_OK(fleet_->git().Remove("manifests/item-0.yaml"));
  ASSERT_OK(fleet_->git().Push("broken"));
  ASSERT_OK(fleet_->WaitProblem(app_, "one", "item-1.yaml"));
  EXPECT_TRUE(Deletions().empty());
  EXPECT_EQ(LiveObjects(), static_cast<size_t>(kObjects));

  ASSERT_OK(fleet_->git().Write("manifests/item-1.yaml", ConfigMap("item-1")));
  const auto mended = fleet_->git().Push("mended");
  ASSERT_OK(mended);
  ASSERT_OK(fleet_->WaitSynced(1, *mended));
  EXPECT_EQ(Deletions(), std::vector<std::string>{"configmaps/item-0"});
}

TEST_F(Prune, ADeletedPathPrunesNothing) {
  ASSERT_OK(fleet_->git().Write("catalogue/app.yaml", App("no/such/path")));
  ASSERT_OK(fleet_->git().Push("wrong path"));
  ASSERT_OK(fleet_->WaitProblem(app_, "one", "no/such/path"));
  EXPECT_TRUE(Deletions().empty());
  EXPECT_EQ(LiveObjects(), static_cast<size_t>(kObjects));
}

TEST_F(Prune, ALostAgentDatabasePrunesNothing) {
  ASSERT_OK(fleet_->StopAgent("one"));
  for (const char* file : {"agent.db", "agent.db-wal", "agent.db-shm"}) {
    std::filesystem::remove(fleet_->state("one") + "/" + file);
  }
  ASSERT_OK(fleet_->git().Remove("manifests/item-4.yaml"));
  const auto revision = fleet_->git().Push("without item-4");
  ASSERT_OK(revision);
  // The hub has published the newer state before the agent is back: the first that it sees.
  ASSERT_OK(WaitShown(*revision));
  ASSERT_OK(fleet_->StartAgent("one", plane_->kubeconfig(0)));
  ASSERT_OK(fleet_->WaitStatus("the agent's word", [](const object::Value& status) {
    return object::CanonicalJson(status).find("state_reset") != std::string::npos;
  }));
  // The object that Git no longer has stays, and is named.
  ASSERT_OK(fleet_->WaitProblem(app_, "one", "item-4"));
  EXPECT_TRUE(Deletions().empty());
  EXPECT_EQ(LiveObjects(), static_cast<size_t>(kObjects));
}

TEST_F(Prune, AHubRestoredFromAnOlderCopyPrunesNothingAndMovesForward) {
  const std::string copy = dir_ / "hub-copy";
  ASSERT_OK(CopyHub(copy));
  ASSERT_OK(fleet_->git().Write("manifests/item-9.yaml", ConfigMap("item-9")));
  const auto newer = fleet_->git().Push("one more");
  ASSERT_OK(newer);
  ASSERT_OK(fleet_->WaitSynced(1, *newer));

  ASSERT_OK(RestoreHub(copy));
  ASSERT_OK(fleet_->WaitSynced(1, *newer));
  ASSERT_OK(fleet_->WaitStatus("the end of the recovery", [](const object::Value& status) {
    return object::CanonicalJson(status).find("database_is_old") == std::string::npos;
  }));
  EXPECT_TRUE(Deletions().empty());
  EXPECT_EQ(LiveObjects(), kObjects + 1u);

  // And it goes on: its next statement is newer than all that agents ever had.
  ASSERT_OK(fleet_->git().Remove("manifests/item-9.yaml"));
  const auto last = fleet_->git().Push("without it again");
  ASSERT_OK(last);
  ASSERT_OK(fleet_->WaitSynced(1, *last));
  EXPECT_EQ(Deletions(), std::vector<std::string>{"configmaps/item-9"});
}

// An App that was applied from the command line after the copy is in neither Git nor the copy.
TEST_F(Prune, AnAppThatTheRestoredHubDoesNotKnowStaysAndIsTakenOverWhenItIsAppliedAgain) {
  const std::string extra = app_ + "-cli";
  ASSERT_OK(fleet_->git().Write("extra/cli-item.yaml", ConfigMap("cli-item")));
  const auto revision = fleet_->git().Push("for the command line");
  ASSERT_OK(revision);
  ASSERT_OK(fleet_->WaitSynced(1, *revision));
  const std::string copy = dir_ / "hub-copy";
  ASSERT_OK(CopyHub(copy));

  ASSERT_NO_FATAL_FAILURE(ApplyExtra());
  ASSERT_OK(fleet_->WaitSynced(2, ""));
  EXPECT_EQ(LiveObjects(), kObjects + 1u);

  ASSERT_OK(RestoreHub(copy));
  ASSERT_OK(fleet_->WaitStatus("the app that is kept", [&extra](const object::Value& status) {
    const std::string text = object::CanonicalJson(status);
    return text.find("app_kept") != std::string::npos && text.find(extra) != std::string::npos;
  }));
  ASSERT_OK(fleet_->WaitSynced(1, ""));
  // An ordinary statement after it removes it neither.
  ASSERT_OK(fleet_->git().Write("manifests/item-0.yaml", ConfigMap("item-0", "two")));
  const auto next = fleet_->git().Push("an ordinary change");
  ASSERT_OK(next);
  ASSERT_OK(fleet_->WaitSynced(1, *next));
  EXPECT_TRUE(Deletions().empty());
  EXPECT_EQ(LiveObjects(), kObjects + 1u);

  ASSERT_NO_FATAL_FAILURE(ApplyExtra());
  ASSERT_OK(fleet_->WaitSynced(2, ""));
  ASSERT_OK(fleet_->WaitStatus("nothing is kept any more", [](const object::Value& status) {
    return object::CanonicalJson(status).find("app_kept") == std::string::npos;
  }));
  EXPECT_TRUE(Deletions().empty());
  EXPECT_EQ(LiveObjects(), kObjects + 1u);
}

// The same while its agent is away, and for longer than the hub keeps statements.
TEST_F(Prune, AnAppThatTheRestoredHubDoesNotKnowStaysHoweverMuchTheHubPublishedBeforeItsAgentCame) {
  const std::string copy = dir_ / "hub-copy";
  ASSERT_OK(fleet_->git().Write("extra/cli-item.yaml", ConfigMap("cli-item")));
  const auto revision = fleet_->git().Push("for the command line");
  ASSERT_OK(revision);
  ASSERT_OK(fleet_->WaitSynced(1, *revision));
  ASSERT_OK(CopyHub(copy));
  ASSERT_NO_FATAL_FAILURE(ApplyExtra());
  ASSERT_OK(fleet_->WaitSynced(2, ""));
  EXPECT_EQ(LiveObjects(), kObjects + 1u);

  ASSERT_OK(fleet_->StopAgent("one"));
  ASSERT_OK(RestoreHub(copy));
  for (int i = 1; i <= 12; ++i) {
    ASSERT_OK(fleet_->git().Write("manifests/item-0.yaml", ConfigMap("item-0", std::to_string(i))));
    const auto commit = fleet_->git().Push("change " + std::to_string(i));
    ASSERT_OK(commit);
    ASSERT_OK(fleet_->Dunlin({"source", "refresh"}));
    ASSERT_OK(WaitShown(*commit));
  }
  ASSERT_OK(fleet_->StartAgent("one", plane_->kubeconfig(0)));
  ASSERT_OK(fleet_->WaitStatus("the app that is kept", [this](const object::Value& status) {
    const std::string text = object::CanonicalJson(status);
    return text.find("app_kept") != std::string::npos &&
           text.find(app_ + "-cli") != std::string::npos;
  }));
  ASSERT_OK(fleet_->WaitSynced(1, ""));
  EXPECT_TRUE(Deletions().empty());
  EXPECT_EQ(LiveObjects(), kObjects + 1u);
}

// git mv with a slip: what cannot be read may be the app that is missed elsewhere.
TEST_F(Prune, AnAppThatWasMovedAndBrokenInOneCommitStays) {
  ASSERT_NO_FATAL_FAILURE(AddOther());
  ASSERT_OK(fleet_->git().Remove("catalogue/app.yaml"));
  ASSERT_OK(fleet_->git().Write(
      "catalogue/teams/app.yaml",
      "apiVersion: dunlin.dev/v1\nkind: App\nmetadata: { name: " + app_ + "\nspec:\n"));
  ASSERT_OK(fleet_->git().Push("moved and broken"));
  ASSERT_OK(fleet_->WaitStatus("what is not removed", [this](const object::Value& status) {
    return object::CanonicalJson(status).find("nothing is removed: App " + app_ + " cannot") !=
           std::string::npos;
  }));
  // A later change of the other app is published meanwhile.
  ASSERT_OK(fleet_->git().Write("other/map.yaml", ConfigMap("map", "two")));
  const auto later = fleet_->git().Push("another change");
  ASSERT_OK(later);
  ASSERT_OK(fleet_->WaitSynced(2, *later));
  EXPECT_TRUE(Deletions().empty());

  ASSERT_OK(fleet_->git().Write("catalogue/teams/app.yaml", App("manifests")));
  ASSERT_OK(fleet_->git().Remove("manifests/item-5.yaml"));
  const auto mended = fleet_->git().Push("mended");
  ASSERT_OK(mended);
  ASSERT_OK(fleet_->WaitSynced(2, *mended));
  EXPECT_EQ(Deletions(), std::vector<std::string>{"configmaps/item-5"});
}

// Somebody's own ConfigMap has the name that the app's parent would get.
TEST_F(Prune, AParentOfSomebodyElseIsNeitherChangedNorDeletedAndItsAppIsNotApplied) {
  const std::string extra = app_ + "-extra";
  const std::string parent = "dunlin-" + extra;
  ASSERT_OK(plane_->Kubectl(
      0, {"create", "configmap", parent, "-n", "dunlin-system", "--from-literal=precious=data"}));
  std::string document = App("extra");
  document.replace(document.find(app_), app_.size(), extra);
  ASSERT_OK(fleet_->git().Write("catalogue/extra.yaml", document));
  ASSERT_OK(fleet_->git().Write("extra/map.yaml", ConfigMap("extra-map")));
  ASSERT_OK(fleet_->git().Push("an app whose parent's name is taken"));
  ASSERT_OK(fleet_->WaitProblem(extra, "one", "delete the ConfigMap"));
  EXPECT_FALSE(plane_->Get(0, "configmap", app_, "extra-map"));

  ASSERT_OK(fleet_->git().Remove("catalogue/extra.yaml"));
  const auto without = fleet_->git().Push("without it");
  ASSERT_OK(without);
  ASSERT_OK(fleet_->WaitStatus("the app to be gone", [&extra](const object::Value& status) {
    return object::CanonicalJson(status).find("\"" + extra + "\"") == std::string::npos;
  }));
  const auto kept = plane_->Get(0, "configmap", "dunlin-system", parent);
  ASSERT_OK(kept);
  EXPECT_EQ(object::FindString(*kept, {"data", "precious"}), "data");
  EXPECT_EQ(object::Find(*kept, {"data", "app"}), nullptr);
  EXPECT_EQ(object::Find(*kept, {"metadata", "labels"}), nullptr);
}

TEST_F(Prune, ANamespaceInWhichOthersHaveSomethingStaysUntilTheyHaveTakenItAway) {
  const std::string space = app_ + "-space";
  ASSERT_OK(fleet_->git().Write(
      "manifests/space.yaml",
      "apiVersion: v1\nkind: Namespace\nmetadata: { name: " + space +
          " }\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: ours, namespace: " + space +
          " }\n"));
  const auto with = fleet_->git().Push("a namespace");
  ASSERT_OK(with);
  ASSERT_OK(fleet_->WaitSynced(1, *with));
  ASSERT_OK(plane_->Kubectl(
      0, {"create", "secret", "generic", "foreign", "-n", space, "--from-literal=a=b"}));
  ASSERT_OK(plane_->Kubectl(0, {"create", "configmap", "flux", "-n", space}));
  ASSERT_OK(plane_->Kubectl(
      0, {"label", "configmap", "flux", "-n", space, "kustomize.toolkit.fluxcd.io/name=other",
          "kustomize.toolkit.fluxcd.io/namespace=flux"}));
  ASSERT_OK(fleet_->git().Remove("manifests/space.yaml"));
  ASSERT_OK(fleet_->git().Push("without the namespace"));
  ASSERT_OK(fleet_->WaitProblem(app_, "one", "--allow-mass-prune"));
  ASSERT_OK(fleet_->Json({"app", "sync", app_, "--allow-mass-prune"}));
  ASSERT_OK(fleet_->WaitProblem(app_, "one", "Secret " + space + "/foreign"));
  const auto held = plane_->Get(0, "namespace", "", space);
  ASSERT_OK(held);
  EXPECT_EQ(object::FindString(*held, {"status", "phase"}), "Active");
  EXPECT_OK(plane_->Get(0, "configmap", space, "flux"));

  ASSERT_OK(plane_->Kubectl(0, {"delete", "secret", "foreign", "-n", space}));
  ASSERT_OK(plane_->Kubectl(0, {"delete", "configmap", "flux", "-n", space}));
  ASSERT_OK(fleet_->Json({"app", "sync", app_, "--allow-mass-prune"}));
  ASSERT_OK(fleet_->WaitSynced(1, "", Seconds(120)));
}

}  // namespace
}  // namespace dunlin::e2e
