// An HttpClient whose answers a test writes: a function from request to response. Streams deliver
// the body in pieces of `piece_bytes`.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "protocol/net/http.h"

namespace dunlin {

class ScriptedStream : public net::ResponseStream {
 public:
  ScriptedStream(net::HttpResponse response, size_t piece_bytes)
      : response_(std::move(response)), piece_bytes_(piece_bytes) {}
  int status() const override { return response_.status; }
  const net::Headers& headers() const override { return response_.headers; }
  Task<Bytes> Read(Millis) override {
    const Bytes piece = response_.body.substr(0, piece_bytes_);
    response_.body.erase(0, piece.size());
    co_return piece;
  }

 private:
  net::HttpResponse response_;
  size_t piece_bytes_;
};

class ScriptedClient : public net::HttpClient {
 public:
  using Script = std::function<Result<net::HttpResponse>(const net::HttpRequest&)>;
  explicit ScriptedClient(Script script) : script_(std::move(script)) {}

  Task<net::HttpResponse> Send(net::HttpRequest request, Millis) override {
    requests.push_back(request);
    co_return script_(request);
  }
  Task<std::unique_ptr<net::ResponseStream>> Open(net::HttpRequest request, Millis) override {
    requests.push_back(request);
    CO_TRY(net::HttpResponse response, script_(request));
    std::unique_ptr<net::ResponseStream> stream =
        std::make_unique<ScriptedStream>(std::move(response), piece_bytes);
    co_return stream;
  }

  std::vector<net::HttpRequest> requests;
  size_t piece_bytes = 7;

 private:
  Script script_;
};

}  // namespace dunlin
