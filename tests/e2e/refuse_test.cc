// What an agent refuses, each with its own reason, and that its cluster stays as it was: a hub with
// the right keys and port answers polls with one part spoiled at a time.
#include <functional>
#include <thread>

#include "protocol/base/limits.h"
#include "protocol/object/json.h"
#include "protocol/store/files.h"
#include "tests/e2e/fleet.h"
#include "tests/e2e/impostor.h"
#include "tests/support/assert_ok.h"

namespace dunlin::e2e {
namespace {

constexpr Millis kLimit = Seconds(60);

std::string ConfigMap(const std::string& text) {
  return R"({"apiVersion":"v1","data":{"text":")" + text +
         R"("},"kind":"ConfigMap","metadata":{"name":"settings","namespace":"default"}})";
}

struct Lie {
  std::string reason;  // of the agent's report
  std::function<void(Impostor::Offer&)> offer;
  std::function<void(LyingAnswer&)> answer;
};
const auto kHonest = [](Impostor::Offer&) {};
const auto kUntouched = [](LyingAnswer&) {};

class Refuse : public testing::Test {
 protected:
  void SetUp() override {
    auto plane = Plane::Start(dir_ / "plane", {.clusters = 1});
    ASSERT_OK(plane);
    plane_ = std::make_unique<Plane>(std::move(*plane));
    auto fleet = Fleet::Create(dir_.path());
    ASSERT_OK(fleet);
    fleet_ = std::make_unique<Fleet>(std::move(*fleet));
    ASSERT_OK(fleet_->git().Write(
        "catalogue/app.yaml",
        "apiVersion: dunlin.dev/v1\nkind: App\nmetadata: { name: app }\nspec:\n  source: { "
        "repo: " +
            fleet_->git().bare() + ", revision: main, path: manifests }\n  namespace: default\n"));
    ASSERT_OK(fleet_->git().Write("manifests/settings.json", ConfigMap("true")));
    const auto revision = fleet_->git().Push("first");
    ASSERT_OK(revision);
    ASSERT_OK(fleet_->StartHub());
    ASSERT_OK(fleet_->Enroll("one", "eu-west-1", plane_->kubeconfig(0)));
    ASSERT_OK(fleet_->StartAgent("one", plane_->kubeconfig(0)));
    ASSERT_OK(fleet_->WaitSynced(1, *revision));
    ASSERT_OK(fleet_->StopHub());

    const auto text = ReadFile(fleet_->state("one") + "/identity.json", 1 << 20);
    ASSERT_OK(text);
    const auto identity = object::ParseJson(*text);
    ASSERT_OK(identity);
    cluster_ = ClusterId(std::string(object::FindString(*identity, {"cluster"})));
    kube_uid_ = std::string(object::FindString(*identity, {"kube_uid"}));
    ASSERT_FALSE(cluster_.empty());
    ASSERT_FALSE(kube_uid_.empty());
  }

  Impostor::Offer Offer(const wire::PollRequest& poll) {
    Impostor::Offer offer;
    offer.have = poll.have;
    offer.cluster = cluster_;
    offer.kube_uid = kube_uid_;
    offer.app = "app";
    offer.objects = {ConfigMap("false")};
    return offer;
  }

  void Tell(const std::vector<Lie>& lies);

  std::string LiveText() {
    const auto settings = plane_->Get(0, "configmap", "default", "settings");
    EXPECT_OK(settings);
    return settings ? std::string(object::FindString(*settings, {"data", "text"})) : "";
  }

  support::TempDir dir_;
  std::unique_ptr<Plane> plane_;
  std::unique_ptr<Fleet> fleet_;
  ClusterId cluster_;
  std::string kube_uid_;
};

void Flip(Bytes& bytes, size_t at) { bytes.at(at) = static_cast<char>(bytes.at(at) ^ 1); }

