#include "agent/health/rule_eval.h"

#include <algorithm>
#include <charconv>

#include "protocol/base/limits.h"
#include "protocol/object/json.h"

namespace dunlin::health {

namespace {

using healthrule::Comparison;
using healthrule::ConditionTest;
using healthrule::Expression;
using healthrule::Operand;
using healthrule::Reference;
using object::Value;

std::optional<double> Number(const Value& value) {
  if (value.is_int64()) return static_cast<double>(value.get_int64());
  if (value.is_uint64()) return static_cast<double>(value.get_uint64());
  if (value.is_double()) return value.get_double();
  if (!value.is_string()) return std::nullopt;
  // Controllers write numbers as texts, too (Argo Rollouts' observedGeneration).
  const std::string_view text = object::View(value.get_string());
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return static_cast<double>(number);
}

bool SameValue(const Value& a, const Value& b) {
  if (object::Equal(a, b)) return true;
  if (!a.is_number() && !b.is_number()) return false;
  const auto left = Number(a), right = Number(b);
  return left && right && *left == *right;
}

// Less, equal, greater; nothing when the two cannot be ordered.
std::optional<int> Order(const Value& a, const Value& b) {
  if (a.is_string() && b.is_string()) {
    const int order = object::View(a.get_string()).compare(object::View(b.get_string()));
    return order;
  }
  const auto left = Number(a), right = Number(b);
  if (!left || !right) return std::nullopt;
  return *left < *right ? -1 : *left > *right ? 1 : 0;
}

bool HoldsValue(const Value& list, const Value& value) {
  const object::Array* elements = list.if_array();
  return elements != nullptr &&
         std::any_of(elements->begin(), elements->end(),
                     [&](const Value& element) { return SameValue(element, value); });
}

bool HoldsText(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool Contains(const Value& subject, const Value& wanted) {
  if (subject.is_string() && wanted.is_string()) {
    return object::View(subject.get_string()).find(object::View(wanted.get_string())) !=
           std::string_view::npos;
  }
  return HoldsValue(subject, wanted);
}

// "True", "False", "Unknown". The apiserver refuses a boolean; YAML files of test objects hold
// some.
std::string_view StatusOf(const Value& condition) {
  if (const auto flag = object::FindBool(condition, {"status"})) return *flag ? "True" : "False";
  return object::FindString(condition, {"status"});
}

class Evaluation {
 public:
  Evaluation(const Value& live, TimePoint now) : live_(live), now_(now) {}

  bool Holds(const Expression& expression, const Value& scope);
  bool exhausted() const { return steps_ > limits::kHealthRuleSteps; }
  // The condition that decided last; null when none did.
  const Value* decisive() const { return decisive_; }
  void Forget() { decisive_ = nullptr; }
  const Value* Find(const Reference& reference, const Value& scope) const {
    const Value* found = Follow(reference.pointer, reference.root ? live_ : scope);
    if (found == nullptr && !reference.otherwise.is_null()) return &reference.otherwise;
    return found;
  }

 private:
  bool Elements(const Expression& expression, const Value& scope);
  bool Compare(const Expression& expression, const Value& scope);
  bool Test(const Expression::Test& test, const Value* subject, const Value& scope) const;
  bool AnyCondition(const ConditionTest& test, const Value& scope);
  bool Matches(const ConditionTest& test, const Value& condition) const;
  bool OlderThan(std::string_view time, Millis age) const {
    const auto since = ParseTime(time);
    return since && now_ - *since >= age;
  }

  const Value& live_;
  TimePoint now_;
  size_t steps_ = 0;
  const Value* decisive_ = nullptr;
};

bool Evaluation::Matches(const ConditionTest& test, const Value& condition) const {
  if (!HoldsText(test.types, object::FindString(condition, {"type"}))) return false;
  const std::string_view status = StatusOf(condition);
  const std::string_view reason = object::FindString(condition, {"reason"});
  if (!test.statuses.empty() && !HoldsText(test.statuses, status)) return false;
  if (!test.reasons.empty() && !HoldsText(test.reasons, reason)) return false;
  if (HoldsText(test.not_reasons, reason)) return false;
  if (object::FindString(condition, {"message"}).find(test.message_contains) ==
      std::string_view::npos) {
    return false;
  }
  if (test.older_than &&
      !OlderThan(object::FindString(condition, {"lastTransitionTime"}), *test.older_than)) {
    return false;
  }
  if (test.observed) {
    const auto observed = object::FindInt(condition, {"observedGeneration"});
    const auto generation = object::FindInt(live_, {"metadata", "generation"});
    const bool same = !observed || !generation || *observed == *generation;
    if (same != *test.observed) return false;
  }
  return true;
}

bool Evaluation::AnyCondition(const ConditionTest& test, const Value& scope) {
  const Value* list = Find(test.list, scope);
  if (list == nullptr || !list->is_array()) return false;
  for (const Value& condition : list->get_array()) {
    ++steps_;
    if (!Matches(test, condition)) continue;
    decisive_ = &condition;
    return true;
  }
  return false;
}

bool Evaluation::Test(const Expression::Test& test, const Value* subject,
                      const Value& scope) const {
  const Operand& operand = test.operand;
  const Value* other = operand.reference ? Find(*operand.reference, scope) : &operand.constant;
  const Comparison comparison = test.comparison;
  if (comparison == Comparison::kExists) return subject != nullptr;
  if (comparison == Comparison::kAbsent) return subject == nullptr;
  if (subject == nullptr || other == nullptr) {
    // Nothing equals nothing, and differs from everything else.
    if (comparison == Comparison::kEqual) return subject == other;
    if (comparison == Comparison::kNotEqual) return subject != other;
    return comparison == Comparison::kNotIn;
  }
  const auto order = [&] { return Order(*subject, *other); };
  switch (comparison) {
    case Comparison::kExists:
    case Comparison::kAbsent:
      break;  // above
    case Comparison::kEqual:
      return SameValue(*subject, *other);
    case Comparison::kNotEqual:
      return !SameValue(*subject, *other);
    case Comparison::kIn:
      return HoldsValue(*other, *subject);
    case Comparison::kNotIn:
      return !HoldsValue(*other, *subject);
    case Comparison::kLess:
      return order() && *order() < 0;
    case Comparison::kLessOrEqual:
      return order() && *order() <= 0;
    case Comparison::kGreater:
      return order() && *order() > 0;
    case Comparison::kGreaterOrEqual:
      return order() && *order() >= 0;
    case Comparison::kPrefix:
      return subject->is_string() && other->is_string() &&
             object::View(subject->get_string()).starts_with(object::View(other->get_string()));
    case Comparison::kContains:
      return Contains(*subject, *other);
    case Comparison::kOlderThan:
      return subject->is_string() &&
             OlderThan(object::View(subject->get_string()), operand.duration);
  }
  return false;
}

bool Evaluation::Compare(const Expression& expression, const Value& scope) {
  const Value* subject = Find(expression.subject, scope);
  Value size;
  if (expression.count) {
    size = subject == nullptr     ? 0
           : subject->is_array()  ? static_cast<int64_t>(subject->get_array().size())
           : subject->is_object() ? static_cast<int64_t>(subject->get_object().size())
                                  : 0;
    subject = &size;
  }
  return std::all_of(expression.tests.begin(), expression.tests.end(),
                     [&](const auto& test) { return Test(test, subject, scope); });
}

// Of a list its elements, of a map its values. There is no element of what is absent.
bool Evaluation::Elements(const Expression& expression, const Value& scope) {
  const bool every = expression.kind == Expression::Kind::kEvery;
  const Value* subject = Find(expression.subject, scope);
  const Expression& part = expression.parts.front();
  if (subject != nullptr && subject->is_array()) {
    for (const Value& element : subject->get_array()) {
      if (Holds(part, element) != every) return !every;
    }
  } else if (subject != nullptr && subject->is_object()) {
    for (const auto& member : subject->get_object()) {
      if (Holds(part, member.value()) != every) return !every;
    }
  }
  return every;
}

bool Evaluation::Holds(const Expression& expression, const Value& scope) {
  if (++steps_ > limits::kHealthRuleSteps) return false;
  const auto each = [&](const Expression& part) { return Holds(part, scope); };
  const auto& parts = expression.parts;
  switch (expression.kind) {
    case Expression::Kind::kAll:
      return std::all_of(parts.begin(), parts.end(), each);
    case Expression::Kind::kAny:
      return std::any_of(parts.begin(), parts.end(), each);
    case Expression::Kind::kNot: {
      // What does not hold explains nothing.
      const Value* before = decisive_;
      const bool holds = Holds(parts.front(), scope);
      decisive_ = before;
      return !holds;
    }
    case Expression::Kind::kSome:
    case Expression::Kind::kEvery:
      return Elements(expression, scope);
    case Expression::Kind::kCompare:
      return Compare(expression, scope);
    case Expression::Kind::kCondition:
      return AnyCondition(expression.condition, scope);
  }
  return false;
}

HealthStatus StatusOf(healthrule::Verdict verdict) {
  switch (verdict) {
    case healthrule::Verdict::kCurrent:
      return HealthStatus::kCurrent;
    case healthrule::Verdict::kSuspended:
      return HealthStatus::kSuspended;
    case healthrule::Verdict::kInProgress:
      return HealthStatus::kInProgress;
    case healthrule::Verdict::kTerminating:
      return HealthStatus::kTerminating;
    case healthrule::Verdict::kMissing:
      return HealthStatus::kMissing;
    case healthrule::Verdict::kFailed:
      return HealthStatus::kFailed;
    case healthrule::Verdict::kUnknown:
      return HealthStatus::kUnknown;
  }
  return HealthStatus::kUnknown;
}

std::string TextOf(const std::optional<healthrule::Text>& text, const Evaluation& evaluation,
                   const Value& live, std::string_view member) {
  if (!text) {
    const Value* condition = evaluation.decisive();
    return condition == nullptr ? std::string()
                                : std::string(object::FindString(*condition, {member}));
  }
  if (!text->reference) return text->constant;
  const Value* found = evaluation.Find(*text->reference, live);
  if (found == nullptr) return {};
  if (found->is_string()) return std::string(object::View(found->get_string()));
  return found->is_structured() ? std::string() : object::CanonicalJson(*found);
}

// Whoever waits for it must see why, also when nobody has said so.
std::string ReasonWithout(const Value* condition, HealthStatus status) {
  if (status == HealthStatus::kCurrent) return {};
  if (condition == nullptr) return std::string(Name(status));
  const bool reached = StatusOf(*condition) == "True";
  return (reached ? "" : "Not") + std::string(object::FindString(*condition, {"type"}));
}

}  // namespace

std::optional<Health> Apply(const healthrule::HealthRule& rule, const Value& live, TimePoint now) {
  Evaluation evaluation(live, now);
  for (const healthrule::Case& one : rule.cases) {
    evaluation.Forget();
    const bool holds = !one.when || evaluation.Holds(*one.when, live);
    if (evaluation.exhausted()) {
      return Health{HealthStatus::kUnknown, std::string(kTooCostly),
                    "more than " + std::to_string(limits::kHealthRuleSteps) + " comparisons"};
    }
    if (!holds) continue;
    Health out{StatusOf(one.verdict), TextOf(one.reason, evaluation, live, "reason"),
               TextOf(one.message, evaluation, live, "message")};
    if (!one.reason && out.status == HealthStatus::kCurrent) {
      out.reason.clear();  // what a healthy condition says of itself is no news
    } else if (out.reason.empty()) {
      out.reason = ReasonWithout(evaluation.decisive(), out.status);
    }
    return out;
  }
  return std::nullopt;
}

}  // namespace dunlin::health
