// The one coroutine type of the shells. Rules for GCC 12 that keep coroutines safe:
//  1. no coroutine is a lambda with captures; parameters by value, references only to what outlives
//     the loop (this, the application);
//  2. a lambda or aggregate temporary never stands in the same full expression as
//  co_await/co_spawn;
//  3. co_await stands alone in `auto r = co_await F(x);` or in CO_TRY;
//  4. everything runs on one io thread; CPU work and blocking calls go through RunOn(pool, …);
//  5. every await has a time-out (WithTimeout), every spawn a completion handler (Spawn).
#pragma once

#include <boost/asio/awaitable.hpp>

#include "protocol/base/result.h"

namespace dunlin {

namespace asio = boost::asio;

template <typename T>
using Task = asio::awaitable<Result<T>>;
using TaskVoid = asio::awaitable<Result<void>>;

}  // namespace dunlin
