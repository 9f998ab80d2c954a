// A HubLink over a hub that is a value: polls are held until there is news.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include "agent/hublink/hub_link.h"
#include "protocol/net/runtime.h"
#include "tests/agent/sync/fake_hub.h"

namespace dunlin::app {

class FakeHubLink : public hublink::HubLink {
 public:
  FakeHubLink(asio::any_io_executor executor, sync::FakeHub& hub)
      : hub_(hub), signal_(std::move(executor)) {}

  Task<Bytes> Poll(wire::PollRequest request) override {
    while (true) {
      CO_TRY_VOID(Reachable());
      if (auto answer = hub_.Answer(request)) co_return std::move(*answer);
      CO_TRY_VOID(co_await signal_.Wait(Seconds(60)));
    }
  }
  Task<wire::BundlePayload> Fetch(BundleDigest digest, std::optional<BundleDigest>) override {
    CO_TRY_VOID(Reachable());
    co_return hub_.Fetch(digest);
  }
  TaskVoid Report(wire::Report report) override {
    CO_TRY_VOID(Reachable());
    hub_.reports.push_back(std::move(report));
    co_return Status();
  }

  // After a publish, or a change of `away`.
  void Wake() { signal_.Notify(); }
  void Close() {
    closed_ = true;
    Wake();
  }
  bool away = false;

 private:
  Status Reachable() const {
    if (closed_) return MakeError(Errc::kCancelled, "the test ends");
    if (away) return MakeError(Errc::kUnavailable, "the hub is away");
    return {};
  }
  sync::FakeHub& hub_;
  net::Event signal_;
  bool closed_ = false;
};

}  // namespace dunlin::app
