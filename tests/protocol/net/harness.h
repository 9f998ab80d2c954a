// One io loop, a test PKI, and a server whose routes show each behaviour of an exchange.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "protocol/net/http_client.h"
#include "protocol/net/http_server.h"
#include "protocol/net/runtime.h"
#include "tests/protocol/tls/pki.h"

namespace dunlin::net {

inline constexpr Millis kSoon{20};      // a limit that is meant to pass
inline constexpr Millis kPlenty{8000};  // a limit that is not

// Drives the loop until the task has ended; a test that hangs fails after a while.
class Loop {
 public:
  asio::any_io_executor executor() { return context_.get_executor(); }
  template <typename T>
  Result<T> Run(Task<T> task) {
    auto outcome = std::make_shared<std::optional<Result<T>>>();
    auto on_done = [outcome](Status ended) {
      if (!*outcome) outcome->emplace(ended.error());
    };
    Spawn(executor(), Keep<T>(std::move(task), outcome), on_done);
    const auto ready = [&outcome] { return outcome->has_value(); };
    RunUntil(ready);
    if (!*outcome) return MakeError(Errc::kInternal, "the test's task does not end");
    return std::move(**outcome);
  }
  // True when the condition came to hold.
  bool RunUntil(const std::function<bool()>& condition);
  // A while without any condition: for what must not happen.
  void RunFor(Millis duration);

 private:
  template <typename T>
  static TaskVoid Keep(Task<T> task, std::shared_ptr<std::optional<Result<T>>> outcome) {
    auto result = co_await std::move(task);
    outcome->emplace(std::move(result));
    co_return Status();
  }
  asio::io_context context_{1};
};

// What the handlers did, for assertions.
struct Backend {
  int started = 0;
  int cancelled = 0;
  int pieces = 0;                        // that /endless has written
  Errc write_failure = Errc::kInternal;  // why /endless ended
  Peer last_peer;
  HttpRequest last_request;
  int released = 0;
  std::shared_ptr<Event> changed;
  void Release() {  // lets /held answer, and /stream go on by one piece
    ++released;
    changed->Notify();
  }
};

// /echo: the request's body with its content-type. /length: its size. /big?N: N bytes. /held:
// answers once released. /never: sleeps for ever. /stream: three pieces. /endless: pieces until the
// peer is gone. /fail: an error. /throw: an exception. /none: no answer. /half: breaks off a
// streamed answer.
HttpHandler Routes(Backend& backend);

struct NetTest : testing::Test {
  NetTest();
  ~NetTest() override;

  ServerConfig TlsServer() const;
  ServerConfig UnixServer() const;
  Origin TlsOrigin() const;  // of the server that Listen() started
  Origin UnixOrigin() const;
  void Listen(ServerConfig config);
  void Connect(Origin origin);
  void StartTls();  // Listen + Connect
  void StartUnix();

  Result<HttpResponse> Get(std::string target, Millis limit = kPlenty);
  Result<HttpResponse> Post(std::string target, Bytes body, Millis limit = kPlenty);

  Loop loop;
  tls::Authority ca;
  tls::Leaf server_leaf = tls::Issue(ca, tls::ServerRequest());
  tls::Leaf agent_leaf = tls::Issue(ca, tls::AgentRequest());
  std::filesystem::path directory;
  Backend backend;
  std::vector<std::string> failures;  // that the server reported
  std::unique_ptr<HttpServer> server;
  std::unique_ptr<HttpClient> client;
};

}  // namespace dunlin::net
