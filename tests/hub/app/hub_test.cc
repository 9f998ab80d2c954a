// The hub as a whole: from commits to statements, and what the admin is shown.
#include "protocol/bundle/bundle.h"
#include "protocol/bundle/codec.h"
#include "protocol/store/database.h"
#include "tests/hub/app/hub_case.h"

namespace dunlin::hub {
namespace {

TEST_F(HubTest, ACommitBecomesAStatementWithItsBundle) {
  const std::string commit = world.PushShop("1");
  world.PushFleet({AppText("shop")});
  HubWorld::Agent agent = world.Enroll("c1");
  ASSERT_OK(world.Refresh());
  const Polled polled = world.Poll(agent);
  ASSERT_TRUE(polled.statement);
  EXPECT_TRUE(polled.head);
  EXPECT_EQ(polled.statement->kube, "kube-c1");
  const trust::StatementApp& app = polled.statement->apps.at(AppName("shop"));
  EXPECT_EQ(app.revision.str(), commit);
  EXPECT_EQ(app.objects, 1);
  ASSERT_EQ(polled.bundles.size(), 1u);
  const auto raw =
      bundle::Decode(polled.bundles[0].blob, {polled.bundles[0].raw_bytes, app.bundle});
  ASSERT_OK(raw);
  const auto bundle = bundle::ParseCanonical(*raw);
  ASSERT_OK(bundle);
  EXPECT_EQ(object::FindString(bundle->objects[0], {"data", "value"}), "1");
}

TEST_F(HubTest, IdenticalTargetsShareOneRenderAndOneBundle) {
  world.PushShop("1");
  world.PushFleet({AppText("shop")});
  HubWorld::Agent one = world.Enroll("c1");
  HubWorld::Agent two = world.Enroll("c2");
  ASSERT_OK(world.Refresh());
  const Polled first = world.Poll(one);
  const Polled second = world.Poll(two);
  ASSERT_TRUE(first.statement && second.statement);
  EXPECT_EQ(Digest_(first), Digest_(second));
  EXPECT_EQ(world.renderer.renders, 1);
}

TEST_F(HubTest, AHeldPollIsAnsweredByTheNextCommit) {
  HubWorld::Agent agent = Shop();
  auto held = world.BeginPoll(agent);
  ASSERT_OK(world.Refresh());
  EXPECT_FALSE(held.done()) << "nothing changed: no answer";
  world.PushShop("2");
  ASSERT_OK(world.Refresh());
  const int64_t before = agent.have.seq;
  const Polled polled = world.Take(agent, held.Wait());
  ASSERT_TRUE(polled.statement);
  EXPECT_GT(polled.statement->seq, before);
  ASSERT_EQ(polled.bundles.size(), 1u);
  EXPECT_TRUE(polled.bundles[0].from) << "a delta against the bundle that the agent has";
}

TEST_F(HubTest, ACommitThatChangesNoBundleMovesOnlyTheShownRevision) {
  HubWorld::Agent agent = Shop();
  auto held = world.BeginPoll(agent);
  const std::string commit = world.PushShop("1");
  ASSERT_OK(world.Refresh());
  EXPECT_EQ(object::FindString(world.Target("shop", "c1"), {"revision"}), commit);
  EXPECT_FALSE(held.done());
}

TEST_F(HubTest, ARenderFailureKeepsTheLastGoodBundleAndHarmsNoOtherApp) {
  world.PushShop("1");
  world.PushFleet({AppText("shop"), AppText("bad", "", "nowhere")});
  HubWorld::Agent agent = world.Enroll("c1");
  ASSERT_OK(world.Refresh());
  const Polled first = world.Poll(agent);
  ASSERT_TRUE(first.statement);
  EXPECT_EQ(first.statement->apps.size(), 1u);
  EXPECT_NE(Problem("bad").find("nowhere"), std::string::npos);
  EXPECT_EQ(object::FindString(world.Target("bad", "c1"), {"state"}), "Failed");
  auto held = world.BeginPoll(agent);
  const std::string broken = world.PushShop("2", "{not json");
  ASSERT_OK(world.Refresh());
  EXPECT_FALSE(held.done()) << "no statement because of a failure";
  EXPECT_EQ(object::FindString(world.Target("shop", "c1"), {"failed_revision"}), broken);
  world.PushShop("3");
  ASSERT_OK(world.Refresh());
  EXPECT_TRUE(world.Take(agent, held.Wait()).statement);
  EXPECT_EQ(Problem(), "");
}

TEST_F(HubTest, AProblemIsLoggedOnceAndAgainWhenItChanges) {
  HubWorld::Agent agent = Shop();
  RecordingSink& log = world.log;
  const auto look = [&](int times) {
    for (int i = 0; i < times; ++i) ASSERT_OK(world.Refresh());
  };
  world.git.repos[kFleetUrl].error = MakeError(Errc::kUnavailable, "refused");
  look(3);
  EXPECT_EQ(log.count["fetch_failed"], 1);
  world.git.repos[kFleetUrl].error = MakeError(Errc::kUnavailable, "no route");
  look(2);
  EXPECT_EQ(log.count["fetch_failed"], 2);
  EXPECT_EQ(log.last["fetch_failed"]["error"], "no route");
  world.git.repos[kFleetUrl].error.reset();
  look(2);
  EXPECT_EQ(log.count["fetch_recovered"], 1);

  world.PushFleet({AppText("shop"), AppText("gr\xc3\xbc\xc3\x9f")});
  look(3);
  world.PushFleet({AppText("shop"), AppText("gr\xc3\xbc\xc3\x9f"), ClusterText("c9")});
  look(1);
  EXPECT_EQ(log.count["catalogue_problem"], 1);
  EXPECT_EQ(log.last["catalogue_problem"]["file"], "catalogue/1.yaml");

  for (const char* value : {"2", "3"}) {  // each commit is rendered again, and fails the same
    world.PushShop(value, "{not json");
    look(2);
  }
  EXPECT_EQ(log.count["render_failed"], 1);
  EXPECT_EQ(log.last["render_failed"]["app"], "shop");
  EXPECT_EQ(log.last["render_failed"]["path"], "apps");
  EXPECT_NE(log.last["render_failed"]["error"].find("apps/b.yaml"), std::string::npos)
      << log.last["render_failed"]["error"];
  world.PushShop("4");
  look(1);
  EXPECT_EQ(log.count["render_works"], 1);
}

TEST_F(HubTest, AMissingRepositoryAndAWrongRevisionAreProblemsOfTheirTargets) {
  world.PushShop("1");
  std::string lost = AppText("lost");
  lost.replace(lost.find("git.example/shop"), 16, "git.example/lost");
  std::string branch = AppText("branch");
  branch.replace(branch.find("'path'"), 6, "'revision':'nope','path'");
  world.PushFleet({AppText("shop"), lost, branch});
  HubWorld::Agent agent = world.Enroll("c1");
  ASSERT_OK(world.Refresh());
  EXPECT_NE(Problem("lost").find("git.example/lost"), std::string::npos);
  EXPECT_NE(Problem("branch").find("nope"), std::string::npos);
  EXPECT_EQ(world.Poll(agent).statement->apps.size(), 1u);
}

TEST_F(HubTest, ADamagedBundleThatAnAgentFetchesIsMadeAgain) {
  HubWorld::Agent agent = Shop();
  const BundleDigest bundle = agent.bundles.at(0);
  const std::string file = world.dir + "/bundles/" + bundle.Hex().substr(0, 2) + "/" + bundle.Hex();
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 1);
  EXPECT_OK(world.hub->agents().Bundle(agent.identity, bundle, std::nullopt));
  // The pool has one thread: this comes after the look at the file.
  std::function<Status()> nothing = [] { return Status(); };
  ASSERT_OK(world.Run(net::RunOn(world.pool, std::move(nothing))));
  ASSERT_OK(world.Refresh());
  EXPECT_EQ(world.log.count["bundle_lost"], 1);
  EXPECT_OK(world.bundles->GetRaw(bundle));
}

TEST_F(HubTest, ARestartChangesNothingForAnAgent) {
  HubWorld::Agent agent = Shop();
  const int renders = world.renderer.renders;
  world.Restart();
  ASSERT_OK(world.Refresh());
  auto held = world.BeginPoll(agent);
  ASSERT_OK(world.Refresh());
  EXPECT_FALSE(held.done());
  EXPECT_EQ(world.renderer.renders, renders) << "what was rendered is remembered";
  world.PushShop("2");
  ASSERT_OK(world.Refresh());
  EXPECT_TRUE(world.Take(agent, held.Wait()).statement);
}

TEST_F(HubTest, WhatCouldNotBePublishedIsPublishedAfterTheRestart) {
  HubWorld::Agent agent = Shop();
  world.PushShop("2");
  world.state->full = true;
  EXPECT_OK(world.Refresh());
  world.Restart();
  ASSERT_OK(world.Refresh());
  const Polled polled = world.Poll(agent);
  ASSERT_TRUE(polled.statement);
}

TEST_F(HubTest, AFullDiskIsSaidAndAgentsAreServedOn) {
  HubWorld::Agent agent = Shop();
  HubWorld::Agent fresh = agent;
  fresh.have = {};
  world.PushShop("2");
  world.state->full = true;
  EXPECT_OK(world.Refresh());
  EXPECT_NE(object::CanonicalJson(world.Status_()).find("disk full"), std::string::npos);
  EXPECT_TRUE(world.Poll(fresh).statement) << "what was published before is still handed out";
  EXPECT_FALSE(world.Add("c9").has_value());
  world.state->full = false;
  auto held = world.BeginPoll(agent);
  ASSERT_OK(world.Refresh());
  EXPECT_TRUE(world.Take(agent, held.Wait()).statement) << "the change was not lost";
  EXPECT_EQ(object::CanonicalJson(world.Status_()).find("disk full"), std::string::npos);
}

// The port notes the use of a renewed certificate, and serves when it cannot note it.
TEST_F(HubTest, ARenewedCertificateThatWasUsedMakesTheOldOneStale) {
  const auto key = crypto::PrivateKey::Generate();
  const auto added = world.Add("c1");
  ASSERT_OK(added);
  const auto agent =
      world.EnrollWith(std::string(object::FindString(*added, {"token"})), *key, "kube-c1");
  ASSERT_OK(agent);
  const std::string id = agent->identity.agent.str();
  const auto renew = [&]() -> Result<wire::RenewResult> {
    TRY(const auto challenge, world.hub->enrolment().BeginRenew(id, 5));
    wire::RenewFinish finish{id, 1, {}};
    TRY(const Bytes message, trust::RenewMessage(id, challenge.nonce, 1));
    TRY(finish.proof, key->Sign(message));
    return world.hub->enrolment().FinishRenew(finish, 5);
  };
  const auto renewed = renew();
  ASSERT_OK(renewed);
  net::Peer peer;
  peer.certificate = *crypto::ParseCertificatePem(renewed->certificate_pem);
  world.state->full = true;
  EXPECT_OK(world.hub->agents().Identify(peer));
  world.state->full = false;
  EXPECT_OK(world.hub->agents().Identify(peer));
  EXPECT_EQ(renew().error().code, Errc::kPermission);
  EXPECT_EQ(world.hub->agents().Identify(peer).error().code, Errc::kPermission);
}

TEST_F(HubTest, AClusterThatIsEnrolledAgainIsServedByItsNewAgentOnly) {
  HubWorld::Agent former = Shop();
  auto held = world.BeginPoll(former);
  net::Peer peer = world.peer;
  ASSERT_OK(world.hub->agents().Identify(peer));
  HubWorld::Agent next = world.Enroll("c1");
  const auto ended = held.Wait();
  ASSERT_FALSE(ended.has_value());
  EXPECT_EQ(ended.error().code, Errc::kPermission);
  const std::string why = "another agent was enrolled for cluster c1; end this one";
  EXPECT_NE(ended.error().message.find(why), std::string::npos) << ended.error().message;
  EXPECT_EQ(world.log.count["agent_cut_off"], 1);
  // What it had begun to say when it was cut off is not shown.
  const auto last = world.Run(world.hub->agents().Report(former.identity, {}));
  ASSERT_FALSE(last.has_value());
  EXPECT_EQ(last.error().code, Errc::kPermission);
  EXPECT_EQ(object::Find(world.Target("shop", "c1"), {"applied_bundle"}), nullptr);
  for (const bool restarted : {false, true}) {
    if (restarted) world.Restart();
    const auto refused = world.hub->agents().Identify(peer);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::kPermission);
    EXPECT_NE(refused.error().message.find(why), std::string::npos) << refused.error().message;
    next.have = {};
    EXPECT_TRUE(world.Poll(next).statement);
  }
}

