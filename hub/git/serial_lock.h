// Locks by name between coroutines of one thread: who comes second waits, first come first served.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "protocol/net/runtime.h"

namespace dunlin::git {

class SerialLock {
 public:
  // Gives the lock on when destroyed. Must not outlive the SerialLock.
  class Holder {
   public:
    Holder(SerialLock* lock, std::string name) : lock_(lock), name_(std::move(name)) {}
    ~Holder() {
      if (lock_ != nullptr) lock_->Release(name_);
    }
    Holder(Holder&& other) noexcept
        : lock_(std::exchange(other.lock_, nullptr)), name_(std::move(other.name_)) {}
    Holder& operator=(Holder&&) = delete;

   private:
    SerialLock* lock_;
    std::string name_;
  };

  // Every holder has a deadline of its own, so the wait ends. kCancelled: the task was, meanwhile.
  Task<Holder> Acquire(std::string name);

 private:
  struct Waiter;
  void Release(const std::string& name);

  std::map<std::string, std::deque<std::shared_ptr<Waiter>>> queues_;  // present = locked
};

}  // namespace dunlin::git
