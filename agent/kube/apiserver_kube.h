// The real Kube: one apiserver over one HttpClient.
//
// An address, a kubeconfig and a CA may all lead to another cluster than yesterday: a node was
// installed anew, a load balancer or an etcd restored. So every connection reads the UID of
// kube-system before anything else goes over it. Over one to another cluster nothing goes at all:
// every call fails with kSignature, except Discover(), which says whose UID was found.
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
#include "protocol/net/http_client.h"
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
    // Called at the start and again, at most once a minute, when TLS or the cluster's identity no
    // longer holds: kubeconfig and CA are read anew. The client must ask `admit` about every
    // connection.
    std::function<Result<Connection>(net::Admission admit)> connect;
    std::string kube_uid;    // of the cluster that is ours; empty: the first that is seen
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
  Status Connect();
  TaskVoid Admit(net::HttpClient& connection);
  Status Judge(const std::string& kube_uid);
  Task<sync::ClusterFacts> ReadFacts();
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
  std::string ours_;     // UID of kube-system
  std::string foreign_;  // the other cluster's, while the address leads there
  std::optional<OpenApiIndex> index_;
  // One document at a time: apps/v1 is 0.8 MB of text and ten times that as a tree.
  bool loading_ = false;
  net::Event loaded_;
};

}  // namespace dunlin::kube