TEST_F(HubTest, AnEnrolmentThatCannotBeStoredCutsNobodyOff) {
  HubWorld::Agent former = Shop();
  auto held = world.BeginPoll(former);
  const auto added = world.Add("c1");
  ASSERT_OK(added);
  world.state->full = true;
  const auto key = crypto::PrivateKey::Generate();
  const std::string token(object::FindString(*added, {"token"}));
  EXPECT_FALSE(world.EnrollWith(token, *key, "kube-c1", 77).has_value());
  world.state->full = false;
  EXPECT_OK(world.hub->agents().Identify(world.peer));
  world.PushShop("2");
  ASSERT_OK(world.Refresh());
  EXPECT_TRUE(world.Take(former, held.Wait()).statement);
}

TEST_F(HubTest, ADeletedAppLeavesTheStatementAndAnEmptiedPathRemovesNothing) {
  world.PushShop("1");
  world.PushFleet({AppText("shop"), AppText("other")});
  HubWorld::Agent agent = world.Enroll("c1");
  ASSERT_OK(world.Refresh());
  EXPECT_EQ(world.Poll(agent).statement->apps.size(), 2u);
  world.git.Push(kFleetUrl, {{"README", "{}"}});
  auto held = world.BeginPoll(agent);
  ASSERT_OK(world.Refresh());
  EXPECT_FALSE(held.done());
  EXPECT_NE(object::CanonicalJson(world.Status_()).find("last good catalogue"), std::string::npos);
  world.PushFleet({AppText("shop")});
  ASSERT_OK(world.Refresh());
  EXPECT_EQ(world.Take(agent, held.Wait()).statement->apps.size(), 1u);
}

