// One HTTP exchange without a network: a request in, the handler's whole answer out.
#pragma once

#include <gtest/gtest.h>

#include "protocol/net/http.h"
#include "tests/hub/support/run.h"

namespace dunlin::net {

class FakeExchange : public Exchange {
 public:
  FakeExchange(std::string method, std::string target, Bytes body = {}) {
    request_.method = std::move(method);
    request_.target = std::move(target);
    request_.body = std::move(body);
    peer_.connection = 1;
  }
  const HttpRequest& request() const override { return request_; }
  const Peer& peer() const override { return peer_; }
  TaskVoid Begin(int, Headers) override { co_return MakeError(Errc::kInternal, "not streamed"); }
  TaskVoid Write(Bytes) override { co_return MakeError(Errc::kInternal, "not streamed"); }

 private:
  HttpRequest request_;
  Peer peer_;
};

inline HttpResponse Call(const HttpHandler& handler, std::string method, std::string target,
                         Bytes body = {}) {
  asio::io_context context{1};
  FakeExchange exchange(std::move(method), std::move(target), std::move(body));
  auto answer = testing_support::Run(context, handler(exchange));
  EXPECT_TRUE(answer.has_value() && answer->has_value());
  return answer && *answer ? **answer : HttpResponse{};
}

}  // namespace dunlin::net
