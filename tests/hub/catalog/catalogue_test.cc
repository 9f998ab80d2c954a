#include "hub/catalog/catalogue.h"

#include "documents.h"
#include "protocol/base/limits.h"

namespace dunlin::catalog {
namespace {

const ObjectId kShop{ObjectKind::kApp, "shop"};

std::string Names(const std::vector<ObjectId>& ids) {
  std::string text;
  for (const ObjectId& id : ids) text += id.Text() + ";";
  return text;
}

Document Broken(const std::string& file, int line) {
  return Document{file, line, std::nullopt, MakeError(Errc::kInvalidArgument, "not YAML")};
}

TEST(Catalogue, AFleetRevisionIsTheWholeTruth) {
  Catalogue catalogue;
  auto change = catalogue.ReplaceFleet(
      {Doc("a.yaml", 1, AppText("shop")), Doc("c.yaml", 1, ClusterText("c1"))});
  EXPECT_EQ(Names(change.created), "App shop;Cluster c1;");
  change = catalogue.ReplaceFleet({Doc("a.yaml", 1, AppText("shop", "'namespace':'x'"))});
  EXPECT_EQ(Names(change.configured), "App shop;");
  EXPECT_EQ(Names(change.removed), "Cluster c1;");
  EXPECT_EQ(catalogue.FindApp("shop")->namespace_, "x");
  EXPECT_EQ(catalogue.FindCluster("c1"), nullptr);
  EXPECT_TRUE(catalogue.problems().empty());
}

TEST(Catalogue, AnUnchangedObjectStaysTheSamePointer) {
  Catalogue catalogue;
  (void)catalogue.ReplaceFleet({Doc("a.yaml", 1, AppText("shop"))});
  const auto before = catalogue.FindApp("shop");
  EXPECT_TRUE(catalogue.ReplaceFleet({Doc("moved.yaml", 9, AppText("shop"))}).empty());
  EXPECT_EQ(catalogue.FindApp("shop"), before);
  EXPECT_EQ(catalogue.OriginOf(kShop)->Text(), "fleet repository, moved.yaml:9");
}

TEST(Catalogue, ABrokenObjectHarmsOnlyItself) {
  Catalogue catalogue;
  (void)catalogue.ReplaceFleet(
      {Doc("a.yaml", 1, AppText("shop")), Doc("b.yaml", 1, AppText("base"))});
  const auto change =
      catalogue.ReplaceFleet({Doc("a.yaml", 4, AppText("shop", "'prune':1")),
                              Doc("b.yaml", 1, AppText("base", "'namespace':'new'")),
                              Doc("c.yaml", 1, AppText("fresh", "'prune':1"))});
  EXPECT_EQ(Names(change.configured), "App base;");
  EXPECT_TRUE(change.removed.empty());
  ASSERT_NE(catalogue.FindApp("shop"), nullptr);
  EXPECT_EQ(catalogue.FindApp("fresh"), nullptr);
  ASSERT_EQ(catalogue.problems().size(), 2u);
  EXPECT_EQ(catalogue.problems()[0].origin.Text(), "fleet repository, a.yaml:4");
  EXPECT_EQ(*catalogue.problems()[0].id, kShop);
  EXPECT_TRUE(catalogue.problems()[0].last_good_kept);
  EXPECT_FALSE(catalogue.problems()[1].last_good_kept);
  (void)catalogue.ReplaceFleet({Doc("a.yaml", 4, AppText("shop"))});
  EXPECT_TRUE(catalogue.problems().empty());
}

// What cannot be read may be any object, also one that came from another file: git mv and a slip.
TEST(Catalogue, NothingIsRemovedWhileADocumentSaysNotWhatItIs) {
  Catalogue catalogue;
  (void)catalogue.ReplaceFleet({Doc("a.yaml", 1, AppText("shop")),
                                Doc("a.yaml", 9, AppText("base")),
                                Doc("b.yaml", 1, AppText("gone"))});
  (void)catalogue.Apply(Doc("mine.yaml", 1, AppText("mine")));
  std::string nameless = AppText("x");
  nameless.replace(nameless.find("'x'"), 3, "''");
  std::string mistyped = AppText("shop");
  mistyped.replace(mistyped.find("'App'"), 5, "'Appp'");
  const std::string no_kind = "{'apiVersion':'dunlin.dev/v1'}";
  const std::vector<Document> unclear = {
      Broken("teams/a.yaml", 3), Doc("teams/a.yaml", 3, nameless), Doc("teams/a.yaml", 3, mistyped),
      Doc("teams/a.yaml", 3, no_kind)};
  for (const Document& document : unclear) {
    EXPECT_TRUE(catalogue.ReplaceFleet({Doc("c.yaml", 1, AppText("base")), document}).empty());
    for (const char* name : {"shop", "base", "gone"}) {
      EXPECT_NE(catalogue.FindApp(name), nullptr) << name;
    }
    ASSERT_EQ(catalogue.problems().size(), 2u);
    const Problem& said = catalogue.problems()[1];
    EXPECT_EQ(said.origin.Text(), "fleet repository, teams/a.yaml:3");
    EXPECT_NE(said.error.message.find("App gone, App shop cannot be found any more and stays"),
              std::string::npos)
        << said.error.message;
  }
  const auto mended = catalogue.ReplaceFleet(
      {Doc("c.yaml", 1, AppText("base")), Doc("teams/a.yaml", 1, AppText("shop"))});
  EXPECT_EQ(Names(mended.removed), "App gone;");
  EXPECT_TRUE(catalogue.problems().empty());
  EXPECT_NE(catalogue.FindApp("mine"), nullptr);
}

TEST(Catalogue, WhatSaysThatItIsSomethingElseKeepsNothingOfOtherFiles) {
  Catalogue catalogue;
  const std::string map = "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'m'}}";
  (void)catalogue.ReplaceFleet({Doc("a.yaml", 1, AppText("shop")),
                                Doc("b.yaml", 1, AppText("base")), Doc("m.yaml", 1, map)});
  const auto change =
      catalogue.ReplaceFleet({Doc("b.yaml", 1, AppText("base")), Doc("m.yaml", 1, map)});
  EXPECT_EQ(Names(change.removed), "App shop;");
  EXPECT_EQ(catalogue.problems().size(), 1u);
}

TEST(Catalogue, AMistypedKindDoesNotDeleteTheApp) {
  Catalogue catalogue;
  (void)catalogue.ReplaceFleet(
      {Doc("a.yaml", 1, AppText("shop")), Doc("b.yaml", 1, AppText("base"))});
  std::string text = AppText("shop");
  text.replace(text.find("'App'"), 5, "'Appp'");
  const auto change =
      catalogue.ReplaceFleet({Doc("a.yaml", 1, text), Doc("b.yaml", 1, AppText("base"))});
  EXPECT_TRUE(change.empty());
  EXPECT_NE(catalogue.problems()[0].error.message.find("did you mean \"dunlin.dev/v1 App\"?"),
            std::string::npos);
}

TEST(Catalogue, AnEmptiedFleetRepositoryRemovesNothing) {
  Catalogue catalogue;
  (void)catalogue.ReplaceFleet({Doc("a.yaml", 1, AppText("shop"))});
  EXPECT_TRUE(catalogue.ReplaceFleet({}).empty());
  EXPECT_NE(catalogue.FindApp("shop"), nullptr);
  ASSERT_EQ(catalogue.problems().size(), 1u);
  EXPECT_EQ(catalogue.problems()[0].error.code, Errc::kPrecondition);
  const std::string foreign =
      "{'apiVersion':'argoproj.io/v1alpha1','kind':'AppProject',"
      "'metadata':{'name':'p'}}";
  EXPECT_TRUE(catalogue.ReplaceFleet({Doc("p.yaml", 1, foreign)}).empty());
  EXPECT_NE(catalogue.FindApp("shop"), nullptr);
}

TEST(Catalogue, AnAppProjectIsToldAndHarmsNothing) {
  Catalogue catalogue;
  (void)catalogue.ReplaceFleet(
      {Doc("a.yaml", 1, AppText("shop")), Doc("a.yaml", 5, AppText("old"))});
  const std::string foreign =
      "{'apiVersion':'argoproj.io/v1alpha1','kind':'AppProject',"
      "'metadata':{'name':'p'}}";
  const auto change =
      catalogue.ReplaceFleet({Doc("a.yaml", 1, AppText("shop")), Doc("a.yaml", 9, foreign)});
  EXPECT_EQ(Names(change.removed), "App old;");
  ASSERT_EQ(catalogue.problems().size(), 1u);
  EXPECT_EQ(catalogue.problems()[0].error.code, Errc::kUnsupported);
}

TEST(Catalogue, ASecondOriginIsAnErrorThatNamesBoth) {
  Catalogue catalogue;
  (void)catalogue.ReplaceFleet({Doc("b.yaml", 1, AppText("shop"))});
  // A later claimant loses, also when its file sorts first.
  (void)catalogue.ReplaceFleet(
      {Doc("a.yaml", 2, AppText("shop", "'namespace':'x'")), Doc("b.yaml", 1, AppText("shop"))});
  EXPECT_EQ(catalogue.FindApp("shop")->namespace_, "");
  ASSERT_EQ(catalogue.problems().size(), 1u);
  const std::string& message = catalogue.problems()[0].error.message;
  EXPECT_NE(message.find("b.yaml:1"), std::string::npos) << message;
  EXPECT_NE(message.find("a.yaml:2"), std::string::npos) << message;

  const auto applied = catalogue.Apply(Doc("mine.yaml", 1, AppText("shop")));
  ASSERT_FALSE(applied.has_value());
  EXPECT_EQ(applied.error().code, Errc::kConflict);
  EXPECT_NE(applied.error().message.find("applied from mine.yaml:1"), std::string::npos);
}

TEST(Catalogue, AppAndApplicationShareTheirNames) {
  Catalogue catalogue;
  (void)catalogue.ReplaceFleet(
      {Doc("a.yaml", 1, AppText("web")), Doc("b.yaml", 1, ApplicationText())});
  EXPECT_FALSE(catalogue.FindApp("web")->application);
  EXPECT_EQ(catalogue.problems().size(), 1u);
}

TEST(Catalogue, AppliedObjectsLiveBesideTheFleet) {
  Catalogue catalogue;
  EXPECT_EQ(catalogue.Apply(Doc("m", 1, AppText("mine"))).value(), ApplyResult::kCreated);
  EXPECT_EQ(catalogue.Apply(Doc("m", 1, AppText("mine"))).value(), ApplyResult::kUnchanged);
  EXPECT_EQ(catalogue.Apply(Doc("m", 1, AppText("mine", "'namespace':'x'"))).value(),
            ApplyResult::kConfigured);
  const auto bad = catalogue.Apply(Doc("m.yaml", 3, AppText("mine", "'namespce':'x'")));
  ASSERT_FALSE(bad.has_value());
  EXPECT_NE(bad.error().message.find("m.yaml:3: App mine: spec.namespce"), std::string::npos)
      << bad.error().message;
  (void)catalogue.ReplaceFleet({Doc("a", 1, AppText("shop"))});
  (void)catalogue.ReplaceFleet({Doc("a", 1, AppText("other"))});
  EXPECT_EQ(catalogue.FindApp("mine")->namespace_, "x");
  EXPECT_EQ(catalogue.Remove({ObjectKind::kApp, "other"}).error().code, Errc::kPrecondition);
  EXPECT_EQ(catalogue.Remove({ObjectKind::kApp, "none"}).error().code, Errc::kNotFound);
  EXPECT_TRUE(catalogue.Remove({ObjectKind::kApp, "mine"}));
  EXPECT_EQ(catalogue.FindApp("mine"), nullptr);
}

TEST(Catalogue, ASourceBelongsToItsNormalisedRepository) {
  Catalogue catalogue;
  (void)catalogue.ReplaceFleet({Doc("s", 1, SourceText("one", "git@git.example:shop.git"))});
  ASSERT_NE(catalogue.SourceFor("git.example/shop"), nullptr);
  const auto second = catalogue.Apply(Doc("t", 1, SourceText("two", "https://git.example/shop")));
  ASSERT_FALSE(second.has_value());
  EXPECT_NE(second.error().message.find("already belongs to Source one"), std::string::npos);
}

TEST(Catalogue, SurvivesARestart) {
  Catalogue catalogue;
  (void)catalogue.ReplaceFleet({Doc("a", 1, AppText("shop"))});
  ASSERT_TRUE(catalogue.Apply(Doc("c", 1, ClusterText("c1"))));
  const Catalogue restored = Catalogue::Restore(catalogue.Stored());
  EXPECT_NE(restored.FindApp("shop"), nullptr);
  EXPECT_NE(restored.FindCluster("c1"), nullptr);
  EXPECT_EQ(restored.OriginOf(kShop), catalogue.OriginOf(kShop));
  EXPECT_TRUE(restored.problems().empty());
}

// A row of the hub's database that cannot be read any more: its object is not gone.
TEST(Catalogue, AStoredObjectThatCannotBeReadStaysAProblemUntilItIsMended) {
  const ObjectId mine{ObjectKind::kApp, "mine"};
  const Origin applied{Origin::Kind::kApplied, "mine.yaml", 1};
  const Origin fleet{Origin::Kind::kFleet, "a.yaml", 1};
  Catalogue catalogue =
      Catalogue::Restore({{mine, applied, object::Value()},
                          {kShop, fleet, object::Value()},
                          {{ObjectKind::kApp, "old"}, fleet, Json(AppText("another"))},
                          {{ObjectKind::kCluster, "c1"}, applied, Json("{'kind':'X'}")}});
  ASSERT_EQ(catalogue.problems().size(), 5u);
  EXPECT_EQ(catalogue.problems()[0].error.code, Errc::kCorrupt);
  EXPECT_TRUE(catalogue.Stored().empty());
  // A read that may have missed it does not say that it is gone.
  EXPECT_TRUE(catalogue.ReplaceFleet({}).empty());
  EXPECT_EQ(catalogue.problems().size(), 6u);
  EXPECT_TRUE(catalogue.ReplaceFleet({Broken("b.yaml", 1)}).empty());
  EXPECT_EQ(catalogue.problems().size(), 6u);
  // Nor does a broken version of it.
  auto change = catalogue.ReplaceFleet({Doc("a.yaml", 1, AppText("shop", "'prune':1"))});
  EXPECT_EQ(Names(change.removed), "App another;App old;");
  ASSERT_EQ(catalogue.problems().size(), 4u);
  change = catalogue.ReplaceFleet(
      {Doc("a.yaml", 1, AppText("shop")), Doc("b.yaml", 1, AppText("mine"))});
  EXPECT_EQ(Names(change.created), "App shop;");
  EXPECT_TRUE(change.removed.empty());
  ASSERT_EQ(catalogue.problems().size(), 3u);
  EXPECT_NE(catalogue.problems()[0].error.message.find("two origins"), std::string::npos);

  EXPECT_EQ(catalogue.Apply(Doc("mine.yaml", 1, AppText("mine"))).value(),
            ApplyResult::kConfigured);
  EXPECT_EQ(catalogue.Apply(Doc("c.yaml", 1, ClusterText("c1"))).value(), ApplyResult::kConfigured);
  (void)catalogue.ReplaceFleet({Doc("a.yaml", 1, AppText("shop"))});
  EXPECT_TRUE(catalogue.problems().empty());
}

TEST(Catalogue, ARowWithAnotherNameThanItsDocumentProtectsBoth) {
  const Origin applied{Origin::Kind::kApplied, "a.yaml", 1};
  const Catalogue catalogue =
      Catalogue::Restore({{{ObjectKind::kApp, "mine"}, applied, Json(AppText("mine"))},
                          {{ObjectKind::kApp, "old"}, applied, Json(AppText("shop"))},
                          {{ObjectKind::kApp, "older"}, applied, Json(AppText("mine"))}});
  EXPECT_NE(catalogue.Unreadable({ObjectKind::kApp, "old"}), nullptr);
  EXPECT_NE(catalogue.Unreadable(kShop), nullptr);
  EXPECT_EQ(catalogue.Unreadable({ObjectKind::kApp, "mine"}), nullptr) << "it is there";
  EXPECT_EQ(catalogue.problems().size(), 3u);
}

TEST(Catalogue, HasALimit) {
  Catalogue catalogue;
  std::vector<Document> documents;
  for (size_t i = 0; i <= limits::kCatalogueObjects; ++i) {
    documents.push_back(Doc("f", static_cast<int>(i), ClusterText("c" + std::to_string(i))));
  }
  const auto change = catalogue.ReplaceFleet(std::move(documents));
  EXPECT_EQ(change.created.size(), limits::kCatalogueObjects);
  ASSERT_EQ(catalogue.problems().size(), 1u);
  EXPECT_EQ(catalogue.problems()[0].error.code, Errc::kLimit);
  EXPECT_EQ(catalogue.Apply(Doc("stdin", 1, ClusterText("one-more"))).error().code, Errc::kLimit);
  catalogue.ReplaceFleet({Doc("f", 0, ClusterText("c0"))});
  EXPECT_TRUE(catalogue.Apply(Doc("stdin", 1, ClusterText("one-more"))));
}

}  // namespace
}  // namespace dunlin::catalog
