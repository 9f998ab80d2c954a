#include "protocol/base/told.h"

#include <gtest/gtest.h>

namespace dunlin {
namespace {

const Error kRefused = MakeError(Errc::kUnauthenticated, "the server refuses the credentials");
const Error kExpired = MakeError(Errc::kSignature, "the certificate has expired");
const Error kUnknown = MakeError(Errc::kSignature, "the certificate is of another authority");

TEST(ToldTest, ATroubleIsSaidOnceAndWhenItsReasonChanges) {
  Told told;
  EXPECT_TRUE(told.News("a", kRefused, Seconds(0)));
  for (int second = 30; second < 3600; second += 30) {
    EXPECT_FALSE(told.News("a", kRefused, Seconds(second))) << second;
  }
  EXPECT_TRUE(told.News("b", kRefused, Seconds(3599))) << "of its own";
  const auto other = told.News("a", kExpired, Seconds(3599));
  ASSERT_TRUE(other);
  EXPECT_EQ(other->times, 121);
  EXPECT_EQ(other->lasted, Seconds(3599));
  EXPECT_TRUE(told.News("a", kUnknown, Seconds(3599))) << "another reason of the same kind";
  EXPECT_FALSE(told.News("a", kUnknown, Seconds(3599)));
}

TEST(ToldTest, OnceAnHourItIsSaidAgain) {
  Told told;
  int lines = 0;
  for (int second = 0; second < 86'400; second += 30) {
    lines += told.News("a", kRefused, Seconds(second)).has_value();
  }
  EXPECT_EQ(lines, 24);
}

TEST(ToldTest, TheEndOfATroubleIsSaidWithHowLongItWas) {
  Told told;
  EXPECT_FALSE(told.Over("a", Seconds(0))) << "nothing was wrong";
  (void)told.News("a", kRefused, Seconds(10));
  (void)told.News("a", kRefused, Seconds(40));
  const auto over = told.Over("a", Seconds(70));
  ASSERT_TRUE(over);
  EXPECT_EQ(over->times, 2);
  EXPECT_EQ(over->lasted, Seconds(60));
  EXPECT_FALSE(told.Over("a", Seconds(71)));
  EXPECT_TRUE(told.News("a", kRefused, Seconds(72))) << "a new failure";
}

TEST(ToldTest, WhatIsForgottenBeginsAnew) {
  Told told;
  for (const char* about : {"fetch a", "fetch b", "render a"}) {
    (void)told.News(about, kRefused, Seconds(0));
  }
  told.ForgetExcept("fetch ", {"fetch b"});
  EXPECT_TRUE(told.News("fetch a", kRefused, Seconds(1)));
  EXPECT_FALSE(told.News("fetch b", kRefused, Seconds(1)));
  EXPECT_FALSE(told.News("render a", kRefused, Seconds(1)));
}

}  // namespace
}  // namespace dunlin
