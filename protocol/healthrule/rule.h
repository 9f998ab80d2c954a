// What a HealthRule is, read from its `spec`: which kinds it judges, and an ordered list of cases,
// the first of which that holds gives the status. Declarative on purpose: no script, no loop but
// over the elements of one list, and a bounded cost. The hub checks with ParseSpec what the fleet
// repository holds, the agent compiles with the same function what the bundle's policy brings.
//
//   match: [{group: cert-manager.io, kinds: [Certificate], versions: [v1]}]
//   ignoreObservedGeneration: false
//   cases:
//     - status: Failed
//       when: {condition: {type: Ready, status: "False", olderThan: 5m}}
//       reason: CertificateNotReady                      # a text, or {pointer: /status/reason}
//
// docs/health.md has every word.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/result.h"
#include "protocol/base/time.h"
#include "protocol/healthrule/pointer.h"
#include "protocol/object/value.h"

namespace dunlin::healthrule {

// "*": any group; "*.crossplane.io": any below it.
bool MatchesGroup(std::string_view pattern, std::string_view group);

struct Match {
  std::string group;                  // a pattern
  std::vector<std::string> kinds;     // {"*"}: any
  std::vector<std::string> versions;  // none: any

  bool Matches(std::string_view group, std::string_view version, std::string_view kind) const;
  bool MatchesKind(std::string_view group, std::string_view kind) const;  // in some version
  // Names group and kind without a '*'.
  bool Exact() const;
};

// A value of the object that is judged, or of the list element that is looked at.
struct Reference {
  Pointer pointer;
  bool root = false;        // from the whole object, also inside an element
  object::Value otherwise;  // when there is nothing; null: nothing
};

enum class Comparison {
  kExists,
  kAbsent,
  kEqual,
  kNotEqual,  // also of what is absent
  kIn,
  kNotIn,  // also of what is absent
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kPrefix,    // of text
  kContains,  // a text in a text, a value in a list
  kOlderThan  // of a time in RFC 3339
};

struct Operand {
  object::Value constant;  // of kIn, kNotIn: a list
  std::optional<Reference> reference;
  Millis duration{0};  // kOlderThan
};

struct ConditionTest {
  Reference list;
  std::vector<std::string> types;
  std::vector<std::string> statuses;  // none: any, as for reasons
  std::vector<std::string> reasons;
  std::vector<std::string> not_reasons;
  std::string message_contains;
  std::optional<Millis> older_than;  // since lastTransitionTime
  // Whether the condition's own observedGeneration is the object's generation. One that has none
  // counts as observed.
  std::optional<bool> observed;
};

struct Expression {
  enum class Kind { kAll, kAny, kNot, kSome, kEvery, kCompare, kCondition };
  struct Test {
    Comparison comparison = Comparison::kExists;
    Operand operand;
  };

  Kind kind = Kind::kAll;
  std::vector<Expression> parts;  // kNot, kSome, kEvery: one
  Reference subject;              // kSome, kEvery, kCompare
  bool count = false;             // kCompare: the number of elements of the subject
  std::vector<Test> tests;        // kCompare: all of them hold
  ConditionTest condition;
};

enum class Verdict { kCurrent, kSuspended, kInProgress, kTerminating, kMissing, kFailed, kUnknown };

// Of a case: a constant or what a pointer finds.
struct Text {
  std::string constant;
  std::optional<Reference> reference;
};

struct Case {
  Verdict verdict = Verdict::kCurrent;
  std::optional<Expression> when;  // nothing: always
  std::optional<Text> reason;      // nothing: of the condition that made it hold, if one did
  std::optional<Text> message;
};

struct HealthRule {
  std::vector<Match> match;
  // The kind's status.observedGeneration is not comparable with metadata.generation.
  bool ignore_observed_generation = false;
  std::vector<Case> cases;

  bool Matches(std::string_view group, std::string_view version, std::string_view kind) const;
};

// kInvalidArgument or kLimit; the message lists the problems with their paths below "spec".
Result<HealthRule> ParseSpec(const object::Value& spec);
// `match` alone, for a rule whose rest this version does not understand.
Result<std::vector<Match>> ParseMatch(const object::Value& spec);

}  // namespace dunlin::healthrule
