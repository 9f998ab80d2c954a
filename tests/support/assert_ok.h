// ASSERT_OK(expression): a Result that must hold, with its message when it does not.
#pragma once

#include <gtest/gtest.h>

#define ASSERT_OK(expression)                                    \
  do {                                                           \
    const auto& result_ = (expression);                          \
    ASSERT_TRUE(result_.has_value()) << result_.error().message; \
  } while (false)
#define EXPECT_OK(expression)                                    \
  do {                                                           \
    const auto& result_ = (expression);                          \
    EXPECT_TRUE(result_.has_value()) << result_.error().message; \
  } while (false)
