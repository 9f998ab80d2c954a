// HTTP messages and the two seams that everything above the network fakes: HttpClient and
// HttpHandler. HTTP/2 and HTTP/1.1 look the same here. Header names are lower case.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/time.h"
#include "protocol/crypto/certificate.h"
#include "protocol/net/task.h"

namespace dunlin::net {

using Headers = std::vector<std::pair<std::string, std::string>>;
// The first value of a header, or empty. `name` in lower case.
std::string_view FindHeader(const Headers& headers, std::string_view name);

struct HttpRequest {
  std::string method = "GET";
  std::string target;  // path and query, "/v1/poll"
  Headers headers;     // without host/:authority and content-length
  Bytes body;
};

struct HttpResponse {
  int status = 200;
  Headers headers;
  Bytes body;
};

// A response whose body arrives over time (watches, bundles). Destroying it resets the stream.
class ResponseStream {
 public:
  virtual ~ResponseStream() = default;
  virtual int status() const = 0;
  virtual const Headers& headers() const = 0;
  // The next piece of the body; empty at its end. kTimeout after `idle` without a byte.
  virtual Task<Bytes> Read(Millis idle) = 0;
};

// One origin. Safe to call from many coroutines of the one io thread; requests share an HTTP/2
// connection that is opened on first use, kept alive by PING, drained on GOAWAY and reopened when
// lost. Errors: kUnavailable (connect, reset, GOAWAY before the request was processed), kTimeout,
// kLimit (body too large), kCancelled (the client was destroyed), and those of tls::Engine:
// kSignature, kExpired (the server's certificate), kUnauthenticated (the server refuses ours),
// kUnsupported (no common version or protocol).
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // The whole exchange within `limit`; bodies up to limits::kResponseBodyBytes.
  virtual Task<HttpResponse> Send(HttpRequest request, Millis limit) = 0;
  // Headers within `limit`, then a body without a total limit.
  virtual Task<std::unique_ptr<ResponseStream>> Open(HttpRequest request, Millis limit) = 0;
};

// Who sent a request.
struct Peer {
  std::string address;  // textual IP; empty on a Unix socket
  uint16_t port = 0;
  std::optional<crypto::CertificateInfo> certificate;  // verified by TLS; agent port only
  uint64_t connection = 0;                             // distinct per connection of this process
};

// The server's side of one exchange.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual const HttpRequest& request() const = 0;
  virtual const Peer& peer() const = 0;
  // For streamed answers: headers now, pieces as they come, end when the handler returns.
  // Write fails with kUnavailable once the peer is gone and with kTimeout when it does not read.
  virtual TaskVoid Begin(int status, Headers headers) = 0;
  virtual TaskVoid Write(Bytes piece) = 0;
};

// Handles one request. Returns the whole answer, or nothing after a streamed one (Begin/Write).
// When the peer goes away the coroutine is cancelled (asio terminal cancellation; awaits give
// kCancelled). A returned error becomes a plain 500 and is counted.
using HttpHandler = std::function<Task<std::optional<HttpResponse>>(Exchange&)>;

}  // namespace dunlin::net