// Tells the agent each lie in turn, then the truth. The agent reports a reason once while it holds,
// so every reason stands once in a list.
void Refuse::Tell(const std::vector<Lie>& lies) {
  auto impostor = Impostor::Start(fleet_->hub_data(), fleet_->agents_port());
  ASSERT_OK(impostor);
  plane_->Mark(0);
  for (const Lie& lie : lies) {
    SCOPED_TRACE(lie.reason);
    const auto poll = (*impostor)->NextPoll(kLimit);
    ASSERT_OK(poll);
    Impostor::Offer offer = Offer(*poll);
    lie.offer(offer);
    auto answer = (*impostor)->Make(offer);
    ASSERT_OK(answer);
    lie.answer(*answer);
    (*impostor)->Answer(answer->Frames());
    ASSERT_OK((*impostor)->WaitForProblem(lie.reason, kLimit));
    EXPECT_EQ(LiveText(), "true");
  }
  const auto requests = plane_->Requests(0, "dunlin-agent");
  ASSERT_OK(requests);
  EXPECT_EQ(std::count_if(requests->begin(), requests->end(), IsWrite), 0);

  const auto poll = (*impostor)->NextPoll(kLimit);
  ASSERT_OK(poll);
  const auto answer = (*impostor)->Make(Offer(*poll));
  ASSERT_OK(answer);
  (*impostor)->Answer(answer->Frames());
  EXPECT_OK(plane_->WaitFor(0, "configmap", "default", "settings", ".data.text", "false"));
}

TEST_F(Refuse, DamagedParts) {
  Tell({{"bundle", kHonest, [](LyingAnswer& a) { Flip(a.blob, a.blob.size() / 2); }},
        {"proof", kHonest,
         [](LyingAnswer& a) { Flip(a.statement, a.statement.find("objects") + 9); }},
        {"head_signature", kHonest,
         [](LyingAnswer& a) { Flip(a.head, a.head.find("root") + 10); }}});
}

TEST_F(Refuse, ADamagedProofAndAnotherSigner) {
  Tell({{"proof", kHonest, [](LyingAnswer& a) { Flip(a.proof, a.proof.size() - 1); }},
        {"head_signature", [](Impostor::Offer& o) { o.sign_with_ca_key = true; }, kUntouched}});
}

TEST_F(Refuse, AStatementUnderAnotherNumber) {
  Tell({{"proof", kHonest, [](LyingAnswer& a) { a.seq += 1; }}});
}

TEST_F(Refuse, StatementsOfOthersAndOlderOnes) {
  const ClusterId other("11111111-1111-4111-8111-111111111111");
  Tell({{"proof", [&](Impostor::Offer& o) { o.cluster = other; }, kUntouched},
        {"other_cluster", [&](Impostor::Offer& o) { o.naming = other; }, kUntouched},
        {"other_kube",
         [](Impostor::Offer& o) { o.kube_uid = "22222222-2222-4222-8222-222222222222"; },
         kUntouched},
        {"head_rollback", [](Impostor::Offer& o) { o.head_step = -1; }, kUntouched},
        {"sequence_rollback", [](Impostor::Offer& o) { o.seq_step = -1; }, kUntouched},
        {"equivocation", [](Impostor::Offer& o) { o.seq_step = 0; }, kUntouched}});
}

TEST_F(Refuse, HeadsOutOfTheirTimeAndTwoOfOneNumber) {
  Tell({{"stale_head",
         [](Impostor::Offer& o) {
           o.head_time = SystemClock().Now() - Seconds(3600);
           o.head_life = Millis(15 * 60 * 1000);
         },
         kUntouched},
        {"head_from_future",
         [](Impostor::Offer& o) {
           o.head_time = SystemClock().Now() + limits::kHeadAheadOfClock + Seconds(3600);
         },
         kUntouched},
        {"life_too_long", [](Impostor::Offer& o) { o.head_life = Seconds(24 * 3600); }, kUntouched},
        {"equivocation", [](Impostor::Offer& o) { o.head_step = 0; }, kUntouched}});
}

TEST_F(Refuse, AHubWithAnotherCertificateIsNotTalkedTo) {
  auto impostor = Impostor::Start(fleet_->hub_data(), fleet_->agents_port(), true);
  ASSERT_OK(impostor);
  ASSERT_OK(plane_->Kubectl(0, {"patch", "configmap", "settings", "-n", "default", "--type=merge",
                                "-p", R"({"data":{"text":"broken"}})"}));
  EXPECT_OK(plane_->WaitFor(0, "configmap", "default", "settings", ".data.text", "true"));
  // The agent says so where its operator looks, at its next attempt.
  std::string said;
  for (int i = 0; i < 300 && said.find("signature") == std::string::npos; ++i) {
    const auto status = support::Run({.command = {Program("dunlin-agent"), "status", "--state",
                                                  fleet_->state("one"), "-o", "json"}});
    ASSERT_OK(status);
    said = status->out;
    std::this_thread::sleep_for(Millis(100));
  }
  EXPECT_NE(said.find("signature"), std::string::npos) << said;
  EXPECT_EQ((*impostor)->requests(), 0);
}

}  // namespace
}  // namespace dunlin::e2e
