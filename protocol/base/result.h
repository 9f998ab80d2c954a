// Errors are values. One flat error code for the whole product, one Result<T>, and three statement
// macros that pass errors up. No exception crosses a module boundary.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace dunlin {

// What the *caller* should do, not where it happened. wire::HttpStatus and each program's ExitCode
// map from these at the edge, users see Name(). kOk does not exist: success is the value.
enum class Errc {
  kInvalidArgument,  // the input is wrong: fix it, never retry unchanged
  kCorrupt,          // stored or received bytes are damaged: discard them and fetch again
  kSignature,    // a signature, proof or identity does not hold: refuse, keep the last good state
  kExpired,      // a document or certificate is out of its time: do not advance, keep enforcing
  kRollback,     // older than what is already accepted: refuse, raise an alarm
  kUnsupported,  // known, but this version cannot do it: tell the user
  kLimit,        // a size, depth or count limit: the input must shrink
  kNotFound,     // the named thing does not exist
  kConflict,     // somebody else changed or owns it: re-read, decide again
  kPermission,   // not allowed: an operator must act
  kUnauthenticated,  // who we are is not known or no longer valid: renew credentials
  kPrecondition,     // the state forbids it now (frozen, guard, not enrolled): a person must decide
  kUnavailable,      // the other side is away or overloaded: retry with back-off
  kTimeout,          // a deadline passed: retry with back-off
  kCancelled,        // our side gave up on purpose
  kIo,               // a local file, disk or socket failed
  kInternal,         // a bug or a broken dependency: report it
};

// Stable lower-case name, for logs and JSON ("invalid_argument").
std::string_view Name(Errc code);

// The only retry classifier: true for kUnavailable, kTimeout, kConflict and kIo.
bool IsRetryable(Errc code);

struct Error {
  Errc code = Errc::kInternal;
  std::string message;  // one sentence, no trailing dot: what failed and, where known, what to do
};

template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using Base = tl::expected<T, Error>;
  using Base::Base;
  Result(Base base) : Base(std::move(base)) {}  // NOLINT: implicit on purpose
  Result(Error error)
      : Base(tl::unexpected<Error>(std::move(error))) {}  // NOLINT: implicit on purpose

  // Puts "context: " before the message of a failure. At module edges only, not at every frame.
  Result WithContext(std::string_view context) && {
    if (!this->has_value()) {
      std::string& message = this->error().message;
      message = std::string(context) + ": " + message;
    }
    return std::move(*this);
  }
};

using Status = Result<void>;

inline Error MakeError(Errc code, std::string message) { return Error{code, std::move(message)}; }

#define DUNLIN_CONCAT_INNER(a, b) a##b
#define DUNLIN_CONCAT(a, b) DUNLIN_CONCAT_INNER(a, b)

// TRY(auto x, F());  evaluates F() and declares x, or returns its error. One per line.
#define TRY(declaration, ...) \
  DUNLIN_TRY(DUNLIN_CONCAT(try_result_, __LINE__), return, declaration, __VA_ARGS__)
#define TRY_VOID(...) DUNLIN_TRY_VOID(DUNLIN_CONCAT(try_result_, __LINE__), return, __VA_ARGS__)
// The same inside a coroutine: CO_TRY(auto x, co_await F());
#define CO_TRY(declaration, ...) \
  DUNLIN_TRY(DUNLIN_CONCAT(try_result_, __LINE__), co_return, declaration, __VA_ARGS__)
#define CO_TRY_VOID(...) \
  DUNLIN_TRY_VOID(DUNLIN_CONCAT(try_result_, __LINE__), co_return, __VA_ARGS__)

#define DUNLIN_TRY(name, leave, declaration, ...)       \
  auto name = __VA_ARGS__;                              \
  if (!name.has_value()) leave std::move(name).error(); \
  declaration = std::move(*name)
#define DUNLIN_TRY_VOID(name, leave, ...) \
  auto name = __VA_ARGS__;                \
  if (!name.has_value()) leave std::move(name).error()

}  // namespace dunlin
