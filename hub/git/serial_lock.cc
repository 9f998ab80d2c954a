#include "hub/git/serial_lock.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace dunlin::git {

namespace asio = boost::asio;

// A timer that never fires is Asio's way to wait for somebody else's call.
struct SerialLock::Waiter {
  explicit Waiter(const asio::any_io_executor& executor)
      : timer(executor, asio::steady_timer::time_point::max()) {}
  asio::steady_timer timer;
  bool has_lock = false;
};

asio::awaitable<SerialLock::Holder> SerialLock::Acquire(std::string name) {
  const auto [queue, is_free] = queues_.try_emplace(name);
  if (!is_free) {
    const auto executor = co_await asio::this_coro::executor;
    auto waiter = std::make_shared<Waiter>(executor);
    queues_[name].push_back(waiter);
    while (!waiter->has_lock) {
      // Ends by cancellation only; has_lock says whether it was for us.
      (void)co_await waiter->timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }
  co_return Holder(this, std::move(name));
}

void SerialLock::Release(const std::string& name) {
  const auto queue = queues_.find(name);
  if (queue->second.empty()) {
    queues_.erase(queue);
    return;
  }
  const auto next = queue->second.front();
  queue->second.pop_front();
  next->has_lock = true;
  next->timer.cancel();
}

}  // namespace dunlin::git
