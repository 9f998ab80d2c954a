#include "hub/api/agent_api.h"

#include "hub/api/responses.h"
#include "protocol/wire/version.h"

namespace dunlin::hub {

namespace {

using Answer = std::optional<net::HttpResponse>;

net::HttpResponse Frames(Bytes frames) {
  net::HttpResponse response;
  response.headers = {{"content-type", "application/vnd.dunlin.frames"}};
  response.body = std::move(frames);
  return response;
}

Result<net::HttpResponse> GetBundle(AgentBackend& backend, const AgentIdentity& agent,
                                    const std::string& target) {
  TRY(const Target parsed, ParseTarget(target));
  if (parsed.segments.size() != 3) return NoSuchRoute(target);
  TRY(const BundleDigest digest, BundleDigest::FromHex(parsed.segments[2]));
  std::optional<BundleDigest> from;
  const auto from_text = parsed.query.find("from");
  if (from_text != parsed.query.end()) {
    TRY(from, BundleDigest::FromHex(from_text->second));
  }
  TRY(Bytes frames, backend.Bundle(agent, digest, from));
  return Frames(std::move(frames));
}

Task<net::HttpResponse> PutReport(AgentBackend& backend, AgentIdentity agent, Bytes body) {
  CO_TRY(wire::Report report, wire::ParseReport(body));
  CO_TRY_VOID(co_await backend.Report(std::move(agent), std::move(report)));
  co_return net::HttpResponse{204, {}, {}};
}

Task<net::HttpResponse> Poll(AgentBackend& backend, AgentIdentity agent, Bytes body) {
  CO_TRY(wire::PollRequest request, wire::ParsePollRequest(body));
  CO_TRY(Bytes frames, co_await backend.Poll(std::move(agent), std::move(request)));
  co_return Frames(std::move(frames));
}

net::HttpResponse OrError(Result<net::HttpResponse> result) {
  if (!result) return ErrorResponse(result.error());
  return std::move(*result);
}

Task<Answer> Handle(AgentBackend& backend, net::Exchange& exchange) {
  const net::HttpRequest& request = exchange.request();
  auto agent = backend.Identify(exchange.peer());
  if (!agent) co_return ErrorResponse(agent.error());
  const std::string_view path =
      std::string_view(request.target).substr(0, request.target.find('?'));
  if (path == wire::kPollPath) {
    if (request.method != "POST") co_return MethodNotAllowed("POST");
    auto polled = co_await Poll(backend, std::move(*agent), request.body);
    co_return OrError(std::move(polled));
  }
  if (path == wire::kReportPath) {
    if (request.method != "POST") co_return MethodNotAllowed("POST");
    auto stored = co_await PutReport(backend, std::move(*agent), request.body);
    co_return OrError(std::move(stored));
  }
  if (path.starts_with(wire::kBundlesPath)) {
    if (request.method != "GET") co_return MethodNotAllowed("GET");
    co_return OrError(GetBundle(backend, *agent, request.target));
  }
  co_return NoSuchRoute(path);
}

}  // namespace

net::HttpHandler AgentRoutes(AgentBackend& backend) {
  return [&backend](net::Exchange& exchange) { return Handle(backend, exchange); };
}

}  // namespace dunlin::hub
