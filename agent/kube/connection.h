// From kubeconfig values to an HTTP client that authenticates.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>

#include "agent/kube/kubeconfig.h"
#include "protocol/base/time.h"
#include "protocol/net/http_client.h"

namespace dunlin::kube {

// A bearer token that may live in a file which the kubelet replaces. Reading it is a read of at
// most some KB from a tmpfs, done on the io thread. REQUIRES: one thread; clock outlives it.
class TokenSource {
 public:
  TokenSource(std::string token, std::string file, const Clock& clock);
  // Empty: none. Reads the file again when the last reading is a minute old.
  const std::string& Current();
  // Reads now; true when the token is another one than before.
  bool Reload();

 private:
  std::string token_;
  std::string file_;
  const Clock& clock_;
  Millis read_at_{0};
  bool read_ = false;
};

// `admit` judges every connection. kInvalidArgument: a certificate or key that does not parse, or
// no certificate authority.
Result<std::shared_ptr<net::HttpClient>> ConnectTo(const Access& access, net::Admission admit,
                                                   asio::any_io_executor executor);

}  // namespace dunlin::kube
