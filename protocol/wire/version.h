// The wire version: one integer under a dated history line per value. Both sides accept N and N-1.
#pragma once

namespace dunlin::wire {

//  1: 2026-11-24: poll, bundles, report, enroll, renew.
inline constexpr int kVersion = 1;
inline constexpr int kOldestVersion = 1;
inline constexpr const char* kVersionHeader = "dunlin-version";

// Paths of the agent port (HTTP/2, mTLS) …
inline constexpr const char* kPollPath = "/v1/poll";
inline constexpr const char* kBundlesPath = "/v1/bundles/";  // + 64 hex digits [?from=<digest>]
inline constexpr const char* kReportPath = "/v1/report";
// … and of the public port.
inline constexpr const char* kEnrollPath = "/v1/enroll";
inline constexpr const char* kRenewPath = "/v1/renew";

}  // namespace dunlin::wire
