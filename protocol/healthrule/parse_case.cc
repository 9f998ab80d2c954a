#include <array>

#include "protocol/base/limits.h"
#include "protocol/base/nearest.h"
#include "protocol/healthrule/parse_expression.h"
#include "protocol/object/json.h"

namespace dunlin::healthrule {

namespace {

struct Word {
  std::string_view name;
  Verdict verdict;
};
constexpr std::array kVerdicts = {
    Word{"Current", Verdict::kCurrent},       Word{"Suspended", Verdict::kSuspended},
    Word{"InProgress", Verdict::kInProgress}, Word{"Terminating", Verdict::kTerminating},
    Word{"Missing", Verdict::kMissing},       Word{"Failed", Verdict::kFailed},
    Word{"Unknown", Verdict::kUnknown}};

Verdict ParseVerdict(Reader& reader) {
  const std::string word = reader.Text("status");
  std::vector<std::string> known;
  std::string list;
  for (const Word& one : kVerdicts) {
    if (one.name == word) return one.verdict;
    known.emplace_back(one.name);
    list += (list.empty() ? "" : ", ") + known.back();
  }
  reader.Fail("status", word.empty() ? "is missing: one of " + list
                                     : "must be one of " + list + ", not \"" + word + "\"" +
                                           DidYouMean(word, known));
  return Verdict::kUnknown;
}

std::optional<Text> ParseText(Reader& reader, std::string_view name) {
  const object::Value* value = reader.Raw(name);
  if (value == nullptr) return std::nullopt;
  Text out;
  if (value->is_object()) {
    Reader inner(*value, reader.PathOf(name), reader.problems());
    out.reference = ParseReference(inner);
    inner.Finish();
  } else {
    out.constant = reader.Text(name);
  }
  return out;
}

Case ParseCase(const object::Value& value, const std::string& path, Problems& problems) {
  Case out;
  Reader reader(value, path, problems);
  out.verdict = ParseVerdict(reader);
  if (const object::Value* when = reader.Raw("when")) {
    out.when = ParseExpression(*when, reader.PathOf("when"), false, 1, problems);
  }
  out.reason = ParseText(reader, "reason");
  out.message = ParseText(reader, "message");
  reader.Finish();
  return out;
}

// '*' stands for everything, or before a dot for everything below a group.
void CheckGroup(Reader& reader, const std::string& group) {
  const size_t star = group.rfind('*');
  if (star == std::string::npos || group == "*") return;
  if (star != 0 || group.size() < 3 || group[1] != '.') {
    reader.Fail("group", "a '*' can only stand alone or as in *.example.io");
  }
}

std::vector<Match> ReadMatches(Reader& reader) {
  std::vector<Match> out;
  const auto list = reader.List("match");
  if (list.empty()) reader.Fail("match", "must be a list of groups and kinds");
  if (list.size() > limits::kHealthRuleMatches) {
    reader.problems().Add(
        reader.PathOf("match"),
        "holds more than " + std::to_string(limits::kHealthRuleMatches) + " elements",
        Errc::kLimit);
    return out;
  }
  for (size_t i = 0; i < list.size(); ++i) {
    Reader one(*list[i], reader.PathOf("match") + "[" + std::to_string(i) + "]", reader.problems());
    Match match;
    match.group = one.Text("group");  // "": the core group
    if (one.Raw("group") == nullptr) one.Fail("group", "is missing; \"\" is the core group");
    CheckGroup(one, match.group);
    match.kinds = one.Texts("kinds");
    if (one.Raw("kinds") == nullptr) one.Fail("kinds", "is missing");
    match.versions = one.Texts("versions");
    one.Finish();
    out.push_back(std::move(match));
  }
  return out;
}

void ReadCases(Reader& reader, std::vector<Case>& out) {
  const auto list = reader.List("cases");
  if (list.empty()) reader.Fail("cases", "must be a list of cases");
  if (list.size() > limits::kHealthRuleCases) {
    reader.problems().Add(
        reader.PathOf("cases"),
        "holds more than " + std::to_string(limits::kHealthRuleCases) + " elements", Errc::kLimit);
    return;
  }
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string path = reader.PathOf("cases") + "[" + std::to_string(i) + "]";
    out.push_back(ParseCase(*list[i], path, reader.problems()));
    if (!out.back().when && i + 1 < list.size()) {
      reader.problems().Add(path, "always holds (it has no when), so what follows never counts");
    }
  }
}

}  // namespace

Result<HealthRule> ParseSpec(const object::Value& spec) {
  if (object::CanonicalJson(spec).size() > limits::kHealthRuleBytes) {
    return MakeError(Errc::kLimit,
                     "spec: is larger than " + std::to_string(limits::kHealthRuleBytes) + " bytes");
  }
  Problems problems;
  HealthRule out;
  Reader reader(spec, "spec", problems);
  out.match = ReadMatches(reader);
  out.ignore_observed_generation = reader.Flag("ignoreObservedGeneration", false);
  ReadCases(reader, out.cases);
  reader.Finish();
  if (!problems.empty()) return problems.ToError();
  return out;
}

Result<std::vector<Match>> ParseMatch(const object::Value& spec) {
  Problems problems;
  Reader reader(spec, "spec", problems);
  std::vector<Match> out = ReadMatches(reader);
  if (!problems.empty()) return problems.ToError();
  return out;
}

}  // namespace dunlin::healthrule
