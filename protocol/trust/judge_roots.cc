#include "protocol/trust/judge_roots.h"

#include "protocol/base/limits.h"

namespace dunlin::trust {

tl::unexpected<Rejection> Refuse(Refusal reason, Errc code, std::string message) {
  return tl::unexpected<Rejection>(Rejection{reason, MakeError(code, std::move(message))});
}

namespace {

tl::expected<TrustedRoot, Rejection> NextRoot(const Root& current, const SignedRoot& offered) {
  if (offered.raw.size() > limits::kRootBytes ||
      offered.signatures.size() > limits::kMaxSignatures) {
    return Refuse(Refusal::kLimit, Errc::kLimit, "a root document beyond its limits");
  }
  const Role& old_role = current.RootRole();
  const auto by_old =
      VerifyThreshold(offered.raw, offered.signatures, old_role.keys, old_role.threshold);
  if (!by_old) {
    return Refuse(Refusal::kRootSignature, by_old.error().code,
                  "new root by the keys of the old one: " + by_old.error().message);
  }
  auto next = Root::Parse(offered.raw);
  if (!next) {
    return Refuse(Refusal::kFormat, next.error().code, "new root: " + next.error().message);
  }
  const Role& own_role = next->RootRole();
  const auto by_own =
      VerifyThreshold(offered.raw, offered.signatures, own_role.keys, own_role.threshold);
  if (!by_own) {
    return Refuse(Refusal::kRootSignature, by_own.error().code,
                  "new root by its own keys: " + by_own.error().message);
  }
  if (next->version != current.version + 1) {
    return Refuse(Refusal::kRootVersion, Errc::kRollback,
                  "root " + std::to_string(next->version) + " does not follow root " +
                      std::to_string(current.version));
  }
  return TrustedRoot{std::move(*next), offered.raw};
}

}  // namespace

tl::expected<TrustedRoot, Rejection> WalkRoots(const TrustedState& trusted,
                                               const std::vector<SignedRoot>& roots,
                                               TimePoint now) {
  if (roots.size() > limits::kRootHops) {
    return Refuse(Refusal::kLimit, Errc::kLimit,
                  "more than " + std::to_string(limits::kRootHops) + " new roots at once");
  }
  TrustedRoot current{trusted.root, trusted.root_raw};
  for (const SignedRoot& offered : roots) {
    auto next = NextRoot(current.root, offered);
    if (!next) return next;
    current = std::move(*next);
  }
  if (now >= current.root.expires) {
    return Refuse(Refusal::kRootExpired, Errc::kExpired,
                  "root " + std::to_string(current.root.version) + " expired at " +
                      FormatTime(current.root.expires) + ": sign a new one");
  }
  return current;
}

}  // namespace dunlin::trust
