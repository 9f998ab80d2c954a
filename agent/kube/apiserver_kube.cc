#include "agent/kube/apiserver_kube.h"

#include <utility>

#include "agent/kube/objects.h"
#include "agent/kube/paths.h"
#include "agent/kube/status.h"
#include "protocol/base/limits.h"
#include "protocol/object/json.h"

namespace dunlin::kube {

namespace {

constexpr Millis kReconnectEvery{60000};
constexpr const char* kSystemNamespace = "/api/v1/namespaces/kube-system";
constexpr const char* kMetadataAccept =
    "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json";

Error ToError(const sync::ApiFailure& failure) { return MakeError(failure.code, failure.message); }

sync::ApiFailure FailureOf(const net::HttpResponse& response) {
  return FailureFromBody(response.body, response.status,
                         net::FindHeader(response.headers, "retry-after"));
}

Result<object::Value> ParseBody(BytesView body) {
  return object::ParseJson(body, {.max_bytes = limits::kKubeDocumentBytes})
      .WithContext("the apiserver's answer");
}

std::vector<std::string> WarningsOf(const net::Headers& headers) {
  std::vector<std::string> out;
  for (const auto& [name, value] : headers) {
    if (name != "warning") continue;
    std::string text = WarningText(value);
    if (!text.empty()) out.push_back(std::move(text));
  }
  return out;
}

bool IsTlsFailure(Errc code) {
  return code == Errc::kSignature || code == Errc::kExpired || code == Errc::kUnauthenticated;
}

Result<ListPage> ParseList(BytesView body) {
  TRY(object::Value document, ParseBody(body));
  const std::string_view list_kind = object::FindString(document, {"kind"});
  const std::string api_version(object::FindString(document, {"apiVersion"}));
  object::Value* items = document.is_object() ? document.as_object().if_contains("items") : nullptr;
  if (items == nullptr || !list_kind.ends_with("List")) {
    return MakeError(Errc::kCorrupt,
                     "the apiserver answered a list with kind '" + std::string(list_kind) + "'");
  }
  const std::string kind(list_kind.substr(0, list_kind.size() - 4));
  ListPage out;
  out.resource_version = object::FindString(document, {"metadata", "resourceVersion"});
  out.more = object::FindString(document, {"metadata", "continue"});
  if (!items->is_array()) return out;  // Go writes null for no items
  for (object::Value& item : items->as_array()) {
    if (!item.is_object()) return MakeError(Errc::kCorrupt, "an item of a list is no object");
    DropManagedFields(item);
    // Items of typed lists carry neither: they are those of the list.
    if (!item.as_object().contains("kind")) item.as_object()["kind"] = kind;
    if (!item.as_object().contains("apiVersion")) item.as_object()["apiVersion"] = api_version;
    out.items.push_back(std::move(item));
  }
  return out;
}

class ApiWatchStream : public WatchStream {
 public:
  ApiWatchStream(std::shared_ptr<net::HttpClient> client,
                 std::unique_ptr<net::ResponseStream> stream)
      : client_(std::move(client)), stream_(std::move(stream)) {}

  Task<std::vector<WatchEvent>> Next(Millis idle) override {
    while (true) {
      CO_TRY(const Bytes piece, co_await stream_->Read(idle));
      // A rest without newline is an event that the server did not finish: it comes again.
      if (piece.empty()) co_return std::vector<WatchEvent>();
      CO_TRY(std::vector<WatchEvent> events, parser_.Feed(piece));
      if (!events.empty()) co_return events;
    }
  }

 private:
  std::shared_ptr<net::HttpClient> client_;  // outlives the stream, also after a reconnect
  std::unique_ptr<net::ResponseStream> stream_;
  WatchParser parser_;
};

// Holds the one place of the schema loader, also when the coroutine is destroyed.
class LoadingTurn {
 public:
  LoadingTurn(bool& busy, net::Event& freed) : busy_(busy), freed_(freed) { busy_ = true; }
  LoadingTurn(const LoadingTurn&) = delete;
  LoadingTurn& operator=(const LoadingTurn&) = delete;
  ~LoadingTurn() {
    busy_ = false;
    freed_.Notify();
  }

