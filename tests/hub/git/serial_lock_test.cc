#include "hub/git/serial_lock.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace dunlin::git {
namespace {

namespace asio = boost::asio;

asio::awaitable<void> Work(SerialLock& lock, std::string name, std::string label,
                           std::string& log) {
  const auto held = co_await lock.Acquire(name);
  if (!held) co_return;
  log += label + "(";
  // Others get their turn in the middle.
  for (int i = 0; i < 3; ++i) co_await asio::post(asio::use_awaitable);
  log += label + ")";
}

std::string RunAll(std::vector<std::pair<std::string, std::string>> work) {
  asio::io_context context;
  SerialLock lock;
  std::string log;
  for (const auto& [name, label] : work) {
    asio::co_spawn(context, Work(lock, name, label, log), [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
  }
  context.run();
  return log;
}

TEST(SerialLock, OneNameOneAfterTheOtherInOrder) {
  EXPECT_EQ(RunAll({{"a", "1"}, {"a", "2"}, {"a", "3"}}), "1(1)2(2)3(3)");
}

TaskVoid TakeAndGo(SerialLock& lock) {
  CO_TRY([[maybe_unused]] const SerialLock::Holder held, co_await lock.Acquire("a"));
  co_return Status();
}

TaskVoid Hold(SerialLock& lock, net::Event& release) {
  CO_TRY([[maybe_unused]] const SerialLock::Holder held, co_await lock.Acquire("a"));
  co_return co_await release.Wait(Seconds(20));
}

TEST(SerialLock, WhoIsCancelledWhileWaitingLeavesTheQueue) {
  asio::io_context context;
  SerialLock lock;
  net::Event release(context.get_executor());
  std::string log;
  const auto note = [&log](std::string label) {
    return [&log, label](const Status& status) { log += label + (status ? "+" : "-"); };
  };
  net::Spawn(context.get_executor(), Hold(lock, release), note("1"));
  net::Spawn(context.get_executor(), net::WithTimeout<void>(TakeAndGo(lock), Millis(10), "lock"),
             [&log, &release](const Status& status) {
               EXPECT_EQ(status.error().code, Errc::kTimeout);
               log += "2-";
               release.Notify();
             });
  net::Spawn(context.get_executor(), TakeAndGo(lock), note("3"));
  context.run();
  EXPECT_EQ(log, "2-1+3+");
}

TEST(SerialLock, DifferentNamesSideBySide) {
  EXPECT_EQ(RunAll({{"a", "1"}, {"b", "2"}}), "1(2(1)2)");
}

}  // namespace
}  // namespace dunlin::git
