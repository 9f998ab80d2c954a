#include "hub/render/sandbox_pool.h"

#include <algorithm>
#include <chrono>

namespace dunlin::render {
namespace {

constexpr int kStartsAtOnce = 2;
constexpr Millis kStopLimit{15'000};

using SteadyClock = std::chrono::steady_clock;

Millis Left(SteadyClock::time_point until) {
  return std::chrono::duration_cast<Millis>(until - SteadyClock::now());
}

}  // namespace

int MembersToStart(const PoolConfig& config, const PoolState& state) {
  // Who waits because enough is leased out already gets one of those that are ready by then.
  const int served = std::clamp(state.waiting, 0, std::max(0, config.leased - state.leased));
  const int wanted = config.ready + served - state.ready - state.starting;
  return std::clamp(wanted, 0, std::max(0, kStartsAtOnce - state.starting));
}

SandboxPool::Lease::~Lease() {
  if (!member_) return;
  --pool_->leased_;
  pool_->EndLater(std::move(member_));
  pool_->changed_.Notify();
}

SandboxPool::SandboxPool(asio::any_io_executor executor, std::unique_ptr<Sandbox> sandbox,
                         PoolConfig config, Log log)
    : executor_(executor),
      sandbox_(std::move(sandbox)),
      config_(config),
      log_(std::move(log)),
      changed_(executor) {}

void SandboxPool::Fill() {
  if (stopped_) return;
  const PoolState state{ready(), starting_, waiting_, leased_};
  for (int i = MembersToStart(config_, state); i > 0; --i) {
    ++starting_;
    auto self = shared_from_this();
    std::function<void(Status)> on_done = [self](const Status& status) {
      --self->starting_;
      if (!status) self->log_.Warn("sandbox_start_failed", status.error());
      self->changed_.Notify();
      self->Fill();
    };
    net::Spawn(executor_, StartOne(self), std::move(on_done));
  }
}

// Waits after a failure, so that a broken runsc is not started in a loop.
TaskVoid SandboxPool::StartOne(std::shared_ptr<SandboxPool> self) {
  const std::string id = std::string(kSandboxIdPrefix) + HexEncode(self->random_.Fill(8));
  auto member = co_await Member::Start(*self->sandbox_, id);
  if (member && !self->stopped_) {
    self->backoff_.Reset();
    self->last_failure_.reset();
    self->ready_.push_back(std::move(*member));
    co_return Status();
  }
  if (member) {
    self->EndLater(std::move(*member));
    co_return Status();
  }
  self->last_failure_ = member.error();
  (void)co_await self->sandbox_->Remove(id);
  if (!self->stopped_) {
    const Millis wait = self->backoff_.Next(self->random_.Next());
    (void)co_await net::Sleep(wait);
  }
  co_return member.error();
}

void SandboxPool::EndLater(std::unique_ptr<Member> member) {
  ++ending_;
  auto self = shared_from_this();
  std::function<void(Status)> on_done = [self](const Status& status) {
    --self->ending_;
    if (!status) self->log_.Warn("sandbox_remove_failed", status.error());
    self->changed_.Notify();
    self->Fill();
  };
  net::Spawn(executor_, End(self, std::move(member)), std::move(on_done));
}

TaskVoid SandboxPool::End(std::shared_ptr<SandboxPool> self, std::unique_ptr<Member> member) {
  member->child().Kill();
  CO_TRY([[maybe_unused]] const process::ExitStatus status, co_await member->child().Wait());
  auto removed = co_await self->sandbox_->Remove(member->id());
  co_return removed;
}

Error SandboxPool::NoneFree() const {
  if (last_failure_) {
    return MakeError(Errc::kUnavailable, "no sandbox starts: " + last_failure_->message);
  }
  const std::string within = std::to_string(config_.wait_limit.count() / 1000) + " s";
  if (leased_ >= config_.leased) {
    return MakeError(Errc::kTimeout, "all " + std::to_string(config_.leased) +
                                         " sandboxes were in use for " + within +
                                         "; a lower render.limit ends long renders sooner");
  }
  return MakeError(Errc::kTimeout, "no sandbox was ready within " + within +
                                       "; keep more of them ready (render.ready)");
}

Task<SandboxPool::Lease> SandboxPool::Acquire() {
  const auto self = shared_from_this();
  const auto until = SteadyClock::now() + config_.wait_limit;
  for (;;) {
    if (stopped_) co_return MakeError(Errc::kCancelled, "the hub is stopping");
    while (!ready_.empty() && ready_.front()->child().HasEnded()) {
      EndLater(std::move(ready_.front()));  // somebody else killed it while it waited
      ready_.pop_front();
    }
    if (!ready_.empty() && leased_ < config_.leased) break;
    if (Left(until) <= Millis(0)) co_return NoneFree();
    ++waiting_;
    Fill();
    const auto waited = co_await changed_.Wait(Left(until));
    --waiting_;
    if (!waited && waited.error().code == Errc::kCancelled) co_return waited.error();
  }
  auto member = std::move(ready_.front());
  ready_.pop_front();
  ++leased_;
  Fill();
  co_return Lease(self, std::move(member));
}

TaskVoid SandboxPool::Stop() {
  const auto self = shared_from_this();
  stopped_ = true;
  for (auto& member : ready_) EndLater(std::move(member));
  ready_.clear();
  changed_.Notify();
  const auto until = SteadyClock::now() + kStopLimit;
  while (starting_ + ending_ + leased_ > 0) {
    if (Left(until) <= Millis(0)) {
      co_return MakeError(Errc::kTimeout, "sandboxes are still there after stopping");
    }
    const auto waited = co_await changed_.Wait(Left(until));
    if (!waited && waited.error().code == Errc::kCancelled) co_return waited.error();
  }
  co_return Status();
}

}  // namespace dunlin::render
