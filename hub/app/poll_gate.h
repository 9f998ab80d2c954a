// Where held polls wait: one event per cluster, so that a publish wakes only who has news.
#pragma once

#include <map>
#include <memory>

#include "protocol/base/ids.h"
#include "protocol/net/runtime.h"

namespace dunlin::hub {

class PollGate {
 public:
  explicit PollGate(asio::any_io_executor executor) : executor_(executor) {}

  void Notify(const ClusterId& cluster) {
    const auto event = events_.find(cluster);
    if (event != events_.end()) event->second->Notify();
  }
  void NotifyAll() {
    for (auto& [cluster, event] : events_) event->Notify();
  }
  // The event of a cluster; lives as long as the gate.
  net::Event& At(const ClusterId& cluster) {
    std::unique_ptr<net::Event>& event = events_[cluster];
    if (event == nullptr) event = std::make_unique<net::Event>(executor_);
    return *event;
  }

 private:
  asio::any_io_executor executor_;
  std::map<ClusterId, std::unique_ptr<net::Event>> events_;
};

}  // namespace dunlin::hub
