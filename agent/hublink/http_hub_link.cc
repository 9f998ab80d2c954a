#include "agent/hublink/http_hub_link.h"

#include <string>
#include <utility>
#include <vector>

#include "agent/hublink/answer.h"
#include "protocol/wire/version.h"

namespace dunlin::hublink {

namespace {

// Beyond the hold the hub has 10 s to answer; then the poll is lost and asked again.
constexpr Millis kPollLimit = Seconds(wire::kHoldSeconds + 10);
constexpr Millis kFetchLimit = Seconds(120);  // 32 MiB over a slow edge link
constexpr Millis kReportLimit = Seconds(30);

Result<wire::BundlePayload> BundleOf(BytesView answer, const BundleDigest& digest) {
  TRY(const std::vector<wire::Frame> frames, wire::ParseFrames(answer));
  if (frames.size() != 1) {
    return MakeError(Errc::kCorrupt, "the hub answered a fetch with " +
                                         std::to_string(frames.size()) + " frames instead of one");
  }
  TRY(wire::BundlePayload bundle, wire::ParseBundleFrame(frames.front()));
  if (bundle.digest != digest) {
    return MakeError(Errc::kCorrupt, "the hub answered with another bundle than asked for");
  }
  return bundle;
}

}  // namespace

Task<Bytes> HttpHubLink::Exchange(net::HttpRequest request, Millis limit) {
  const std::shared_ptr<net::HttpClient> client = client_;  // Use() may come while we wait
  CO_TRY(net::HttpResponse response, co_await client->Send(std::move(request), limit));
  co_return BodyOf(std::move(response));
}

Task<Bytes> HttpHubLink::Poll(wire::PollRequest request) {
  net::HttpRequest post = PostJson(wire::kPollPath, wire::Encode(request));
  co_return co_await Exchange(std::move(post), kPollLimit);
}

Task<wire::BundlePayload> HttpHubLink::Fetch(BundleDigest digest,
                                             std::optional<BundleDigest> from) {
  net::HttpRequest request;
  request.target = wire::kBundlesPath + digest.Hex();
  if (from) request.target += "?from=" + from->Hex();
  request.headers = {{wire::kVersionHeader, std::to_string(wire::kVersion)}};
  CO_TRY(const Bytes answer, co_await Exchange(std::move(request), kFetchLimit));
  co_return BundleOf(answer, digest);
}

TaskVoid HttpHubLink::Report(wire::Report report) {
  net::HttpRequest post = PostJson(wire::kReportPath, wire::Encode(report));
  CO_TRY_VOID(co_await Exchange(std::move(post), kReportLimit));
  co_return Status();
}

}  // namespace dunlin::hublink
