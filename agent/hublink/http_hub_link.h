// The real HubLink: the hub's agent port over one HttpClient, which is exchanged when the
// certificate is renewed. REQUIRES: one io thread.
#pragma once

#include <memory>

#include "agent/hublink/hub_link.h"
#include "protocol/net/http.h"

namespace dunlin::hublink {

class HttpHubLink : public HubLink {
 public:
  explicit HttpHubLink(std::shared_ptr<net::HttpClient> client) : client_(std::move(client)) {}

  Task<Bytes> Poll(wire::PollRequest request) override;
  Task<wire::BundlePayload> Fetch(BundleDigest digest, std::optional<BundleDigest> from) override;
  TaskVoid Report(wire::Report report) override;

  // From the next request on. Exchanges under way end on the old connection.
  void Use(std::shared_ptr<net::HttpClient> client) { client_ = std::move(client); }

 private:
  Task<Bytes> Exchange(net::HttpRequest request, Millis limit);

  std::shared_ptr<net::HttpClient> client_;
};

}  // namespace dunlin::hublink
