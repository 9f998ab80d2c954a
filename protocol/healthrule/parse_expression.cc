#include "protocol/healthrule/parse_expression.h"

#include <array>
#include <optional>

#include "protocol/base/limits.h"

namespace dunlin::healthrule {

namespace {

struct Word {
  std::string_view name;
  Comparison comparison;
};
constexpr std::array kComparisons = {Word{"exists", Comparison::kExists},
                                     Word{"absent", Comparison::kAbsent},
                                     Word{"eq", Comparison::kEqual},
                                     Word{"ne", Comparison::kNotEqual},
                                     Word{"in", Comparison::kIn},
                                     Word{"notIn", Comparison::kNotIn},
                                     Word{"lt", Comparison::kLess},
                                     Word{"le", Comparison::kLessOrEqual},
                                     Word{"gt", Comparison::kGreater},
                                     Word{"ge", Comparison::kGreaterOrEqual},
                                     Word{"prefix", Comparison::kPrefix},
                                     Word{"contains", Comparison::kContains},
                                     Word{"olderThan", Comparison::kOlderThan}};

Pointer ParsePointerMember(Reader& reader, std::string_view name) {
  auto pointer = ParsePointer(reader.Text(name));
  if (pointer) return std::move(*pointer);
  reader.Fail(name, pointer.error().message);
  return {};
}

std::optional<Millis> ParseAge(Reader& reader, std::string_view name) {
  const auto age = ParseDuration(reader.Text(name));
  if (!age) reader.Fail(name, "must be a duration with a unit, such as 30s, 5m or 2h");
  return age;
}

void CheckTest(Reader& reader, std::string_view name, Comparison comparison,
               const object::Value& value) {
  const bool list = comparison == Comparison::kIn || comparison == Comparison::kNotIn;
  if (list && (!value.is_array() || value.get_array().empty())) {
    reader.Fail(name, "must be a list of values");
  }
  const bool flag = comparison == Comparison::kExists || comparison == Comparison::kAbsent;
  if (flag && !(value.is_bool() && value.get_bool())) {
    reader.Fail(name, "can only be true; the opposite is the other of exists and absent");
  }
  if (comparison == Comparison::kPrefix && !value.is_string()) reader.Fail(name, "must be text");
  if (!list && value.is_array()) reader.Fail(name, "cannot be a list; use in");
}

Operand ParseOperand(Reader& reader, std::string_view name, Comparison comparison) {
  Operand out;
  const object::Value& value = *reader.Raw(name);
  if (comparison == Comparison::kOlderThan) {
    out.duration = ParseAge(reader, name).value_or(Millis{0});
  } else if (value.is_object()) {
    Reader inner(value, reader.PathOf(name), reader.problems());
    out.reference = ParseReference(inner);
    inner.Finish();
  } else {
    CheckTest(reader, name, comparison, value);
    out.constant = value;
  }
  return out;
}

void ParseCompare(Reader& reader, Expression& out) {
  out.kind = Expression::Kind::kCompare;
  out.subject = ParseReference(reader);
  out.count = reader.Flag("count", false);
  for (const Word& word : kComparisons) {
    if (reader.Raw(word.name) == nullptr) continue;
    out.tests.push_back({word.comparison, ParseOperand(reader, word.name, word.comparison)});
  }
  if (!out.tests.empty()) return;
  std::string words;
  for (const Word& word : kComparisons)
    words += (words.empty() ? "" : ", ") + std::string(word.name);
  reader.problems().Add(reader.path(), "compares with nothing: add one of " + words);
}

void ParseCondition(Reader& outer, bool inside, Expression& out) {
  out.kind = Expression::Kind::kCondition;
  Reader reader(*outer.Raw("condition"), outer.PathOf("condition"), outer.problems());
  ConditionTest& test = out.condition;
  test.types = reader.Texts("type");
  if (reader.Raw("type") == nullptr) reader.Fail("type", "is missing");
  test.statuses = reader.Texts("status", true);
  test.reasons = reader.Texts("reason");
  test.not_reasons = reader.Texts("notReason");
  test.message_contains = reader.Text("messageContains");
  if (reader.Raw("olderThan") != nullptr) test.older_than = ParseAge(reader, "olderThan");
  if (reader.Raw("observed") != nullptr) test.observed = reader.Flag("observed", true);
  if (reader.Raw("at") != nullptr) {
    test.list.pointer = ParsePointerMember(reader, "at");
  } else if (inside) {
    test.list.pointer.steps = {"conditions"};
  } else {
    test.list.pointer.steps = {"status", "conditions"};
  }
  reader.Finish();
}

void ParseElements(Reader& outer, std::string_view name, int depth, Expression& out) {
  Reader reader(*outer.Raw(name), outer.PathOf(name), outer.problems());
  out.subject = ParseReference(reader);
  if (const object::Value* inner = reader.Raw("satisfies")) {
    out.parts.push_back(
        ParseExpression(*inner, reader.PathOf("satisfies"), true, depth + 1, reader.problems()));
  } else {
    reader.Fail("satisfies", "is missing");
  }
  reader.Finish();
}

void ParseParts(Reader& reader, std::string_view name, bool inside, int depth, Expression& out) {
  const auto list = reader.List(name);
  if (list.empty()) reader.Fail(name, "must be a list with an expression");
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string path = reader.PathOf(name) + "[" + std::to_string(i) + "]";
    out.parts.push_back(ParseExpression(*list[i], path, inside, depth + 1, reader.problems()));
  }
}

}  // namespace

