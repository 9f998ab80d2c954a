#include "hub/publish/poll_answer.h"

namespace dunlin::hub {

namespace {

std::set<BundleDigest> DigestsOf(const trust::Statement& statement) {
  std::set<BundleDigest> out;
  for (const auto& [app, entry] : statement.apps) out.insert(entry.bundle);
  return out;
}

std::vector<BundleChoice> ChooseBundles(const trust::Statement& statement,
                                        const wire::PollRequest& request,
                                        const trust::Statement* held) {
  std::set<BundleDigest> has(request.bundles.begin(), request.bundles.end());
  if (held != nullptr) has.merge(DigestsOf(*held));
  for (const BundleDigest& lost : request.want) has.erase(lost);
  std::vector<BundleChoice> out;
  std::set<BundleDigest> chosen;
  for (const auto& [app, entry] : statement.apps) {
    if (has.contains(entry.bundle) || !chosen.insert(entry.bundle).second) continue;
    BundleChoice choice{entry.bundle, std::nullopt};
    if (held != nullptr) {
      const auto before = held->apps.find(app);
      if (before != held->apps.end() && has.contains(before->second.bundle)) {
        choice.from = before->second.bundle;
      }
    }
    out.push_back(choice);
  }
  return out;
}

}  // namespace

AnswerPlan PlanAnswer(const CurrentState& current, const wire::PollRequest& request,
                      const trust::Statement* held, Millis head_life, TimePoint now) {
  AnswerPlan plan;
  const wire::Have& have = request.have;
  if (have.seq == current.seq && have.statement == current.statement_digest) {
    // A head's number is the time it was made, in ms, unless the clock stood still.
    const Millis age = now - TimePoint(Millis(have.number));
    plan.head = have.number < current.head_number && age >= head_life / 2;
    if (!request.want.empty()) plan.bundles = ChooseBundles(*current.statement, request, held);
    return plan;
  }
  plan.head = true;
  plan.statement = true;
  plan.bundles = ChooseBundles(*current.statement, request, held);
  return plan;
}

}  // namespace dunlin::hub
