#include "agent/app/health_server.h"

#include <charconv>
#include <utility>

namespace dunlin::app {

namespace {

net::HttpResponse Text(int status, std::string body) {
  net::HttpResponse out;
  out.status = status;
  out.headers = {{"content-type", "text/plain; version=0.0.4; charset=utf-8"}};
  out.body = std::move(body);
  return out;
}

Task<std::optional<net::HttpResponse>> Handle(std::shared_ptr<const HealthParts> parts,
                                              net::Exchange& exchange) {
  co_return AnswerHealth(*parts, exchange.request());
}

Result<net::ServerConfig> ParseListen(const std::string& listen) {
  net::ServerConfig out;
  out.http1 = true;
  if (listen.starts_with("unix:")) {
    out.unix_socket = true;
    out.address = listen.substr(5);
    return out;
  }
  const size_t colon = listen.rfind(':');
  const Error wrong =
      MakeError(Errc::kInvalidArgument, "--listen " + listen + ": give ADDRESS:PORT or unix:PATH");
  if (colon == std::string::npos) return wrong;
  out.clear_text = true;
  out.address = listen.substr(0, colon);
  if (out.address.starts_with("[") && out.address.ends_with("]")) {
    out.address = out.address.substr(1, out.address.size() - 2);
  }
  const char* first = listen.data() + colon + 1;
  const char* last = listen.data() + listen.size();
  const auto [end, error] = std::from_chars(first, last, out.port);
  if (error != std::errc() || end != last || out.address.empty()) return wrong;
  return out;
}

}  // namespace

net::HttpResponse AnswerHealth(const HealthParts& parts, const net::HttpRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") return Text(405, "only GET\n");
  if (request.target == "/healthz") {
    return parts.alive() ? Text(200, "ok\n") : Text(503, "the agent's loop has ended\n");
  }
  if (request.target == "/readyz") {
    return parts.ready() ? Text(200, "ok\n") : Text(503, "the cluster is not known yet\n");
  }
  if (request.target == "/metrics") return Text(200, parts.metrics());
  return Text(404, "there is /healthz, /readyz and /metrics\n");
}

Result<std::unique_ptr<net::HttpServer>> ServeHealth(asio::any_io_executor executor,
                                                     const std::string& listen, HealthParts parts) {
  TRY(net::ServerConfig config, ParseListen(listen));
  auto shared = std::make_shared<const HealthParts>(std::move(parts));
  return net::MakeHttpServer(
      std::move(executor), std::move(config),
      [shared](net::Exchange& exchange) { return Handle(shared, exchange); });
}

}  // namespace dunlin::app
