// Rows of health tables: an object in short, and what it must be.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "agent/health/health.h"
#include "protocol/object/json.h"

namespace dunlin::health {

// 2026-11-24T12:00:00Z
inline TimePoint Noon() { return ParseTime("2026-11-24T12:00:00Z").value(); }

// `members` are the members of the object beside apiVersion and kind.
inline object::Value Object(std::string_view api_version, std::string_view kind,
                            std::string_view members) {
  auto value = object::ParseJson("{" + std::string(members) + "}");
  EXPECT_TRUE(value) << members;
  if (!value) return {};
  value->as_object()["apiVersion"] = api_version;
  value->as_object()["kind"] = kind;
  return std::move(*value);
}

struct Row {
  std::string_view what;
  std::string_view members;
  HealthStatus status;
  std::string_view reason;
};

inline void Check(std::string_view api_version, std::string_view kind, const std::vector<Row>& rows,
                  const Options& options = {}) {
  for (const Row& row : rows) {
    const Health health = Evaluate(Object(api_version, kind, row.members), Noon(), options);
    EXPECT_EQ(Name(health.status), Name(row.status)) << kind << ": " << row.what;
    EXPECT_EQ(health.reason, row.reason) << kind << ": " << row.what;
  }
}

constexpr auto kCurrent = HealthStatus::kCurrent;
constexpr auto kSuspended = HealthStatus::kSuspended;
constexpr auto kInProgress = HealthStatus::kInProgress;
constexpr auto kTerminating = HealthStatus::kTerminating;
constexpr auto kMissing = HealthStatus::kMissing;
constexpr auto kFailed = HealthStatus::kFailed;
constexpr auto kUnknown = HealthStatus::kUnknown;

}  // namespace dunlin::health
