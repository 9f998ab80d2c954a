#include "hub/publish/poll_answer.h"

#include <gtest/gtest.h>

#include "protocol/crypto/crypto.h"

namespace dunlin::hub {
namespace {

constexpr Millis kLife = std::chrono::minutes(15);

BundleDigest Bundle(const std::string& name) { return crypto::Sha256(name); }

trust::Statement Statement(const std::map<std::string, std::string>& bundles) {
  trust::Statement out;
  for (const auto& [app, bundle] : bundles) out.apps[AppName(app)].bundle = Bundle(bundle);
  return out;
}

class PlanAnswerTest : public ::testing::Test {
 protected:
  AnswerPlan Plan() {
    return PlanAnswer({1'000'000, 20, crypto::Sha256("S20"), &newest_}, request_, held_, kLife,
                      now_);
  }
  void HoldsNewest() {
    request_.have = {1, 1'000'000, {}, 20, crypto::Sha256("S20")};
    held_ = &newest_;
  }

  trust::Statement newest_ = Statement({{"cart", "cart-2"}, {"shop", "shop-1"}});
  trust::Statement older_ = Statement({{"cart", "cart-1"}, {"shop", "shop-1"}});
  wire::PollRequest request_;
  const trust::Statement* held_ = nullptr;
  TimePoint now_{Millis(1'000'000)};
};

TEST_F(PlanAnswerTest, ANewAgentGetsEverythingWhole) {
  const AnswerPlan plan = Plan();
  EXPECT_TRUE(plan.head);
  EXPECT_TRUE(plan.statement);
  EXPECT_EQ(plan.bundles, (std::vector<BundleChoice>{{Bundle("cart-2"), std::nullopt},
                                                     {Bundle("shop-1"), std::nullopt}}));
}

TEST_F(PlanAnswerTest, AnAgentThatIsBehindGetsWhatChangedAgainstWhatItHas) {
  request_.have = {1, 900'000, {}, 19, crypto::Sha256("S19")};
  held_ = &older_;
  const AnswerPlan plan = Plan();
  EXPECT_TRUE(plan.statement);
  EXPECT_EQ(plan.bundles, (std::vector<BundleChoice>{{Bundle("cart-2"), Bundle("cart-1")}}));
}

TEST_F(PlanAnswerTest, BundlesThatTheAgentNamesAreNotSentAgain) {
  request_.bundles = {Bundle("shop-1")};
  EXPECT_EQ(Plan().bundles, (std::vector<BundleChoice>{{Bundle("cart-2"), std::nullopt}}));
}

TEST_F(PlanAnswerTest, ALostBaseIsNoBase) {
  request_.have = {1, 900'000, {}, 19, crypto::Sha256("S19")};
  request_.want = {Bundle("cart-1")};
  held_ = &older_;
  EXPECT_EQ(Plan().bundles, (std::vector<BundleChoice>{{Bundle("cart-2"), std::nullopt}}));
}

TEST_F(PlanAnswerTest, TwoAppsWithOneBundleGetItOnce) {
  newest_ = Statement({{"a", "same"}, {"b", "same"}});
  EXPECT_EQ(Plan().bundles.size(), 1u);
}

TEST_F(PlanAnswerTest, AnAgentThatHasAllIsNotAnswered) {
  HoldsNewest();
  EXPECT_TRUE(Plan().empty());
  now_ += kLife;
  EXPECT_TRUE(Plan().empty()) << "there is no newer head";
}

TEST_F(PlanAnswerTest, ARenewedHeadIsWorthAnAnswerAtHalfTheLife) {
  HoldsNewest();
  request_.have.number = 999'999;
  now_ = TimePoint(Millis(999'999) + kLife / 2 - Millis(1));
  EXPECT_TRUE(Plan().empty());
  now_ += Millis(1);
  const AnswerPlan plan = Plan();
  EXPECT_TRUE(plan.head);
  EXPECT_FALSE(plan.statement);
  EXPECT_TRUE(plan.bundles.empty());
}

TEST_F(PlanAnswerTest, ABundleThatTheAgentLostIsSentWithoutAHead) {
  HoldsNewest();
  request_.want = {Bundle("shop-1")};
  const AnswerPlan plan = Plan();
  EXPECT_FALSE(plan.head);
  EXPECT_EQ(plan.bundles, (std::vector<BundleChoice>{{Bundle("shop-1"), std::nullopt}}));
}

}  // namespace
}  // namespace dunlin::hub
