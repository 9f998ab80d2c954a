#include "agent/app/renewal.h"

#include <algorithm>
#include <utility>

#include "agent/hublink/enroll.h"
#include "agent/state/identity_files.h"
#include "protocol/base/backoff.h"
#include "protocol/crypto/certificate.h"

namespace dunlin::app {

namespace {

// Long sleeps in pieces: the wall clock may be set meanwhile.
constexpr Millis kNap = Seconds(600);
constexpr Backoff::Config kRetry{.fast_tries = 0,
                                 .first = Seconds(60),
                                 .slow_first = Seconds(60),
                                 .slow_cap = Seconds(3600),
                                 .jitter_percent = 20};

}  // namespace

Result<CertificateLife> LifeOf(const std::string& certificate_pem) {
  TRY(const crypto::CertificateInfo info, crypto::ParseCertificatePem(certificate_pem));
  return CertificateLife{info.not_before, info.not_after};
}

TimePoint RenewAt(const CertificateLife& life, uint64_t random) {
  const Millis whole = std::max(life.not_after - life.not_before, Millis(0));
  const int64_t spread = std::max<int64_t>(whole.count() / 10, 1);
  return life.not_before + whole / 2 + Millis(static_cast<int64_t>(random % spread));
}

Renewal::Renewal(sync::Identity identity, Parts parts)
    : identity_(std::move(identity)), parts_(std::move(parts)) {}

TaskVoid Renewal::SleepUntil(TimePoint time) {
  while (true) {
    const Millis left = time - parts_.clock.Now();
    if (left <= Millis(0)) co_return Status();
    CO_TRY_VOID(co_await net::Sleep(std::min(left, kNap)));
  }
}

TaskVoid Renewal::Run() {
  while (true) {
    CO_TRY(const CertificateLife life, LifeOf(identity_.certificate_pem));
    CO_TRY_VOID(co_await SleepUntil(RenewAt(life, parts_.random.Next())));
    Backoff backoff(kRetry);
    while (true) {
      const Status renewed = co_await RenewOnce();
      if (renewed) break;
      if (renewed.error().code == Errc::kCancelled) co_return renewed;
      parts_.log.Warn("certificate_not_renewed", renewed.error(),
                      {{"not_after", FormatTime(life.not_after)}});
      CO_TRY_VOID(co_await net::Sleep(backoff.Next(parts_.random.Next())));
    }
  }
}

TaskVoid Renewal::RenewOnce() {
  CO_TRY(std::shared_ptr<net::HttpClient> client, parts_.connect_public(identity_));
  CO_TRY(wire::RenewResult result, co_await hublink::Renew(std::move(client), identity_.agent.str(),
                                                           identity_.generation, parts_.key_pem));
  sync::Identity next = identity_;
  next.certificate_pem = std::move(result.certificate_pem);
  next.generation = result.generation;
  std::function<Status()> write = [dir = parts_.state_dir, next] {
    return state::WriteRenewed(dir, next);
  };
  CO_TRY_VOID(co_await net::RunOn<void>(parts_.pool, std::move(write)));
  identity_ = std::move(next);
  parts_.log.Info("certificate_renewed", {{"generation", identity_.generation}});
  co_return parts_.use(identity_);
}

TaskVoid Renewal::FollowPlace() {
  std::function<Result<sync::Identity>()> read = [dir = parts_.state_dir] {
    return state::ReadIdentity(dir);
  };
  CO_TRY(const sync::Identity stored, co_await net::RunOn<sync::Identity>(parts_.pool, read));
  if (state::PlaceOf(stored) == state::PlaceOf(identity_)) co_return Status();
  identity_.hub_url = stored.hub_url;
  identity_.agent_host = stored.agent_host;
  identity_.agent_port = stored.agent_port;
  parts_.log.Info("hub_moved", {{"hub", identity_.hub_url},
                                {"agents", identity_.agent_host},
                                {"port", identity_.agent_port}});
  co_return parts_.use(identity_);
}

}  // namespace dunlin::app
