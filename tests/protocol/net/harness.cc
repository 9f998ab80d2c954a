#include "tests/protocol/net/harness.h"

#include <stdlib.h>

#include <stdexcept>

#include "protocol/base/check.h"

namespace dunlin::net {
namespace {

constexpr Millis kHang{20000};

using Answer = std::optional<HttpResponse>;

Task<Answer> Echo(Backend& backend, Exchange& exchange) {
  backend.last_request = exchange.request();
  HttpResponse response;
  const auto type = FindHeader(exchange.request().headers, "content-type");
  if (!type.empty()) response.headers.emplace_back("content-type", std::string(type));
  response.body = exchange.request().body;
  co_return Answer(std::move(response));
}

Task<Answer> Length(Exchange& exchange) {
  HttpResponse response;
  response.body = std::to_string(exchange.request().body.size());
  co_return Answer(std::move(response));
}

Task<Answer> Big(size_t size) {
  HttpResponse response;
  response.body = Bytes(size, 'x');
  co_return Answer(std::move(response));
}

TaskVoid AwaitRelease(Backend& backend, int count) {
  while (backend.released < count) {
    CO_TRY_VOID(co_await backend.changed->Wait(kHang));
  }
  co_return Status();
}

Task<Answer> Held(Backend& backend) {
  auto released = co_await AwaitRelease(backend, 1);
  if (!released) {
    if (released.error().code == Errc::kCancelled) ++backend.cancelled;
    co_return released.error();
  }
  HttpResponse response;
  response.body = "released";
  co_return Answer(std::move(response));
}

Task<Answer> Never(Backend& backend) {
  auto slept = co_await Sleep(kHang);
  if (!slept && slept.error().code == Errc::kCancelled) ++backend.cancelled;
  co_return MakeError(Errc::kInternal, "woken up");
}

Task<Answer> Stream(Backend& backend, Exchange& exchange) {
  Headers headers = {{"x-kind", "stream"}};
  CO_TRY_VOID(co_await exchange.Begin(200, std::move(headers)));
  for (int i = 1; i <= 3; ++i) {
    CO_TRY_VOID(co_await exchange.Write("piece " + std::to_string(i) + "\n"));
    if (i < 3) {
      CO_TRY_VOID(co_await AwaitRelease(backend, i));
    }
  }
  co_return Answer();
}

Task<Answer> Endless(Backend& backend, Exchange& exchange) {
  Headers headers;
  CO_TRY_VOID(co_await exchange.Begin(200, std::move(headers)));
  while (true) {
    auto written = co_await exchange.Write(Bytes(64 * 1024, 'e'));
    if (!written) {
      ++backend.cancelled;
      backend.write_failure = written.error().code;
      co_return written.error();
    }
    ++backend.pieces;
  }
}

Task<Answer> Half(Exchange& exchange) {
  Headers headers;
  CO_TRY_VOID(co_await exchange.Begin(200, std::move(headers)));
  CO_TRY_VOID(co_await exchange.Write("half of the"));
  co_return MakeError(Errc::kIo, "the disk is gone");
}

Task<Answer> Fail() { co_return MakeError(Errc::kIo, "the disk is gone"); }
Task<Answer> Throw() {
  throw std::runtime_error("a bug");
  co_return Answer();
}
Task<Answer> None() { co_return Answer(); }

Task<Answer> Route(Backend& backend, Exchange& exchange) {
  ++backend.started;
  backend.last_peer = exchange.peer();
  const std::string& target = exchange.request().target;
  if (target == "/echo") return Echo(backend, exchange);
  if (target.rfind("/big?", 0) == 0) return Big(std::stoul(target.substr(5)));
  if (target == "/length") return Length(exchange);
  if (target == "/held") return Held(backend);
  if (target == "/never") return Never(backend);
  if (target == "/stream") return Stream(backend, exchange);
  if (target == "/endless") return Endless(backend, exchange);
  if (target == "/half") return Half(exchange);
  if (target == "/throw") return Throw();
  if (target == "/none") return None();
  return Fail();
}

}  // namespace

bool Loop::RunUntil(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kHang;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    context_.restart();
    if (context_.run_one_for(Millis(50)) == 0 && condition()) return true;
  }
  return true;
}

void Loop::RunFor(Millis duration) {
  context_.restart();
  context_.run_for(duration);
}

HttpHandler Routes(Backend& backend) {
  return [&backend](Exchange& exchange) { return Route(backend, exchange); };
}

NetTest::NetTest() {
  std::string name = testing::TempDir() + "netXXXXXX";
  CHECK(::mkdtemp(name.data()) != nullptr);
  directory = name;
  backend.changed = std::make_shared<Event>(loop.executor());
}

NetTest::~NetTest() {
  client.reset();
  if (server) {
    const Status stopped = loop.Run<void>(server->Stop(Millis(0)));
    EXPECT_TRUE(stopped);
  }
  server.reset();
  std::filesystem::remove_all(directory);
}

ServerConfig NetTest::TlsServer() const {
  ServerConfig config;
  config.tls = tls::MustMake(tls::ServerOptions(ca, server_leaf));
  return config;
}

ServerConfig NetTest::UnixServer() const {
  ServerConfig config;
  config.unix_socket = true;
  config.address = directory / "s";
  config.http1 = true;
  return config;
}

Origin NetTest::TlsOrigin() const {
  Origin origin;
  origin.host = "127.0.0.1";
  origin.port = server ? server->port() : 0;
  origin.tls = tls::MustMake(tls::ClientOptions(ca, agent_leaf));
  origin.server_name = tls::kHubName;
  return origin;
}

Origin NetTest::UnixOrigin() const {
  Origin origin;
  origin.host = directory / "s";
  origin.unix_socket = true;
  return origin;
}

void NetTest::Listen(ServerConfig config) {
  config.on_failure = [this](const HttpRequest& request, const Error& error) {
    failures.push_back(request.target + " " + error.message);
  };
  auto made = MakeHttpServer(loop.executor(), std::move(config), Routes(backend));
  ASSERT_TRUE(made) << made.error().message;
  server = std::move(*made);
}

void NetTest::Connect(Origin origin) {
  client = MakeHttpClient(loop.executor(), std::move(origin));
}

void NetTest::StartTls() {
  Listen(TlsServer());
  Connect(TlsOrigin());
}

void NetTest::StartUnix() {
  Listen(UnixServer());
  Connect(UnixOrigin());
}

Result<HttpResponse> NetTest::Get(std::string target, Millis limit) {
  HttpRequest request;
  request.target = std::move(target);
  return loop.Run<HttpResponse>(client->Send(std::move(request), limit));
}

Result<HttpResponse> NetTest::Post(std::string target, Bytes body, Millis limit) {
  HttpRequest request;
  request.method = "POST";
  request.target = std::move(target);
  request.headers = {{"content-type", "a/b"}};
  request.body = std::move(body);
  return loop.Run<HttpResponse>(client->Send(std::move(request), limit));
}

}  // namespace dunlin::net