TEST_F(HubTest, ADeletedAppIsShownUntilItsObjectsAreGoneAndItsRemovalCanBeConfirmed) {
  world.PushShop("1");
  world.PushFleet({AppText("shop"), AppText("other")});
  HubWorld::Agent agent = world.Enroll("c1");
  ASSERT_OK(world.Refresh());
  ASSERT_TRUE(world.Poll(agent).statement);
  world.PushFleet({AppText("shop")});
  ASSERT_OK(world.Refresh());
  EXPECT_TRUE(world.Poll(agent).statement->removed.empty());
  wire::Report report;
  report.id = "r1";
  report.seq = agent.have.seq;
  wire::TargetReport left;
  left.app = "other";
  left.state = "OutOfSync";
  left.warnings.push_back({"", "prune_guard", "12 of 12 objects would be removed", "what to do"});
  report.targets.push_back(left);
  ASSERT_OK(world.Run(world.hub->agents().Report(agent.identity, report)));
  const object::Value shown = world.Target("other", "c1");
  EXPECT_EQ(object::FindString(shown, {"state"}), "OutOfSync");
  const std::string reason(object::FindString(shown, {"reason"}));
  EXPECT_NE(reason.find("12 of 12 objects would be removed; what to do"), std::string::npos)
      << reason;

  EXPECT_EQ(world.Run(world.hub->admin().Sync("other", false)).error().code, Errc::kPrecondition);
  auto held = world.BeginPoll(agent);
  ASSERT_OK(world.Run(world.hub->admin().Sync("other", true)));
  const Polled polled = world.Take(agent, held.Wait());
  ASSERT_TRUE(polled.statement);
  EXPECT_EQ(polled.statement->removed, std::set<AppName>{AppName("other")});
  EXPECT_EQ(polled.statement->apps.size(), 1u);

  report.id = "r2";
  report.targets.clear();
  ASSERT_OK(world.Run(world.hub->agents().Report(agent.identity, report)));
  EXPECT_EQ(object::CanonicalJson(world.Status_()).find("\"other\""), std::string::npos);
  EXPECT_EQ(world.Run(world.hub->admin().Sync("other", true)).error().code, Errc::kNotFound);
}