Reference ParseReference(Reader& reader) {
  Reference out;
  const bool of_root = reader.Raw("root") != nullptr;
  const bool of_pointer = reader.Raw("pointer") != nullptr;
  if (of_root == of_pointer) {
    reader.problems().Add(reader.path(), of_root ? "has both pointer and root; one of them"
                                                 : "needs pointer (or root, for the whole object)");
    return out;
  }
  out.root = of_root;
  out.pointer = ParsePointerMember(reader, of_root ? "root" : "pointer");
  if (const object::Value* otherwise = reader.Raw("default")) out.otherwise = *otherwise;
  return out;
}

Expression ParseExpression(const object::Value& value, const std::string& path, bool inside,
                           int depth, Problems& problems) {
  Expression out;
  if (depth > limits::kHealthRuleDepth) {
    problems.Add(path,
                 "expressions are nested deeper than " + std::to_string(limits::kHealthRuleDepth),
                 Errc::kLimit);
    return out;
  }
  if (!value.is_object()) {
    problems.Add(path, "must be a mapping: an expression");
    return out;
  }
  using Kind = Expression::Kind;
  struct Form {
    std::string_view name;
    Kind kind;
  };
  constexpr std::array kForms = {Form{"all", Kind::kAll},     Form{"any", Kind::kAny},
                                 Form{"not", Kind::kNot},     Form{"some", Kind::kSome},
                                 Form{"every", Kind::kEvery}, Form{"condition", Kind::kCondition}};
  Reader reader(value, path, problems);
  const Form* form = nullptr;
  int forms = reader.Raw("pointer") != nullptr || reader.Raw("root") != nullptr ? 1 : 0;
  const bool compares = forms == 1;
  for (const Form& one : kForms) {
    if (reader.Raw(one.name) == nullptr) continue;
    form = &one;
    ++forms;
  }
  if (forms > 1) {
    problems.Add(path, "is more than one expression; put them into a list under all or any");
    return out;
  }
  if (compares) {
    ParseCompare(reader, out);
  } else if (form == nullptr) {
    reader.Finish();  // names a mistyped word
    problems.Add(path,
                 "is no expression: needs one of all, any, not, some, every, condition, pointer");
    return out;
  } else {
    out.kind = form->kind;
    switch (form->kind) {
      case Kind::kAll:
      case Kind::kAny:
        ParseParts(reader, form->name, inside, depth, out);
        break;
      case Kind::kNot:
        out.parts.push_back(
            ParseExpression(*reader.Raw("not"), reader.PathOf("not"), inside, depth + 1, problems));
        break;
      case Kind::kSome:
      case Kind::kEvery:
        ParseElements(reader, form->name, depth, out);
        break;
      case Kind::kCondition:
      case Kind::kCompare:
        ParseCondition(reader, inside, out);
        break;
    }
  }
  reader.Finish();
  return out;
}

}  // namespace dunlin::healthrule
