// Which statements the hub can show to have made: agents of a later database, after long absence,
// with made-up numbers.
#include <gtest/gtest.h>

#include "protocol/base/limits.h"
#include "tests/hub/publish/publisher_fixture.h"

namespace dunlin::hub {
namespace {

// C13: the database is an older copy; the agents know better.
TEST_F(PublisherTest, ARestoredOlderDatabaseMovesForwardAgain) {
  Publish({Content(kA, "1")});
  Offline("cp hub.db backup.db");
  clock_.now += std::chrono::hours(1);
  Publish({Content(kA, "2")});
  const trust::TrustedState held = Accept(Fresh(kA))->state;
  clock_.now -= std::chrono::minutes(90);  // and the clock is behind, too
  Offline("rm -f hub.db-*; mv backup.db hub.db");
  EXPECT_LT(publisher_->HeadNumber(), held.number);
  EXPECT_TRUE(publisher_->NoteAgent(kA, Request(held).have).value());
  EXPECT_FALSE(publisher_->NoteAgent(kA, Request(held).have).value()) << "no news";
  ClusterContent again = Content(kA, "1");
  again.restored = true;
  ASSERT_EQ(Publish({again}).changed, std::vector{kA});
  EXPECT_GT(publisher_->Current(kA)->seq, held.seq);
  EXPECT_GT(publisher_->HeadNumber(), held.number);
  clock_.now += std::chrono::minutes(91);
  ASSERT_OK(publisher_->RenewHead());
  const auto accepted = Accept(held);
  ASSERT_TRUE(accepted);
  EXPECT_TRUE(accepted->statement.keep);
  EXPECT_TRUE(publisher_->Knows(kA, Request(accepted->state).have));
  // The floor is in the database, not only in memory.
  EXPECT_GE(state_->Load()->floor, held.seq);
}

// The restored hub may have published before the first agent says what it holds.
TEST_F(PublisherTest, AnAgentOfALaterTimeGetsNothingButWhatPrunesNothing) {
  Publish({Content(kA, "1")});
  Offline("cp hub.db backup.db");
  Publish({Content(kA, "2")});
  const trust::TrustedState held = Accept(Fresh(kA))->state;
  Offline("rm -f hub.db-*; mv backup.db hub.db");
  EXPECT_FALSE(Accept(held));
  Publish({Content(kA, "3")});
  EXPECT_GT(publisher_->Current(kA)->seq, held.seq);
  EXPECT_FALSE(publisher_->Knows(kA, Request(held).have));
  EXPECT_FALSE(Accept(held)) << "an ordinary statement, from what the copy knows";
  ClusterContent fresh = Content(kA, "3");
  fresh.restored = true;
  Publish({fresh});
  const auto accepted = Accept(held);
  ASSERT_TRUE(accepted);
  EXPECT_TRUE(accepted->statement.keep);
  Publish({Content(kA, "4")});
  EXPECT_FALSE(Accept(held)) << "it has not taken the one that prunes nothing";
  EXPECT_FALSE(Accept(accepted->state)->statement.keep);
}

TEST_F(PublisherTest, AnAgentThatWasAwayForLongIsKnown) {
  Publish({Content(kA, "0")});
  const trust::TrustedState held = Accept(Fresh(kA))->state;
  for (int i = 1; i <= 2 * limits::kKeptStatements; ++i) Publish({Content(kA, std::to_string(i))});
  EXPECT_TRUE(publisher_->Knows(kA, Request(held).have));
  Start();
  EXPECT_TRUE(publisher_->Knows(kA, Request(held).have));
  EXPECT_TRUE(Accept(held));
  wire::PollRequest whole = Request(held);
  whole.have.statement = {};
  EXPECT_TRUE(publisher_->Knows(kA, whole.have)) << "it asks for the whole statement";
  whole.have.statement = crypto::Sha256("another one of that number");
  EXPECT_FALSE(publisher_->Knows(kA, whole.have));
  whole = Request(held);
  whole.have.seq -= 1;
  EXPECT_FALSE(publisher_->Knows(kA, whole.have)) << "older than all that is kept, and not ours";
}

// However many statements the copy makes before the first agent comes back.
TEST_F(PublisherTest, AnAgentOfALaterTimeStaysOneAfterManyStatementsOfTheCopy) {
  Publish({Content(kA, "1")});
  Offline("cp hub.db backup.db");
  Publish({Content(kA, "2")});
  const trust::TrustedState held = Accept(Fresh(kA))->state;
  Offline("rm -f hub.db-*; mv backup.db hub.db");
  for (int i = 0; i <= limits::kKeptStatements + 1; ++i) Publish({Content(kA, std::to_string(i))});
  EXPECT_FALSE(publisher_->Knows(kA, Request(held).have));
  EXPECT_FALSE(Accept(held));
}

// The number of its statements starts again; what it holds may still be more than we know.
TEST_F(PublisherTest, AnAgentOfALaterTimeStaysOneUnderARaisedEpoch) {
  Publish({Content(kA, "1")});
  Offline("cp hub.db backup.db");
  Publish({Content(kA, "2")});
  const trust::TrustedState held = Accept(Fresh(kA))->state;
  config_.epoch = 2;
  Offline("rm -f hub.db-*; mv backup.db hub.db");
  Publish({Content(kA, "3")});
  trust::TrustedState rotated = held;
  rotated.root = Fresh(kA).root;
  EXPECT_FALSE(publisher_->Knows(kA, Request(rotated).have));
  EXPECT_FALSE(publisher_->NoteAgent(kA, Request(rotated).have).value()) << "no floor of ours";
  EXPECT_FALSE(Accept(rotated));
  // Numbers of a stolen key, up to the end of them, hold back nothing.
  rotated.number = rotated.seq = trust::kMaxSequence;
  ClusterContent content = Content(kA, "3");
  content.restored = true;
  Publish({content});
  const auto accepted = Accept(rotated);
  ASSERT_TRUE(accepted);
  EXPECT_TRUE(accepted->statement.keep);
  EXPECT_TRUE(publisher_->Knows(kA, Request(accepted->state).have));
}

TEST_F(PublisherTest, TheStatementThatAnAgentShowedLastIsStoredWithTheNextPublish) {
  Publish({Content(kA, "1"), Content(kB, "1")});
  const trust::TrustedState held = Accept(Fresh(kA))->state;
  (void)publisher_->Answer(kA, Request(held)).value();
  Publish({Content(kA, "2")});
  EXPECT_EQ(fragile_->held, (std::vector<std::pair<ClusterId, int64_t>>{{kA, held.seq}}));
  Publish({Content(kA, "3")});
  EXPECT_TRUE(fragile_->held.empty()) << "no news";
}

// A6: numbers from the future must not use up those of the fleet.
TEST_F(PublisherTest, AMadeUpNumberIsNotBelieved) {
  Publish({Content(kA, "1")});
  const int64_t now = clock_.now.time_since_epoch().count();
  constexpr int64_t kDay = 24 * 3600 * 1000;
  wire::Have have;
  have.epoch = config_.epoch;
  have.seq = trust::kMaxSequence - 1;
  EXPECT_EQ(publisher_->NoteAgent(kA, have).error().code, Errc::kInvalidArgument);
  have.seq = now + kDay + 1;
  EXPECT_EQ(publisher_->NoteAgent(kA, have).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(state_->Load()->floor, 0);
  have.seq = now + kDay;
  EXPECT_TRUE(publisher_->NoteAgent(kA, have).value());
}

}  // namespace
}  // namespace dunlin::hub