 private:
  bool& busy_;
  net::Event& freed_;
};

}  // namespace

Result<std::unique_ptr<ApiserverKube>> ApiserverKube::Make(Options options,
                                                           asio::any_io_executor executor,
                                                           asio::thread_pool& pool,
                                                           const Clock& clock) {
  std::unique_ptr<ApiserverKube> out(
      new ApiserverKube(std::move(options), std::move(executor), pool, clock));
  TRY_VOID(out->Connect());
  return out;
}

ApiserverKube::ApiserverKube(Options options, asio::any_io_executor executor,
                             asio::thread_pool& pool, const Clock& clock)
    : options_(std::move(options)),
      pool_(pool),
      clock_(clock),
      cache_(options_.schema_dir),
      ours_(options_.kube_uid),
      loaded_(std::move(executor)) {}

Status ApiserverKube::Connect() {
  connected_at_ = clock_.Monotonic();
  TRY(Connection connection,
      options_.connect([this](net::HttpClient& candidate) { return Admit(candidate); }));
  client_ = std::move(connection.client);
  prefix_ = std::move(connection.path_prefix);
  token_ = std::make_unique<TokenSource>(std::move(connection.token),
                                         std::move(connection.token_file), clock_);
  return {};
}

bool ApiserverKube::Reconnect(const Error& error) {
  if (!IsTlsFailure(error.code) || clock_.Monotonic() - connected_at_ < kReconnectEvery) {
    return false;
  }
  const Status connected = Connect();
  if (!connected) options_.log.Warn("kube_credentials_unreadable", connected.error());
  return connected.has_value();
}

TaskVoid ApiserverKube::Admit(net::HttpClient& connection) {
  net::HttpRequest first = Prepare(GetRequest(kSystemNamespace));
  CO_TRY(net::HttpResponse response, co_await connection.Send(std::move(first), options_.limit));
  if (response.status == 401 && token_->Reload()) {
    net::HttpRequest second = Prepare(GetRequest(kSystemNamespace));
    CO_TRY(response, co_await connection.Send(std::move(second), options_.limit));
  }
  if (response.status != 200) {
    Error error = ToError(FailureOf(response));
    error.message = "which cluster it is cannot be read: " + error.message;
    co_return error;
  }
  CO_TRY(const object::Value system, ParseBody(response.body));
  co_return Judge(std::string(object::FindString(system, {"metadata", "uid"})));
}

Status ApiserverKube::Judge(const std::string& kube_uid) {
  if (kube_uid.empty()) return MakeError(Errc::kCorrupt, "the namespace kube-system has no UID");
  if (ours_.empty()) ours_ = kube_uid;
  if (kube_uid == ours_) {
    foreign_.clear();
    return {};
  }
  Error error =
      MakeError(Errc::kSignature, "the address leads to the cluster " + kube_uid +
                                      ", this agent belongs to " + ours_ + " (UID of kube-system)");
  if (foreign_ != kube_uid) options_.log.Warn("other_cluster", error);
  foreign_ = kube_uid;
  return error;
}

net::HttpRequest ApiserverKube::Prepare(net::HttpRequest request) {
  request.target = prefix_ + request.target;
  const std::string& token = token_->Current();
  if (!token.empty()) request.headers.emplace_back("authorization", "Bearer " + token);
  return request;
}

Task<net::HttpResponse> ApiserverKube::Exchange(net::HttpRequest request) {
  std::shared_ptr<net::HttpClient> client = client_;
  net::HttpRequest first = Prepare(request);
  auto response = co_await client->Send(std::move(first), options_.limit);
  const bool again = response.has_value() ? response->status == 401 && token_->Reload()
                                          : Reconnect(response.error());
  if (!again) co_return response;
  client = client_;
  net::HttpRequest second = Prepare(std::move(request));
  co_return co_await client->Send(std::move(second), options_.limit);
}

Task<object::Value> ApiserverKube::Get(net::HttpRequest request) {
  const std::string target = request.target;
  CO_TRY(const net::HttpResponse response, co_await Exchange(std::move(request)));
  if (response.status != 200) {
    Error error = ToError(FailureOf(response));
    error.message = "GET " + target + ": " + error.message;
    co_return error;
  }
  co_return ParseBody(response.body);
}

TaskVoid ApiserverKube::Collect(const char* root, Discovery& discovery) {
  net::HttpRequest request = GetRequest(root);
  request.headers.front().second = kDiscoveryAccept;
  CO_TRY(const object::Value document, co_await Get(std::move(request)));
  CO_TRY(const std::vector<object::GroupVersion> open, discovery.AddRoot(document));
  for (const object::GroupVersion& version : open) {
    net::HttpRequest one = GetRequest(GroupVersionPath(version.group, version.version));
    auto resources = co_await Get(std::move(one));
    if (resources) {
      CO_TRY_VOID(discovery.AddResources(version, *resources));
    } else if (IsTlsFailure(resources.error().code)) {
      co_return resources.error();
    } else {
      discovery.AddStale(version);
    }
  }
  co_return Status();
}

Task<sync::ClusterFacts> ApiserverKube::Discover() {
  auto facts = co_await ReadFacts();
  if (!facts && facts.error().code == Errc::kSignature && !foreign_.empty()) {
    sync::ClusterFacts foreign;
    foreign.kube_uid = foreign_;
    co_return foreign;
  }
  co_return facts;
}

Task<sync::ClusterFacts> ApiserverKube::ReadFacts() {
  sync::ClusterFacts out;
  net::HttpRequest request = GetRequest("/version");
  CO_TRY(const object::Value version, co_await Get(std::move(request)));
  out.version = object::FindString(version, {"gitVersion"});
  request = GetRequest(kSystemNamespace);
  CO_TRY(const object::Value system, co_await Get(std::move(request)));
  out.kube_uid = object::FindString(system, {"metadata", "uid"});
  Discovery discovery;
  CO_TRY_VOID(co_await Collect("/api", discovery));
  CO_TRY_VOID(co_await Collect("/apis", discovery));
  out.kinds = discovery.Kinds();
  out.api_versions = discovery.ApiVersions();
  // A new CRD has a new document: the index is asked for again when the next schema is wanted.
  index_.reset();
  co_return out;
}

Task<std::optional<std::string>> ApiserverKube::OpenApiUrl(object::GroupVersion version) {
  if (!index_) {
    net::HttpRequest request = GetRequest("/openapi/v3");
    auto document = co_await Get(std::move(request));
    if (!document && document.error().code == Errc::kNotFound) {
      index_.emplace();  // older than 1.24: no kind has a document
    } else {
      CO_TRY_VOID(document);
      CO_TRY(index_, ParseOpenApiIndex(*document));
      cache_.Prune(*index_);
    }
  }
  const auto it = index_->find(version);
  if (it == index_->end()) co_return std::optional<std::string>();
  co_return std::optional<std::string>(it->second);
}

Task<sync::SchemaPtr> ApiserverKube::LoadSchema(object::GroupVersion version) {
  CO_TRY(const std::optional<std::string> url, co_await OpenApiUrl(version));
  if (!url) co_return sync::SchemaPtr();
  std::function<Result<sync::SchemaPtr>()> load = [this, name = *url]() -> Result<sync::SchemaPtr> {
    auto kept = cache_.Load(name);
    if (!kept) return sync::SchemaPtr();
    return std::make_shared<const merge::Schema>(std::move(*kept));
  };
  CO_TRY(sync::SchemaPtr kept, co_await net::RunOn(pool_, std::move(load)));
  if (kept) co_return kept;

  net::HttpRequest request = GetRequest(*url);
  CO_TRY(net::HttpResponse response, co_await Exchange(std::move(request)));
  if (response.status != 200) co_return ToError(FailureOf(response));
  auto body = std::make_shared<Bytes>(std::move(response.body));
  std::function<Result<sync::SchemaPtr>()> make = [this, name = *url,
                                                   body]() -> Result<sync::SchemaPtr> {
    TRY(merge::Schema schema, merge::Schema::FromOpenApi(*body).WithContext(name));
    const Status stored = cache_.Store(name, schema);
    if (!stored) options_.log.Warn("schema_not_kept", stored.error());
    return std::make_shared<const merge::Schema>(std::move(schema));
  };
  body.reset();
  co_return co_await net::RunOn(pool_, std::move(make));
}

Task<sync::SchemaPtr> ApiserverKube::Schema(object::GroupVersion version) {
  while (loading_) {
    CO_TRY_VOID(co_await loaded_.Wait(options_.limit));
  }
  const LoadingTurn turn(loading_, loaded_);
  co_return co_await LoadSchema(std::move(version));
}

Task<ListAnswer> ApiserverKube::List(Selection selection, std::string more) {
  net::HttpRequest request = GetRequest(ListTarget(selection, more));
  if (selection.metadata_only) request.headers.front().second = kMetadataAccept;
  CO_TRY(const net::HttpResponse response, co_await Exchange(std::move(request)));
  if (response.status != 200) co_return ListAnswer(FailureOf(response));
  CO_TRY(ListPage page, ParseList(response.body));
  co_return ListAnswer(std::move(page));
}

Task<WatchAnswer> ApiserverKube::Watch(Selection selection, std::string resource_version,
                                       Seconds duration) {
  const net::HttpRequest request = GetRequest(WatchTarget(selection, resource_version, duration));
  std::shared_ptr<net::HttpClient> client = client_;
  net::HttpRequest first = Prepare(request);
  auto opened = co_await client->Open(std::move(first), options_.limit);
  const bool again = opened.has_value() ? (*opened)->status() == 401 && token_->Reload()
                                        : Reconnect(opened.error());
  if (again) {
    client = client_;
    net::HttpRequest second = Prepare(request);
    opened = co_await client->Open(std::move(second), options_.limit);
  }
  CO_TRY(std::unique_ptr<net::ResponseStream> stream, std::move(opened));
  if (stream->status() == 200) {
    std::unique_ptr<WatchStream> out =
        std::make_unique<ApiWatchStream>(std::move(client), std::move(stream));
    co_return WatchAnswer(std::move(out));
  }
  Bytes body;
  while (body.size() < limits::kWatchLineBytes) {
    CO_TRY(const Bytes piece, co_await stream->Read(options_.limit));
    if (piece.empty()) break;
    body += piece;
  }
  co_return WatchAnswer(
      FailureFromBody(body, stream->status(), net::FindHeader(stream->headers(), "retry-after")));
}

Task<sync::ApiAnswer> ApiserverKube::Send(sync::Request request) {
  net::HttpRequest http = ObjectRequest(request);
  CO_TRY(const net::HttpResponse response, co_await Exchange(std::move(http)));
  sync::ApiAnswer out;
  out.warnings = WarningsOf(response.headers);
  if (response.status < 200 || response.status > 299) {
    out.failure = FailureOf(response);
    co_return out;
  }
  CO_TRY(out.object, ParseBody(response.body));
  DropManagedFields(out.object);
  co_return out;
}

}  // namespace dunlin::kube
