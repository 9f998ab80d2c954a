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
  const SerialLock::Holder held = co_await lock.Acquire(name);
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

TEST(SerialLock, DifferentNamesSideBySide) {
  EXPECT_EQ(RunAll({{"a", "1"}, {"b", "2"}}), "1(2(1)2)");
}

}  // namespace
}  // namespace dunlin::git
