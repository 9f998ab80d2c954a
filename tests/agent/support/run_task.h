// Runs one task to its end on an io_context of the test.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <optional>
#include <utility>

#include "protocol/net/runtime.h"

namespace dunlin {

template <typename T>
TaskVoid StoreResult(Task<T> task, std::optional<Result<T>>* out) {
  auto result = co_await std::move(task);
  out->emplace(std::move(result));
  co_return Status();
}

template <typename T>
Result<T> RunTask(asio::io_context& io, Task<T> task) {
  std::optional<Result<T>> out;
  net::Spawn(io.get_executor(), StoreResult(std::move(task), &out), [](Status) {});
  io.restart();
  while (!out && io.run_one_for(std::chrono::seconds(10)) > 0) {
  }
  if (!out) return MakeError(Errc::kTimeout, "the task did not end within 10 s of the test");
  return std::move(*out);
}

}  // namespace dunlin
