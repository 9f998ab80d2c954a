#include "protocol/net/runtime.h"

#include <list>
#include <set>

namespace dunlin::net {
namespace internal {

Error TimeoutError(const std::string& what, Millis limit) {
  return MakeError(Errc::kTimeout,
                   what + ": no answer within " + std::to_string(limit.count()) + " ms");
}

Error CancelledError() { return MakeError(Errc::kCancelled, "cancelled"); }

Error ThrownError(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    return MakeError(Errc::kInternal, std::string("unexpected exception: ") + e.what());
  } catch (...) {
    return MakeError(Errc::kInternal, "unexpected exception of an unknown type");
  }
}

namespace {

struct Outcome {
  std::optional<Status> status;
};

asio::awaitable<void> RunToOutcome(TaskVoid task, std::shared_ptr<Outcome> outcome) {
  co_await asio::this_coro::throw_if_cancelled(false);
  auto status = co_await std::move(task);
  outcome->status = std::move(status);
}

auto DoneHandler(std::shared_ptr<Outcome> outcome, std::function<void(Status)> on_done) {
  return [outcome = std::move(outcome), on_done = std::move(on_done)](std::exception_ptr thrown) {
    if (thrown) outcome->status = ThrownError(thrown);
    on_done(std::move(*outcome->status));
  };
}

}  // namespace

void SpawnCancellable(asio::any_io_executor executor, TaskVoid task,
                      asio::cancellation_signal& cancel, std::function<void(Status)> on_done) {
  auto outcome = std::make_shared<Outcome>();
  auto handler =
      asio::bind_cancellation_slot(cancel.slot(), DoneHandler(outcome, std::move(on_done)));
  asio::co_spawn(executor, RunToOutcome(std::move(task), outcome), std::move(handler));
}

}  // namespace internal

TaskVoid Sleep(Millis duration) {
  co_await asio::this_coro::throw_if_cancelled(false);
  auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none) co_return internal::CancelledError();
  auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, internal::Bounded(duration));
  auto [ec] = co_await timer.async_wait(internal::kToken);
  if (ec) co_return internal::CancelledError();
  co_return Status();
}

void Spawn(asio::any_io_executor executor, TaskVoid task, std::function<void(Status)> on_done) {
  auto outcome = std::make_shared<internal::Outcome>();
  auto handler = internal::DoneHandler(outcome, std::move(on_done));
  asio::co_spawn(executor, internal::RunToOutcome(std::move(task), outcome), std::move(handler));
}

struct TaskGroup::Impl {
  explicit Impl(asio::any_io_executor e) : executor(std::move(e)) {}
  asio::any_io_executor executor;
  std::set<std::shared_ptr<asio::cancellation_signal>> running;
  bool cancelled = false;
};

TaskGroup::TaskGroup(asio::any_io_executor executor)
    : impl_(std::make_shared<Impl>(std::move(executor))) {}

void TaskGroup::Spawn(TaskVoid task, std::function<void(Status)> on_done) {
  auto signal = std::make_shared<asio::cancellation_signal>();
  impl_->running.insert(signal);
  auto ended = [impl = impl_, signal, on_done = std::move(on_done)](Status status) {
    impl->running.erase(signal);
    on_done(std::move(status));
    // The signal outlives the coroutine that just ends.
    asio::post(impl->executor, [signal] {});
  };
  internal::SpawnCancellable(impl_->executor, std::move(task), *signal, std::move(ended));
  const bool runs = impl_->running.contains(signal);
  if (impl_->cancelled && runs) signal->emit(asio::cancellation_type::terminal);
}

void TaskGroup::Cancel() {
  impl_->cancelled = true;
  const auto running = impl_->running;
  for (const auto& signal : running) signal->emit(asio::cancellation_type::terminal);
}

asio::awaitable<bool> IsCancelled() {
  auto state = co_await asio::this_coro::cancellation_state;
  co_return state.cancelled() != asio::cancellation_type::none;
}

struct Event::Impl {
  struct Waiter {
    explicit Waiter(const asio::any_io_executor& executor) : timer(executor) {}
    asio::steady_timer timer;
    bool notified = false;
    bool gone = false;  // the event was destroyed
  };
  // Takes its waiter off the list also when the coroutine is destroyed while it waits.
  struct Seat {
    explicit Seat(std::shared_ptr<Impl> event)
        : impl(std::move(event)), waiter(impl->executor), place(impl->Add(&waiter)) {}
    ~Seat() { impl->waiters.erase(place); }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;
    std::shared_ptr<Impl> impl;
    Waiter waiter;
    std::list<Waiter*>::iterator place;
  };

  explicit Impl(asio::any_io_executor e) : executor(std::move(e)) {}
  std::list<Waiter*>::iterator Add(Waiter* waiter) { return waiters.insert(waiters.end(), waiter); }
  static TaskVoid Wait(std::shared_ptr<Impl> self, Millis limit);

  asio::any_io_executor executor;
  std::list<Waiter*> waiters;
};

TaskVoid Event::Impl::Wait(std::shared_ptr<Impl> self, Millis limit) {
  co_await asio::this_coro::throw_if_cancelled(false);
  auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none) co_return internal::CancelledError();
  Seat seat(std::move(self));
  seat.waiter.timer.expires_after(internal::Bounded(limit));
  auto [ec] = co_await seat.waiter.timer.async_wait(internal::kToken);
  if (seat.waiter.notified) co_return Status();
  if (seat.waiter.gone || ec) co_return internal::CancelledError();
  co_return internal::TimeoutError("waiting for an event", limit);
}

Event::Event(asio::any_io_executor executor) : impl_(std::make_shared<Impl>(std::move(executor))) {}

Event::~Event() {
  for (Impl::Waiter* waiter : impl_->waiters) {
    waiter->gone = true;
    waiter->timer.cancel();
  }
}

void Event::Notify() {
  for (Impl::Waiter* waiter : impl_->waiters) {
    waiter->notified = true;
    waiter->timer.cancel();
  }
}

TaskVoid Event::Wait(Millis limit) { return Impl::Wait(impl_, limit); }

}  // namespace dunlin::net
