// The parent ConfigMap of an app, and one of the same name that is somebody else's; what a look
// into a namespace finds.
#include "agent/app/parent_objects.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "agent/app/namespace_contents.h"
#include "agent/plan/stamp.h"
#include "protocol/base/limits.h"
#include "tests/agent/support/run_task.h"
#include "tests/agent/sync/simulation.h"
#include "tests/support/fake_kube.h"

namespace dunlin::app {
namespace {

using sync::Verb;

const object::ResourceKey kParent{"", "ConfigMap", "dunlin-system", "dunlin-shop"};

object::Value Parent(const std::string& revision = "one") {
  plan::ParentInput input;
  input.app = "shop";
  input.agent_version = "0.1.0";
  input.revision = revision;
  return plan::ParentConfigMap(input);
}

object::Value Precious() {
  return sync::Json(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"dunlin-shop",
      "namespace":"dunlin-system"},"data":{"precious":"data"}})");
}

class ParentObjectsTest : public testing::Test {
 protected:
  ParentObjects::Outcome Write(const std::string& revision = "one") {
    auto outcome = RunTask<ParentObjects::Outcome>(io_, parents_.Write(Parent(revision)));
    EXPECT_TRUE(outcome.has_value());
    return outcome ? std::move(*outcome) : std::nullopt;
  }
  ParentObjects::Outcome Remove() {
    auto outcome = RunTask<ParentObjects::Outcome>(
        io_, parents_.Remove({"shop", "dunlin-shop", "dunlin-system"}));
    EXPECT_TRUE(outcome.has_value());
    return outcome ? std::move(*outcome) : std::nullopt;
  }
  std::vector<Verb> NewVerbs() {
    std::vector<Verb> verbs;
    for (; seen_ < cluster_.log.size(); ++seen_) verbs.push_back(cluster_.log[seen_].verb);
    return verbs;
  }
  std::string Data(const char* field) {
    const object::Value* live = cluster_.Find(kParent);
    return live == nullptr ? "missing" : std::string(object::FindString(*live, {"data", field}));
  }

  asio::io_context io_;
  sync::FakeCluster cluster_;
  FakeKube kube_{io_.get_executor(), cluster_};
  ParentObjects parents_{kube_};
  size_t seen_ = 0;
};

TEST_F(ParentObjectsTest, IsMadeWithItsNamespaceAndThenChangedByOneRequest) {
  cluster_.namespaces_matter = true;
  EXPECT_EQ(Write(), std::nullopt);
  EXPECT_EQ(NewVerbs(), (std::vector<Verb>{Verb::kCreate, Verb::kCreate, Verb::kCreate}));
  EXPECT_EQ(Write("two"), std::nullopt);
  EXPECT_EQ(NewVerbs(), std::vector<Verb>{Verb::kPatch});
  EXPECT_EQ(Data("revision"), "two");
}

TEST_F(ParentObjectsTest, OneOfAnEarlierAgentIsTakenOver) {
  cluster_.Put(Parent());
  EXPECT_EQ(Write("two"), std::nullopt);
  EXPECT_EQ(NewVerbs(), (std::vector<Verb>{Verb::kCreate, Verb::kGet, Verb::kPatch}));
  EXPECT_EQ(Data("revision"), "two");
}

TEST_F(ParentObjectsTest, OneOfSomebodyElseIsNeitherChangedNorDeleted) {
  cluster_.Put(Precious());
  const auto refused = Write();
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->reason, sync::kForeignParent);
  EXPECT_EQ(Remove(), std::nullopt);
  ASSERT_NE(cluster_.Find(kParent), nullptr);
  EXPECT_EQ(Data("precious"), "data");
  EXPECT_EQ(Data("revision"), "");
  for (const Verb verb : NewVerbs()) EXPECT_TRUE(verb == Verb::kCreate || verb == Verb::kGet);
}

// kubectl's ApplySets have the same label and their own tooling annotation.
TEST_F(ParentObjectsTest, OneOfAnotherToolWithTheSameIdIsRefused) {
  object::Value other = Parent();
  other.as_object()["metadata"].as_object()["annotations"].as_object()[plan::kToolingAnnotation] =
      "kubectl/v1.36";
  cluster_.Put(other);
  const auto refused = Write("two");
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->reason, sync::kForeignParent);
  EXPECT_EQ(Data("revision"), "one");
}

TEST_F(ParentObjectsTest, OneThatWasReplacedBehindOurBackIsLookedAtAgain) {
  EXPECT_EQ(Write(), std::nullopt);
  cluster_.Erase(kParent);
  cluster_.Put(Precious());
  const auto refused = Write("two");
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->reason, sync::kForeignParent);
  EXPECT_EQ(Data("precious"), "data");
}

