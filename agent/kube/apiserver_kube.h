// The real Kube: one apiserver over one HttpClient.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/kube/connection.h"
#include "agent/kube/discovery.h"
#include "agent/kube/kube.h"
#include "agent/kube/openapi.h"
#include "protocol/base/log.h"
#include "protocol/net/http.h"
#include "protocol/net/runtime.h"

namespace dunlin::kube {

// One way to the apiserver, as the credentials of now make it.
struct Connection {
  std::shared_ptr<net::HttpClient> client;
  std::string path_prefix;
  std::string token;
  std::string token_file;
};

class ApiserverKube : public Kube {
 public:
  struct Options {
    // Called at the start and again, at most once a minute, when TLS no longer holds: kubeconfig
    // and CA are read anew.
    std::function<Result<Connection>()> connect;
    std::string schema_dir;  // for merge tables; empty: none are kept
    Millis limit{60000};     // of one exchange; admission webhooks may take 30 s each
    Log log;
  };
  // `executor`: of the io thread. Pool and clock outlive the object. The first connect() must work.
  static Result<std::unique_ptr<ApiserverKube>> Make(Options options,
                                                     asio::any_io_executor executor,
                                                     asio::thread_pool& pool, const Clock& clock);

  Task<sync::ClusterFacts> Discover() override;
  Task<sync::SchemaPtr> Schema(object::GroupVersion version) override;
  Task<ListAnswer> List(Selection selection, std::string more) override;
  Task<WatchAnswer> Watch(Selection selection, std::string resource_version,
                          Seconds duration) override;
  Task<sync::ApiAnswer> Send(sync::Request request) override;

 private:
  ApiserverKube(Options options, asio::any_io_executor executor, asio::thread_pool& pool,
                const Clock& clock);
  void Use(Connection connection);
  // True when there is a new connection to try once more with.
  bool Reconnect(const Error& error);
  net::HttpRequest Prepare(net::HttpRequest request);
  Task<net::HttpResponse> Exchange(net::HttpRequest request);
  // A 200 answer as JSON; everything else is an Error.
  Task<object::Value> Get(net::HttpRequest request);
  TaskVoid Collect(const char* root, Discovery& discovery);
  Task<std::optional<std::string>> OpenApiUrl(object::GroupVersion version);
  Task<sync::SchemaPtr> LoadSchema(object::GroupVersion version);

  Options options_;
  asio::thread_pool& pool_;
  const Clock& clock_;
  SchemaCache cache_;
  std::shared_ptr<net::HttpClient> client_;
  std::string prefix_;
  std::unique_ptr<TokenSource> token_;
  Millis connected_at_{0};
  std::optional<OpenApiIndex> index_;
  // One document at a time: apps/v1 is 0.8 MB of text and ten times that as a tree.
  bool loading_ = false;
  net::Event loaded_;
};

}  // namespace dunlin::kube
