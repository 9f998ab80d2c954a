// Internal to runtime.h: the templates WithTimeout and RunOn.
//
// Cancellation is a value, never an exception: each coroutine thread that starts here switches
// Asio's throw_if_cancelled off, so that an aborted await returns and the code after it decides.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <optional>
#include <string>
#include <utility>

namespace dunlin::net {
namespace internal {

// Operations that complete with an error code give it as the first element of a tuple.
inline constexpr auto kToken = asio::as_tuple(asio::use_awaitable);

// expires_after() overflows with Millis::max(); a year is "for ever" here.
inline Millis Bounded(Millis duration) {
  constexpr Millis kForEver = std::chrono::hours(24 * 365);
  return duration < kForEver ? duration : kForEver;
}

Error TimeoutError(const std::string& what, Millis limit);
Error CancelledError();
Error ThrownError(const std::exception_ptr& thrown);

// Starts a coroutine thread that `cancel` can end. REQUIRES: `cancel` lives until after `on_done`.
void SpawnCancellable(asio::any_io_executor executor, TaskVoid task,
                      asio::cancellation_signal& cancel, std::function<void(Status)> on_done);

// A task and whoever waits for it. The timer is the time limit first, then the wake-up call.
template <typename T>
struct Race {
  explicit Race(const asio::any_io_executor& executor) : timer(executor) {}
  asio::cancellation_signal cancel;
  asio::steady_timer timer;
  std::optional<Result<T>> result;
};

template <typename T>
TaskVoid RunRace(Task<T> task, std::shared_ptr<Race<T>> race) {
  auto result = co_await std::move(task);
  race->result.emplace(std::move(result));
  co_return Status();
}

template <typename T>
void StartRace(const asio::any_io_executor& executor, Task<T> task,
               const std::shared_ptr<Race<T>>& race) {
  auto on_done = [race](Status ended) {
    if (!race->result) race->result.emplace(ended.error());  // only when the task threw
    race->timer.cancel();
  };
  SpawnCancellable(executor, RunRace<T>(std::move(task), race), race->cancel, std::move(on_done));
}

// A blocking call on the pool. `done` belongs to the io thread.
template <typename T>
struct Job {
  explicit Job(const asio::any_io_executor& executor)
      : timer(executor, asio::steady_timer::time_point::max()) {}
  asio::steady_timer timer;
  std::function<Result<T>()> work;
  std::optional<Result<T>> result;
  bool done = false;
};

template <typename T>
void StartJob(asio::thread_pool& pool, const asio::any_io_executor& executor,
              const std::shared_ptr<Job<T>>& job) {
  auto finish = [job] {
    job->done = true;
    job->timer.cancel();
  };
  auto run = [job, executor, finish = std::move(finish)]() mutable {
    try {
      job->result.emplace(job->work());
    } catch (...) {
      job->result.emplace(ThrownError(std::current_exception()));
    }
    job->work = nullptr;  // what it holds goes away here, not on the io thread
    asio::post(executor, std::move(finish));
  };
  asio::post(pool, std::move(run));
}

}  // namespace internal

template <typename T>
Task<T> WithTimeout(Task<T> task, Millis limit, std::string what) {
  co_await asio::this_coro::throw_if_cancelled(false);
  auto executor = co_await asio::this_coro::executor;
  auto outer = co_await asio::this_coro::cancellation_state;
  auto race = std::make_shared<internal::Race<T>>(executor);
  internal::StartRace<T>(executor, std::move(task), race);
  bool expired = false;
  if (!race->result && outer.cancelled() == asio::cancellation_type::none) {
    race->timer.expires_after(internal::Bounded(limit));
    auto [ec] = co_await race->timer.async_wait(internal::kToken);
    expired = !ec;
  }
  if (race->result) co_return std::move(*race->result);
  // Out of time, or we are cancelled: the task is told, and ends before we do, because it may hold
  // references to our caller's variables.
  race->cancel.emit(asio::cancellation_type::terminal);
  while (!race->result) {
    race->timer.expires_at(asio::steady_timer::time_point::max());
    auto [ec] = co_await race->timer.async_wait(internal::kToken);
    (void)ec;  // always aborted: by the task's end, or by one more cancellation
  }
  if (expired) co_return internal::TimeoutError(what, limit);
  co_return std::move(*race->result);
}

template <typename T>
Task<T> RunOn(asio::thread_pool& pool, std::function<Result<T>()> work) {
  co_await asio::this_coro::throw_if_cancelled(false);
  auto executor = co_await asio::this_coro::executor;
  auto job = std::make_shared<internal::Job<T>>(executor);
  job->work = std::move(work);
  internal::StartJob<T>(pool, executor, job);
  while (!job->done) {
    auto [ec] = co_await job->timer.async_wait(internal::kToken);
    (void)ec;  // a cancellation does not stop the work: it may use our caller's variables
  }
  co_return std::move(*job->result);
}

}  // namespace dunlin::net
