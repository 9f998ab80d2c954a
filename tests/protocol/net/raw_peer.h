// A peer of the server that sends and receives bytes as the test says.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <string>

#include "tests/protocol/net/harness.h"

namespace dunlin::net {

class RawPeer {
 public:
  RawPeer(Loop& loop, const std::string& unix_path);
  RawPeer(Loop& loop, uint16_t port);

  // Drives the loop while the server is slower; ended() when it has closed.
  void Send(BytesView bytes);
  // Drives the loop until the text has arrived, or the peer has ended.
  bool ReadUntil(std::string_view text);
  void ReadToEnd();
  void Shutdown();  // our side

  const Bytes& received() const { return received_; }
  void Forget() { received_.clear(); }
  bool ended() const { return ended_; }

 private:
  bool ReadSome();

  Loop& loop_;
  asio::generic::stream_protocol::socket socket_;
  Bytes received_;
  bool ended_ = false;
};

}  // namespace dunlin::net