TEST_F(ParentObjectsTest, IsRemovedByItsUid) {
  EXPECT_EQ(Write(), std::nullopt);
  EXPECT_EQ(Remove(), std::nullopt);
  EXPECT_EQ(cluster_.Find(kParent), nullptr);
  EXPECT_NE(cluster_.log.back().body.find("\"uid\""), std::string::npos);
}

TEST_F(ParentObjectsTest, ALookIntoANamespaceFindsWhatIsNotLabelled) {
  cluster_.Put(sync::ConfigMapOf("foreign", "x"));
  cluster_.Put(sync::ConfigMapOf("kube-root-ca.crt", "x"));
  sync::LookInto look;
  look.id = 7;
  look.namespace_ = "shop";
  auto looked = RunTask<sync::LookedInto>(io_, LookInto(kube_, look));
  ASSERT_TRUE(looked.has_value());
  EXPECT_EQ(looked->id, 7u);
  EXPECT_FALSE(looked->failure.has_value());
  EXPECT_EQ(looked->found,
            (std::vector<object::ResourceKey>{{"", "ConfigMap", "shop", "foreign"}}));

  kube_.away = true;
  looked = RunTask<sync::LookedInto>(io_, LookInto(kube_, look));
  ASSERT_TRUE(looked.has_value());
  EXPECT_TRUE(looked->failure.has_value());
}

TEST_F(ParentObjectsTest, ALookIntoANamespaceFindsKindsThatWereAddedAfterOurDiscovery) {
  sync::LookInto look;
  look.namespace_ = "shop";
  cluster_.Put(sync::Json(R"({"apiVersion":"apiextensions.k8s.io/v1",
      "kind":"CustomResourceDefinition","metadata":{"name":"widgets.example.com"},
      "spec":{"group":"example.com","names":{"kind":"Widget","plural":"widgets"}}})"));
  cluster_.Put(sync::Json(R"({"apiVersion":"example.com/v1","kind":"Widget",
      "metadata":{"name":"w","namespace":"shop"}})"));
  auto looked = RunTask<sync::LookedInto>(io_, LookInto(kube_, look));
  ASSERT_TRUE(looked.has_value());
  EXPECT_EQ(looked->found,
            (std::vector<object::ResourceKey>{{"example.com", "Widget", "shop", "w"}}));
}

TEST_F(ParentObjectsTest, ALookIntoANamespaceReadsOnPagesOfOurKinds) {
  // Those of the first page are owned by others of the namespace; what is foreign comes after them.
  for (int i = 0; i < limits::kForeignPageObjects; ++i) {
    object::Value owned = sync::ConfigMapOf("a-" + std::to_string(100 + i), "x");
    owned.as_object()["metadata"].as_object()["ownerReferences"] =
        sync::Json(R"([{"apiVersion":"apps/v1","kind":"Deployment","name":"web","uid":"1"}])");
    cluster_.Put(std::move(owned));
  }
  sync::LookInto look;
  look.namespace_ = "shop";
  auto looked = RunTask<sync::LookedInto>(io_, LookInto(kube_, look));
  ASSERT_TRUE(looked.has_value());
  EXPECT_TRUE(looked->found.empty()) << "exactly a page, and all of it goes along";

  cluster_.Put(sync::ConfigMapOf("foreign", "x"));
  looked = RunTask<sync::LookedInto>(io_, LookInto(kube_, look));
  ASSERT_TRUE(looked.has_value());
  EXPECT_EQ(looked->found.size(), 1u);
}

TEST_F(ParentObjectsTest, ALookIntoANamespaceNamesAFew) {
  sync::LookInto look;
  look.namespace_ = "shop";
  for (size_t i = 0; i < limits::kNamedForeignObjects; ++i) {
    cluster_.Put(sync::ConfigMapOf("foreign-" + std::to_string(i), "x"));
  }
  auto looked = RunTask<sync::LookedInto>(io_, LookInto(kube_, look));
  ASSERT_TRUE(looked.has_value());
  EXPECT_EQ(looked->found.size(), limits::kNamedForeignObjects);

  cluster_.Put(sync::ConfigMapOf("foreign-more", "x"));
  looked = RunTask<sync::LookedInto>(io_, LookInto(kube_, look));
  ASSERT_TRUE(looked.has_value());
  EXPECT_EQ(looked->found.size(), limits::kNamedForeignObjects);
}

}  // namespace
}  // namespace dunlin::app
