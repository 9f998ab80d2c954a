#include "hub/pipeline/fetch_notes.h"

#include <gtest/gtest.h>

namespace dunlin::hub {
namespace {

const Error kRefused = MakeError(Errc::kUnauthenticated, "the server refuses the credentials");
const Error kExpired = MakeError(Errc::kSignature, "the certificate has expired");
const Error kUnknown = MakeError(Errc::kSignature, "the certificate is of another authority");

TEST(FetchNotes, AFailureIsSaidOnceAndWhenItsReasonChanges) {
  FetchNotes notes;
  EXPECT_TRUE(notes.Failed("a", kRefused, Seconds(0)));
  for (int second = 30; second < 3600; second += 30) {
    EXPECT_FALSE(notes.Failed("a", kRefused, Seconds(second))) << second;
  }
  EXPECT_TRUE(notes.Failed("b", kRefused, Seconds(3599))) << "of its own";
  const auto other = notes.Failed("a", kExpired, Seconds(3599));
  ASSERT_TRUE(other);
  EXPECT_EQ(other->looks, 121);
  EXPECT_EQ(other->lasted, Seconds(3599));
  EXPECT_TRUE(notes.Failed("a", kUnknown, Seconds(3599))) << "another reason of the same kind";
  EXPECT_FALSE(notes.Failed("a", kUnknown, Seconds(3599)));
}

TEST(FetchNotes, OnceAnHourItIsSaidAgain) {
  FetchNotes notes;
  int lines = 0;
  for (int second = 0; second < 86'400; second += 30) {
    lines += notes.Failed("a", kRefused, Seconds(second)).has_value();
  }
  EXPECT_EQ(lines, 24);
}

TEST(FetchNotes, TheEndOfAFailureIsSaidWithHowLongItWas) {
  FetchNotes notes;
  EXPECT_FALSE(notes.Reached("a", Seconds(0))) << "nothing was wrong";
  (void)notes.Failed("a", kRefused, Seconds(10));
  (void)notes.Failed("a", kRefused, Seconds(40));
  const auto over = notes.Reached("a", Seconds(70));
  ASSERT_TRUE(over);
  EXPECT_EQ(over->looks, 2);
  EXPECT_EQ(over->lasted, Seconds(60));
  EXPECT_FALSE(notes.Reached("a", Seconds(71)));
  EXPECT_TRUE(notes.Failed("a", kRefused, Seconds(72))) << "a new failure";
}

TEST(FetchNotes, WhatIsNotFollowedIsForgotten) {
  FetchNotes notes;
  (void)notes.Failed("a", kRefused, Seconds(0));
  (void)notes.Failed("b", kRefused, Seconds(0));
  notes.Follow({{"b", Millis(0)}});
  EXPECT_TRUE(notes.Failed("a", kRefused, Seconds(1)));
  EXPECT_FALSE(notes.Failed("b", kRefused, Seconds(1)));
}

}  // namespace
}  // namespace dunlin::hub
