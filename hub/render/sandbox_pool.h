// Sandboxes that are ready before they are needed. Each is used once: filling -> ready -> leased ->
// gone, and a new one takes its place off the path.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "hub/render/member.h"
#include "hub/render/sandbox.h"
#include "protocol/base/backoff.h"
#include "protocol/base/log.h"
#include "protocol/base/random.h"
#include "protocol/net/runtime.h"

namespace dunlin::render {

struct PoolConfig {
  int ready = 10;
  int leased = 10;  // at once
  Millis wait_limit{60'000};
};

struct PoolState {
  int ready = 0;
  int starting = 0;
  int waiting = 0;  // for a lease
  int leased = 0;
};

// How many sandboxes to start now: at most two at a time, because starting one takes a whole core
// for 0.1 s. Pure.
int MembersToStart(const PoolConfig& config, const PoolState& state);

class SandboxPool : public std::enable_shared_from_this<SandboxPool> {
 public:
  // Gives the member back to be ended when destroyed.
  class Lease {
   public:
    Lease() = default;  // of nothing
    Lease(std::shared_ptr<SandboxPool> pool, std::unique_ptr<Member> member)
        : pool_(std::move(pool)), member_(std::move(member)) {}
    ~Lease();
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    Member& member() { return *member_; }

   private:
    std::shared_ptr<SandboxPool> pool_;
    std::unique_ptr<Member> member_;
  };

  SandboxPool(asio::any_io_executor executor, std::unique_ptr<Sandbox> sandbox, PoolConfig config,
              Log log);

  // Starts what is missing. The pool keeps itself alive while it does.
  void Fill();

  // kTimeout: none became free within the wait limit; kUnavailable: none starts; kCancelled:
  // stopped, or the task was.
  Task<Lease> Acquire();

  // Ends the ready ones and waits, some seconds at most, until everything is gone.
  TaskVoid Stop();

  const Sandbox& sandbox() const { return *sandbox_; }
  int ready() const { return static_cast<int>(ready_.size()); }

 private:
  static TaskVoid StartOne(std::shared_ptr<SandboxPool> self);
  static TaskVoid End(std::shared_ptr<SandboxPool> self, std::unique_ptr<Member> member);
  void EndLater(std::unique_ptr<Member> member);
  Error NoneFree() const;

  asio::any_io_executor executor_;
  std::unique_ptr<Sandbox> sandbox_;
  PoolConfig config_;
  Log log_;
  SystemRandom random_;
  Backoff backoff_;
  net::Event changed_;
  std::deque<std::unique_ptr<Member>> ready_;
  std::optional<Error> last_failure_;  // of a start; none after a good one
  int starting_ = 0;
  int waiting_ = 0;
  int leased_ = 0;
  int ending_ = 0;
  bool stopped_ = false;
};

}  // namespace dunlin::render