TEST_F(HubTest, AnUnknownFieldIsNamedAndTheLastGoodAppStays) {
  HubWorld::Agent agent = Shop();
  auto held = world.BeginPoll(agent);
  world.PushFleet({AppText("shop", "'namspace':'x'")});
  ASSERT_OK(world.Refresh());
  EXPECT_FALSE(held.done());
  const std::string status = object::CanonicalJson(world.Status_());
  EXPECT_NE(status.find("namspace"), std::string::npos);
  EXPECT_NE(status.find("catalogue/0.yaml"), std::string::npos);
}

TEST_F(HubTest, AnAgentThatIsAheadShowsThatTheDatabaseIsOld) {
  HubWorld::Agent agent = Shop();
  const int64_t ahead = agent.have.seq + 3'600'000;
  agent.have.seq = ahead;
  agent.have.number = ahead;
  agent.have.statement = crypto::Sha256("from a later time");
  const Polled polled = world.Poll(agent);
  ASSERT_TRUE(polled.statement);
  EXPECT_GT(polled.statement->seq, ahead) << "the agent is not cut off";
  EXPECT_NE(object::CanonicalJson(world.Status_()).find("database_is_old"), std::string::npos);
  auto held = world.BeginPoll(agent);
  ASSERT_OK(world.Refresh());
  EXPECT_FALSE(held.done()) << "once";
}

