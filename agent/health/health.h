// The health of one live object, from its own fields only (merge.md section 13): kstatus' rules
// (sigs.k8s.io/cli-utils pkg/kstatus/status) where it is right, Argo CD's where it says more; every
// deviation from kstatus is a row of that table and has a test.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "protocol/base/time.h"
#include "protocol/object/value.h"

namespace dunlin::health {

enum class HealthStatus {
  kCurrent,      // does what it should
  kSuspended,    // paused on purpose
  kInProgress,   // on its way
  kTerminating,  // being deleted
  kMissing,      // desired but not live
  kFailed,       // will not get there by itself
  kUnknown,      // not readable, or its status makes no sense
};
// "Current", "InProgress", …: the words of reports and of `dunlin status`.
std::string_view Name(HealthStatus status);

struct Health {
  HealthStatus status = HealthStatus::kCurrent;
  std::string reason;   // one CamelCase word, e.g. "LessReady"; empty when there is nothing to say
  std::string message;  // for people
  bool operator==(const Health&) const = default;
};

struct Options {
  bool service_needs_load_balancer = true;  // false: `lb: ignore`, for clusters without one
  bool ingress_needs_load_balancer = false;
};

// `now` decides the rules with a duration (unschedulable for 15 s, Ready=False for 5 min). With the
// shipped rules; who judges many objects, or by rules of the fleet, keeps a Judge (judge.h).
Health Evaluate(const object::Value& live, TimePoint now, const Options& options = {});

// Whether an object in this state holds back the next wave: everything that is not Current or
// Suspended does, except a PersistentVolumeClaim that waits to be bound. With WaitForFirstConsumer
// it is bound by a Pod that may belong to the very wave it would hold back.
bool HoldsWave(std::string_view group, std::string_view kind, HealthStatus status);

// The worst of all decides: Current < Suspended < InProgress and Terminating < Missing < Failed <
// Unknown. Empty: Current.
HealthStatus RollUp(std::span<const HealthStatus> statuses);

// Why an object is not Current, in a few words: its message, else its reason, else its status.
// Never empty.
std::string Why(const Health& health);

}  // namespace dunlin::health
