#include "protocol/net/server_core.h"

#include <charconv>

#include "protocol/base/limits.h"

namespace dunlin::net::internal {

HttpResponse PlainResponse(int status) {
  HttpResponse response;
  response.status = status;
  response.headers = {{"content-type", "text/plain; charset=utf-8"}};
  switch (status) {
    case 413:
      response.body = "the request body is too large\n";
      break;
    case 431:
      response.body = "the request headers are too large\n";
      break;
    case 500:
      response.body = "internal error\n";
      break;
    case 503:
      response.body = "too many requests at once; try again\n";
      break;
    default:
      response.body = "the request cannot be read\n";
  }
  return response;
}

int BodyBudget::Take(size_t bytes) {
  if (taken_ + bytes > core_->config.body_limit) return 413;
  if (core_->received_bytes + bytes > limits::kRequestBodiesBytes) return 503;
  taken_ += bytes;
  core_->received_bytes += bytes;
  return 0;
}

TaskVoid ServerExchange::Run(std::shared_ptr<ServerExchange> self) {
  auto outcome = co_await self->core_->handler(*self);
  if (!outcome && !self->abandoned_) self->core_->Failed(self->request_, outcome.error());
  self->Finish(std::move(outcome));
  co_return Status();
}

void ServerExchange::StartHandler() {
  running_ = true;
  ++core_->running;
  auto self = shared_from_this();
  auto on_done = [self](Status ended) {
    self->running_ = false;
    --self->core_->running;
    self->core_->changed.Notify();
    if (!ended) {  // the handler threw
      if (!self->abandoned_) self->core_->Failed(self->request_, ended.error());
      self->Finish(ended.error());
    }
    // The signal outlives the coroutine that just ends.
    asio::post(self->core_->executor, [self] {});
  };
  SpawnCancellable(core_->executor, Run(self), cancel_, std::move(on_done));
}

void ServerExchange::Abandon() {
  if (std::exchange(abandoned_, true)) return;
  const auto self = shared_from_this();
  if (running_) cancel_.emit(asio::cancellation_type::terminal);
}

Error PeerGone() { return MakeError(Errc::kUnavailable, "the peer is gone"); }

std::optional<uint64_t> AnnouncedLength(const Headers& headers) {
  const std::string_view text = FindHeader(headers, "content-length");
  uint64_t length = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (text.empty() || ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return length;
}

}  // namespace dunlin::net::internal
