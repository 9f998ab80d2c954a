#include "hub/git/serial_lock.h"

#include "protocol/net/runtime.h"

namespace dunlin::git {

namespace {

// Only so that the wait is bounded; it starts again until the lock is there.
constexpr Millis kLookAgain{60'000};

}  // namespace

struct SerialLock::Waiter {
  explicit Waiter(const asio::any_io_executor& executor) : turn(executor) {}
  net::Event turn;
  bool has_lock = false;
};

Task<SerialLock::Holder> SerialLock::Acquire(std::string name) {
  const auto [queue, is_free] = queues_.try_emplace(name);
  if (!is_free) {
    const auto executor = co_await asio::this_coro::executor;
    auto waiter = std::make_shared<Waiter>(executor);
    queues_[name].push_back(waiter);
    while (!waiter->has_lock) {
      const auto waited = co_await waiter->turn.Wait(kLookAgain);
      if (waited || waited.error().code != Errc::kCancelled || waiter->has_lock) continue;
      std::erase(queues_[name], waiter);
      co_return waited.error();
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
  next->turn.Notify();
}

}  // namespace dunlin::git
