// Runs one task to its end on an io_context, for tests.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <utility>

#include "protocol/net/task.h"

namespace dunlin::test {

template <typename T>
Result<T> RunTask(asio::io_context& context, Task<T> task) {
  std::optional<Result<T>> outcome;
  context.restart();
  asio::co_spawn(context, std::move(task), [&](std::exception_ptr thrown, Result<T> result) {
    if (thrown) std::rethrow_exception(thrown);
    outcome.emplace(std::move(result));
  });
  while (!outcome && context.run_one() > 0) {
  }
  return std::move(*outcome);
}

}  // namespace dunlin::test
