#include "tests/e2e/impostor.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>

#include "protocol/base/random.h"
#include "protocol/bundle/bundle.h"
#include "protocol/bundle/codec.h"
#include "protocol/crypto/certificate.h"
#include "protocol/net/http_server.h"
#include "protocol/net/runtime.h"
#include "protocol/object/json.h"
#include "protocol/store/files.h"
#include "protocol/trust/proof.h"
#include "protocol/trust/signing.h"
#include "protocol/wire/frame.h"
#include "protocol/wire/version.h"

namespace dunlin::e2e {

namespace {

constexpr size_t kFileBytes = 1 << 20;

struct Keys {
  std::optional<crypto::PrivateKey> hub;
  std::optional<crypto::PrivateKey> ca;
  std::string ca_pem;
  std::string server_pem;
  std::string server_key_pem;
};

Result<Keys> ReadKeys(const std::string& data) {
  Keys keys;
  TRY(const Bytes hub, ReadFile(data + "/keys/hub.key", kFileBytes));
  TRY(const Bytes ca, ReadFile(data + "/keys/ca.key", kFileBytes));
  TRY(keys.hub, crypto::PrivateKey::FromPem(hub));
  TRY(keys.ca, crypto::PrivateKey::FromPem(ca));
  TRY(keys.ca_pem, ReadFile(data + "/keys/ca.pem", kFileBytes));
  TRY(keys.server_pem, ReadFile(data + "/keys/server.pem", kFileBytes));
  TRY(keys.server_key_pem, ReadFile(data + "/keys/server.key", kFileBytes));
  return keys;
}

// A CA that nobody trusts, and a server certificate of it for the same address.
Status ReplaceServerIdentity(Keys& keys) {
  const TimePoint now = SystemClock().Now();
  SystemRandom random;
  TRY(const crypto::PrivateKey ca, crypto::PrivateKey::Generate());
  TRY(const crypto::PrivateKey server, crypto::PrivateKey::Generate());
  TRY(const std::string ca_pem, crypto::MakeCaPem(ca, "another CA", now - Seconds(60),
                                                  now + Seconds(86400), random.Fill(16)));
  crypto::CertificateRequest request;
  request.common_name = "another hub";
  request.ip_sans = {"127.0.0.1"};
  request.not_before = now - Seconds(60);
  request.not_after = now + Seconds(86400);
  request.serial = random.Fill(16);
  request.server = true;
  TRY(keys.server_pem, crypto::MakeLeafPem(ca, ca_pem, server.Public(), request));
  keys.server_pem += ca_pem;
  keys.server_key_pem = server.Pem();
  return {};
}

}  // namespace

Bytes LyingAnswer::Frames() const {
  Bytes out;
  wire::AppendFrame(out, wire::FrameType::kHead, head);
  wire::AppendFrame(out, wire::FrameType::kSignatures, signatures);
  wire::AppendFrame(out, wire::FrameType::kProof, proof);
  for (const wire::Frame& frame :
       {wire::ToFrame(wire::StatementPayload{seq, statement}),
        wire::ToFrame(wire::BundlePayload{digest, {}, raw_bytes, blob})}) {
    wire::AppendFrame(out, frame.type, frame.payload);
  }
  wire::AppendFrame(out, wire::FrameType::kEnd, {});
  return out;
}

struct Impostor::Impl {
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  std::unique_ptr<net::HttpServer> server;
  Keys keys;
  std::thread thread;

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<wire::PollRequest> polls;
  std::optional<Bytes> answer;
  std::deque<wire::Report> reports;
  int requests = 0;