TEST_F(HubTest, ApplyTakesAppsBesideTheFleetRepositoryAndRefusesASecondOrigin) {
  Shop();
  const auto applied = world.Run(
      world.hub->admin().Apply(AppText("applied", "'clusters':{'names':['c1']}"), "a.yaml"));
  ASSERT_OK(applied);
  EXPECT_EQ(object::FindString(object::FindArray(*applied, {"items"})->front(), {"result"}),
            "created");
  ASSERT_OK(world.Refresh());
  EXPECT_NE(object::FindString(world.Target("applied", "c1"), {"bundle"}), "");
  const auto second = world.Run(world.hub->admin().Apply(AppText("shop"), "b.yaml"));
  ASSERT_OK(second);
  const object::Value row = object::FindArray(*second, {"items"})->front();
  EXPECT_EQ(object::FindString(row, {"result"}), "failed");
  EXPECT_EQ(object::FindString(row, {"code"}), "conflict");
  world.Restart();
  EXPECT_TRUE(world.hub->admin().App("applied").has_value()) << "applied objects are durable";
}

// One damaged row is no order to remove what it is about.
TEST_F(HubTest, AnAppWhoseRowIsDamagedRunsOnAndIsSaidUntilItIsAppliedAgain) {
  HubWorld::Agent agent = Shop();
  const std::string text = AppText("applied", "'clusters':{'names':['c1']}");
  ASSERT_OK(world.Run(world.hub->admin().Apply(text, "a.yaml")));
  ASSERT_OK(world.Refresh());
  ASSERT_EQ(world.Poll(agent).statement->apps.size(), 2u);
  world.Stop();
  {
    const auto database =
        store::Database::Open(world.dir + "/hub.db", {.migrations = {{1, ""}, {2, ""}}});
    ASSERT_OK(database);
    ASSERT_OK((*database)->Execute(
        "UPDATE objects SET json = substr(json, 1, 20) WHERE name IN ('applied', 'shop', 'c1')"));
  }
  world.Start();
  auto held = world.BeginPoll(agent);
  ASSERT_OK(world.Refresh());
  world.PushShop("later");
  ASSERT_OK(world.Refresh());
  EXPECT_FALSE(held.done()) << "without its Cluster nothing changes for it";
  EXPECT_NE(object::CanonicalJson(world.Status_()).find("App applied: the hub's database"),
            std::string::npos);
  EXPECT_NE(object::CanonicalJson(world.Status_()).find("Cluster c1: the hub's database"),
            std::string::npos);
  EXPECT_EQ(object::CanonicalJson(world.Status_()).find("App shop: the hub's database"),
            std::string::npos)
      << "the fleet repository has it";
  const auto anew = world.Add("c1");
  ASSERT_FALSE(anew.has_value()) << "without its labels it would lose apps";
  EXPECT_NE(anew.error().message.find("the hub's database"), std::string::npos);
  ASSERT_OK(world.Run(world.hub->admin().Apply(ClusterText("c1"), "c.yaml")));
  ASSERT_OK(world.Refresh());
  const Polled polled = world.Take(agent, held.Wait());
  ASSERT_TRUE(polled.statement);
  EXPECT_TRUE(polled.statement->apps.contains(AppName("applied")));
  EXPECT_TRUE(polled.statement->apps.contains(AppName("shop")));
  ASSERT_OK(world.Run(world.hub->admin().Apply(text, "a.yaml")));
  EXPECT_EQ(object::CanonicalJson(world.Status_()).find("the hub's database"), std::string::npos);
}

