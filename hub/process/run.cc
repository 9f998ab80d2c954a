#include "hub/process/run.h"

#include <boost/asio/this_coro.hpp>

namespace dunlin::process {
namespace {

Task<RunResult> Exchange(Child& child, const Bytes& input, size_t output_bytes) {
  CO_TRY_VOID(co_await child.Write(input));
  child.CloseInput();
  RunResult result;
  for (;;) {
    CO_TRY(const Bytes piece, co_await child.Read());
    if (piece.empty()) break;
    result.output += piece;
    if (result.output.size() > output_bytes) {
      co_return MakeError(Errc::kLimit,
                          "its output is longer than " + std::to_string(output_bytes) + " bytes");
    }
  }
  CO_TRY(result.status, co_await child.Wait());
  result.error_text = child.error_text();
  co_return result;
}

}  // namespace

Task<RunResult> Run(Command command, Bytes input, RunLimits limits) {
  const auto executor = co_await asio::this_coro::executor;
  const std::string program = command.program;
  CO_TRY(const auto child, Child::Start(executor, std::move(command)));
  child->SetDeadline(limits.deadline);
  auto result = co_await Exchange(*child, input, limits.output_bytes);
  if (child->timed_out()) {
    result = MakeError(Errc::kTimeout,
                       "it took longer than " + std::to_string(limits.deadline.count()) + " ms");
  }
  co_return std::move(result).WithContext(program);
}

}  // namespace dunlin::process
