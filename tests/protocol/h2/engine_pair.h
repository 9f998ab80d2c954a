// A client and a server engine with the wire between them in memory.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "protocol/h2/engine.h"

namespace dunlin::h2 {

inline Settings ServerSettings() {
  Settings settings;
  settings.role = Role::kServer;
  return settings;
}

struct EnginePair {
  explicit EnginePair(Settings client_settings = {}, Settings server_settings = ServerSettings())
      : client(client_settings), server(server_settings) {}

  // Carries bytes both ways until both are silent; false when a side refused what it got.
  bool Pump() {
    bool good = true;
    for (bool moved = true; moved;) {
      Bytes to_server = client.Drain(1 << 16, now);
      if (!to_server.empty() && !server.Feed(to_server, now)) good = false;
      Bytes to_client = server.Drain(1 << 16, now);
      if (!to_client.empty() && !client.Feed(to_client, now)) good = false;
      moved = !to_server.empty() || !to_client.empty();
      Collect();
    }
    return good;
  }
  void Collect() {
    for (Event& event : client.TakeEvents()) client_events.push_back(std::move(event));
    for (Event& event : server.TakeEvents()) server_events.push_back(std::move(event));
  }

  Engine client;
  Engine server;
  Millis now{1000};
  std::vector<Event> client_events;
  std::vector<Event> server_events;
};

template <typename T>
std::vector<T> Only(const std::vector<Event>& events) {
  std::vector<T> found;
  for (const Event& event : events) {
    if (const T* value = std::get_if<T>(&event)) found.push_back(*value);
  }
  return found;
}

inline Bytes Body(const std::vector<Event>& events, StreamId stream) {
  Bytes all;
  for (const DataReceived& data : Only<DataReceived>(events)) {
    if (data.stream == stream) all += data.data;
  }
  return all;
}

inline RequestHead Get(std::string target) {
  return {"GET", "https", "hub.example", std::move(target), {}};
}

}  // namespace dunlin::h2
