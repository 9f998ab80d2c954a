// The one thread of a command that asks something and ends.
#pragma once

#include <boost/asio/io_context.hpp>
#include <optional>
#include <utility>

#include "protocol/net/runtime.h"

namespace dunlin::app {

struct Session {
  asio::io_context io;
  asio::thread_pool pool{1};
  SystemClock clock;
};

template <typename T>
TaskVoid Keep(Task<T> task, std::optional<Result<T>>& out) {
  auto result = co_await std::move(task);
  out.emplace(std::move(result));
  co_return Status();
}

// Runs the task to its end. Connections that it leaves idle belong to the session's loop.
template <typename T>
Result<T> Await(Session& session, Task<T> task) {
  std::optional<Result<T>> out;
  Status ended;
  net::Spawn(session.io.get_executor(), Keep(std::move(task), out), [&ended, &session](Status s) {
    ended = std::move(s);
    session.io.stop();
  });
  session.io.restart();
  session.io.run();
  if (out) return std::move(*out);
  return ended ? MakeError(Errc::kInternal, "the task ended without a result") : ended.error();
}

}  // namespace dunlin::app
