// Runs a task on an io_context from a test, with a limit that fails the test instead of hanging it.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>

#include "protocol/net/runtime.h"

namespace dunlin::testing_support {

template <typename T>
TaskVoid Keep(Task<T> task, std::shared_ptr<std::optional<Result<T>>> out) {
  auto result = co_await std::move(task);
  out->emplace(std::move(result));
  co_return Status();
}

// A task that was started and is looked at later.
template <typename T>
class Started {
 public:
  Started(asio::io_context& context, Task<T> task)
      : context_(context), result_(std::make_shared<std::optional<Result<T>>>()) {
    auto ignore = [](const Status&) {};
    net::Spawn(context.get_executor(), Keep<T>(std::move(task), result_), ignore);
  }
  bool done() const { return result_->has_value(); }
  Result<T> Wait(Millis limit = Seconds(20)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    context_.restart();
    while (!done()) {
      if (context_.run_one_until(end) == 0 && std::chrono::steady_clock::now() >= end) {
        return MakeError(Errc::kTimeout, "the task did not end");
      }
      if (context_.stopped()) context_.restart();
    }
    return std::move(**result_);
  }

 private:
  asio::io_context& context_;
  std::shared_ptr<std::optional<Result<T>>> result_;
};

template <typename T>
Result<T> Run(asio::io_context& context, Task<T> task, Millis limit = Seconds(20)) {
  return Started<T>(context, std::move(task)).Wait(limit);
}

}  // namespace dunlin::testing_support
