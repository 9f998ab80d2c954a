// What every shell needs around Task: timers, time-outs, spawning, and the pool for blocking work.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <string_view>

#include "protocol/base/time.h"
#include "protocol/net/task.h"

namespace dunlin::net {

// Sleeps; kCancelled when cancelled.
TaskVoid Sleep(Millis duration);

// Runs task; after `limit` cancels it and returns kTimeout "<what>: no answer within <limit>".
template <typename T>
Task<T> WithTimeout(Task<T> task, Millis limit, std::string what);

// Starts a task nobody waits for. Its failure goes to `on_done` (log and count there), never
// nowhere.
void Spawn(asio::any_io_executor executor, TaskVoid task, std::function<void(Status)> on_done);

// Tasks nobody waits for that can be ended together. May go before its tasks do.
class TaskGroup {
 public:
  explicit TaskGroup(asio::any_io_executor executor);
  void Spawn(TaskVoid task, std::function<void(Status)> on_done);
  // Every await of its tasks gives kCancelled from now on, also of those that are spawned later.
  void Cancel();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// True when the task that asks was cancelled. For waits that do not see by themselves what was
// cancelled before they began.
asio::awaitable<bool> IsCancelled();

// Runs a blocking or CPU-bound function on the pool and resumes on the caller's executor.
template <typename T>
Task<T> RunOn(asio::thread_pool& pool, std::function<Result<T>()> work);

// A one-shot-per-wait signal between coroutines of one io thread: Notify wakes all current waiters.
class Event {
 public:
  explicit Event(asio::any_io_executor executor);
  ~Event();
  void Notify();
  // kTimeout after `limit` without Notify.
  TaskVoid Wait(Millis limit);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dunlin::net

#include "protocol/net/runtime_impl.h"
