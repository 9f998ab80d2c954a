// A TCP address that leads to one server now and to another one later, as that of a load balancer
// or of a machine that was installed anew. Bytes go through unchanged.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "protocol/base/result.h"

namespace dunlin::e2e {

class Detour {
 public:
  // Listens on a free port of 127.0.0.1.
  static Result<std::unique_ptr<Detour>> Start(uint16_t target);
  ~Detour();
  Detour(const Detour&) = delete;
  Detour& operator=(const Detour&) = delete;

  uint16_t port() const { return port_; }
  // New connections go there; those that are open are cut.
  void LeadTo(uint16_t target);
  void Cut();
  // How many have been accepted.
  int connections() const { return connections_; }

 private:
  Detour() = default;
  void Accept();
  void Pump(int from, int to);

  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<uint16_t> target_{0};
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::set<int> open_;                // sockets, until the end: their numbers are not used again
  std::vector<std::thread> threads_;  // touched by the accepting thread, joined at the end
  std::thread accepting_;
};

}  // namespace dunlin::e2e