TEST_F(HubTest, ARowOfAKindThatThereIsNotIsMendedForGood) {
  const std::string text = AppText("applied", "'clusters':{'names':['c1']}");
  ASSERT_OK(world.Run(world.hub->admin().Apply(text, "a.yaml")));
  world.Stop();
  {
    const auto database =
        store::Database::Open(world.dir + "/hub.db", {.migrations = {{1, ""}, {2, ""}}});
    ASSERT_OK(database);
    ASSERT_OK(
        (*database)->Execute("UPDATE objects SET kind = 'Apq', json = '{' "
                             "WHERE name = 'applied'"));
  }
  world.Start();
  ASSERT_OK(world.Run(world.hub->admin().Apply(text, "a.yaml")));
  EXPECT_EQ(world.real_state->Load()->objects.size(), 1u);
}

TEST_F(HubTest, AReportMakesATargetSyncedAndWakesWhoWatches) {
  HubWorld::Agent agent = Shop();
  const int64_t version = world.hub->admin().StatusVersion();
  testing_support::Started<void> watch(world.context,
                                       world.hub->admin().WaitForChange(version, Seconds(20)));
  wire::Report report;
  report.id = "r1";
  report.seq = agent.have.seq;
  wire::TargetReport target;
  target.app = "shop";
  target.state = "Synced";
  target.health = "Current";
  target.bundle = agent.bundles.at(0).Hex();
  target.applied = world.clock.Now();
  report.targets.push_back(target);
  ASSERT_OK(world.Run(world.hub->agents().Report(agent.identity, report)));
  ASSERT_OK(watch.Wait());
  const object::Value shown = world.Target("shop", "c1");
  EXPECT_EQ(object::FindString(shown, {"state"}), "Synced") << object::CanonicalJson(shown);
  for (const char* step : {"noticed", "resolved", "rendered", "published", "applied"}) {
    EXPECT_GT(object::FindInt(shown, {"times", step}).value_or(0), 0) << step;
  }
  ASSERT_OK(world.Run(world.hub->agents().Report(agent.identity, report)));  // again: stored once
  EXPECT_NE(world.hub->admin().Metrics().find(
                R"(dunlin_cluster_app_status{app="shop",cluster="c1",state="Synced"} 1)"),
            std::string::npos)
      << world.hub->admin().Metrics();
}