  Task<std::optional<net::HttpResponse>> Handle(net::Exchange& exchange);
  std::optional<Bytes> TakeAnswer();
};

std::optional<Bytes> Impostor::Impl::TakeAnswer() {
  const std::lock_guard lock(mutex);
  return std::exchange(answer, std::nullopt);
}

Task<std::optional<net::HttpResponse>> Impostor::Impl::Handle(net::Exchange& exchange) {
  const net::HttpRequest& request = exchange.request();
  net::HttpResponse response;
  if (request.target == wire::kReportPath) {
    auto report = wire::ParseReport(request.body);
    const std::lock_guard lock(mutex);
    ++requests;
    if (report) reports.push_back(std::move(*report));
    response.status = 204;
  } else if (request.target == wire::kPollPath) {
    auto poll = wire::ParsePollRequest(request.body);
    {
      const std::lock_guard lock(mutex);
      ++requests;
      if (poll) polls.push_back(std::move(*poll));
    }
    changed.notify_all();
    for (;;) {
      std::optional<Bytes> frames = TakeAnswer();
      if (frames) {
        response.body = std::move(*frames);
        break;
      }
      auto slept = co_await net::Sleep(Millis(10));
      if (!slept) co_return slept.error();
    }
  } else {
    response.status = 404;
  }
  changed.notify_all();
  co_return response;
}

Result<std::unique_ptr<Impostor>> Impostor::Start(const std::string& hub_data, uint16_t port,
                                                  bool other_ca) {
  std::unique_ptr<Impostor> impostor(new Impostor);
  impostor->impl_ = std::make_unique<Impl>();
  Impl& impl = *impostor->impl_;
  TRY(impl.keys, ReadKeys(hub_data));
  tls::Config::Options options;
  options.role = tls::Role::kServer;
  options.alpn = {"h2"};
  options.ca_pem = impl.keys.ca_pem;
  options.own_chain_rules = true;
  if (other_ca) {
    TRY_VOID(ReplaceServerIdentity(impl.keys));
  }
  options.certificate_pem = impl.keys.server_pem;
  options.private_key_pem = impl.keys.server_key_pem;
  net::ServerConfig config;
  config.port = port;
  TRY(config.tls, tls::Config::Make(std::move(options)));
  TRY(impl.server,
      net::MakeHttpServer(impl.io.get_executor(), config,
                          [&impl](net::Exchange& exchange) { return impl.Handle(exchange); }));
  impl.thread = std::thread([&impl] { impl.io.run(); });
  return impostor;
}

Impostor::~Impostor() {
  impl_->io.stop();
  if (impl_->thread.joinable()) impl_->thread.join();
  impl_->server.reset();
}

Result<wire::PollRequest> Impostor::NextPoll(Millis limit) {
  std::unique_lock lock(impl_->mutex);
  if (!impl_->changed.wait_for(lock, limit, [this] { return !impl_->polls.empty(); })) {
    return MakeError(Errc::kTimeout, "the agent does not poll");
  }
  wire::PollRequest poll = std::move(impl_->polls.back());
  impl_->polls.clear();
  return poll;
}

Result<LyingAnswer> Impostor::Make(const Offer& offer) {
  LyingAnswer answer;
  bundle::Bundle content;
  content.app = offer.app;
  for (const std::string& text : offer.objects) {
    TRY(object::Value object, object::ParseJson(text));
    content.objects.push_back(std::move(object));
  }
  const size_t objects = content.objects.size();
  TRY(const Bytes raw, bundle::Canonical(std::move(content)));
  TRY(answer.blob, bundle::Encode(raw));
  answer.digest = crypto::Sha256(raw);
  answer.raw_bytes = raw.size();

  trust::Statement statement;
  statement.cluster = offer.naming.value_or(offer.cluster);
  statement.kube = offer.kube_uid;
  statement.prev = offer.have.statement;
  statement.seq = offer.have.seq + offer.seq_step;
  trust::StatementApp app;
  app.bundle = answer.digest;
  app.objects = static_cast<int64_t>(objects);
  app.raw = static_cast<int64_t>(raw.size());
  app.prune = true;
  app.revision = RevisionId(std::string(40, 'a'));
  statement.apps[AppName(offer.app)] = app;
  TRY(answer.statement, statement.Serialize());
  answer.seq = statement.seq;

  // Two clusters in the tree, so that the proof is not empty.
  trust::PublishInput input;
  input.now = offer.head_time == TimePoint{} ? SystemClock().Now() : offer.head_time;
  input.clusters = {{offer.cluster, statement.seq, crypto::Sha256(answer.statement)},
                    {ClusterId("00000000-0000-4000-8000-000000000000"), 1, {}}};
  input.previous = trust::PreviousHead{0, offer.have.head};
  input.life = offer.head_life;
  TRY(const trust::Publication made, trust::Publication::Make(std::move(input)));
  trust::Head head = made.head();
  head.number = offer.have.number + offer.head_step;
  TRY(answer.head, head.Serialize());
  TRY(const trust::Proof proof, made.ProofFor(offer.cluster));
  answer.proof = trust::EncodeProof(proof);
  TRY(const trust::SignatureEntry signature,
      trust::SignRaw(offer.sign_with_ca_key ? *impl_->keys.ca : *impl_->keys.hub, answer.head));
  answer.signatures = trust::EncodeSignatures({signature});
  return answer;
}

void Impostor::Answer(Bytes frames) {
  const std::lock_guard lock(impl_->mutex);
  impl_->answer = std::move(frames);
}

Result<std::string> Impostor::WaitForProblem(const std::string& text, Millis limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  std::string seen;
  std::unique_lock lock(impl_->mutex);
  for (;;) {
    while (!impl_->reports.empty()) {
      const wire::Report report = std::move(impl_->reports.front());
      impl_->reports.pop_front();
      for (const wire::Problem& problem : report.problems) {
        seen += problem.code + ": " + problem.message + "\n";
        if (problem.code.find(text) != std::string::npos ||
            problem.message.find(text) != std::string::npos) {
          return problem.message;
        }
      }
    }
    if (impl_->changed.wait_until(lock, end) == std::cv_status::timeout) {
      return MakeError(Errc::kTimeout, "no problem with \"" + text + "\"; reported: " + seen);
    }
  }
}

int Impostor::requests() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->requests;
}

}  // namespace dunlin::e2e