TEST_F(HubTest, AReportThatCannotBeStoredIsNotShownUntilItIsRepeated) {
  HubWorld::Agent agent = Shop();
  wire::Report report;
  report.id = "r1";
  report.problems = {{"", "disk_is_full", "no room in the agent's directory", ""}};
  const auto shown = [this] {
    return object::CanonicalJson(world.Target("shop", "c1")).find("disk_is_full") !=
           std::string::npos;
  };
  world.state->full = true;
  EXPECT_FALSE(world.Run(world.hub->agents().Report(agent.identity, report)));
  EXPECT_FALSE(shown());
  world.state->full = false;
  EXPECT_OK(world.Run(world.hub->agents().Report(agent.identity, report)));
  EXPECT_TRUE(shown());
  world.Restart();
  EXPECT_TRUE(shown());
}

// SIGTERM while something outside does not answer.
TEST_F(HubTest, StoppingCancelsWhatHangsAndLeavesNoTraceOfIt) {
  HubWorld::Agent agent = Shop();
  const std::string commit = world.PushShop("2");
  const std::pair<bool*, int*> outside[] = {{&world.git.hangs, &world.git.hanging},
                                            {&world.renderer.hangs, &world.renderer.hanging}};
  for (const auto& [hangs, hanging] : outside) {
    *hangs = true;
    testing_support::Started<object::Value> refresh(world.context,
                                                    world.hub->admin().Refresh(kShopUrl));
    while (*hanging == 0) {
      world.context.restart();
      ASSERT_GT(world.context.run_one_for(Seconds(10)), 0u);
    }
    const Millis start = world.clock.Monotonic();
    world.Stop();
    EXPECT_LT(world.clock.Monotonic() - start, Seconds(5));
    EXPECT_TRUE(refresh.done());
    EXPECT_EQ(*hanging, 0);
    *hangs = false;
    world.Start();
    EXPECT_EQ(Problem(), "");
    EXPECT_EQ(object::FindString(world.Target("shop", "c1"), {"failed_revision"}), "");
  }
  ASSERT_OK(world.Refresh());
  EXPECT_TRUE(world.Poll(agent).statement);
  EXPECT_EQ(object::FindString(world.Target("shop", "c1"), {"revision"}), commit);
}

TEST_F(HubTest, EveryDocumentOfAnEmptyHubIsWellFormed) {
  AdminBackend& admin = world.hub->admin();
  for (const object::Value& document :
       {admin.FleetStatus(), admin.Clusters(), admin.Apps(), admin.Sources()}) {
    EXPECT_TRUE(document.is_object());
  }
  const auto missing = admin.App("shop");
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, Errc::kNotFound);
  EXPECT_FALSE(admin.Cluster("c1").has_value());
  EXPECT_FALSE(world.Run(admin.Refresh("https://git.example/other.git")).has_value());
}

TEST_F(HubTest, AMistypedNameIsAnsweredWithTheNearest) {
  Shop();
  const auto missing = world.hub->admin().App("shopp");
  ASSERT_FALSE(missing.has_value());
  EXPECT_NE(missing.error().message.find("\"shop\""), std::string::npos);
}

}  // namespace
}  // namespace dunlin::hub
