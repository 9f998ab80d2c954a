// A whole hub in a test: fake Git and renderer, the real database, bundle store and publisher.
#pragma once

#include <filesystem>

#include "hub/app/hub.h"
#include "protocol/bundle/codec.h"
#include "protocol/object/json.h"
#include "protocol/trust/enroll_proof.h"
#include "protocol/trust/token.h"
#include "protocol/wire/frame.h"
#include "tests/hub/catalog/documents.h"
#include "tests/hub/support/fake_git.h"
#include "tests/hub/support/fake_renderer.h"
#include "tests/hub/support/flaky_state.h"
#include "tests/hub/support/run.h"
#include "tests/support/assert_ok.h"

namespace dunlin::hub {

using catalog::AppText;
using catalog::ClusterText;

inline constexpr const char* kFleetUrl = "https://git.example/fleet.git";
inline constexpr const char* kShopUrl = "https://git.example/shop.git";

// What one poll brought.
struct Polled {
  std::optional<trust::Statement> statement;
  std::vector<wire::BundlePayload> bundles;
  wire::Have have;  // what the agent holds after taking it
  bool head = false;
};

// Counts lines by event, and keeps the last one of each.
class RecordingSink : public LogSink {
 public:
  void Write(LogLevel, std::string_view event, const LogFields& fields) override {
    ++count[std::string(event)];
    std::map<std::string, std::string>& kept = last[std::string(event)];
    kept.clear();
    for (const LogField& field : fields) kept[field.key] = field.value;
  }
  std::map<std::string, int> count;
  std::map<std::string, std::map<std::string, std::string>> last;
};

class HubWorld {
 public:
  HubWorld() {
    std::string name = (std::filesystem::temp_directory_path() / "dunlin-hub-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    dir = name;
    EXPECT_OK(InitKeys(dir, {"127.0.0.1"}, clock.Now(), random));
    config.data = dir;
    config.catalog = {kFleetUrl, "HEAD", "catalogue"};
    config.git.poll = Seconds(3600);  // tests look when they say so
    git.repos[kFleetUrl];
    git.repos[kShopUrl];
  }
  ~HubWorld() {
    Stop();
    pool.join();
    std::filesystem::remove_all(dir);
  }

  void Start() {
    auto opened = OpenSqliteHubState(dir + "/hub.db");
    ASSERT_OK(opened);
    real_state = std::move(*opened);
    state = std::make_unique<FlakyState>(*real_state);
    auto store = OpenDirectoryBundleStore(dir + "/bundles");
    ASSERT_OK(store);
    bundles = std::move(*store);
    auto keys = LoadKeys(dir);
    ASSERT_OK(keys);
    const Hub::Worlds worlds{*state, *bundles, git, renderer, clock, random, pool};
    auto made = Hub::Make(config, std::move(*keys), worlds, context.get_executor(), Log(&log));
    ASSERT_OK(made);
    hub = std::move(*made);
    hub->SetAddresses(7443, 8443);
    running.emplace(context, hub->Run());
  }

  // As SIGTERM does; everything in memory is gone, the directory stays.
  void Stop() {
    if (hub == nullptr) return;
    hub->Stop();
    EXPECT_OK(running->Wait());
    running.reset();
    context.restart();
    context.poll();  // what the tasks left behind
    hub.reset();
    bundles.reset();
    state.reset();
    real_state.reset();
  }
  void Restart() {
    Stop();
    Start();
  }

  template <typename T>
  Result<T> Run(Task<T> task) {
    return testing_support::Run(context, std::move(task));
  }
  Status Refresh() {
    auto refreshed = Run(hub->admin().Refresh(""));
    return refreshed ? Status() : Status(refreshed.error());
  }

  std::string PushFleet(const std::vector<std::string>& documents) {
    git::FakeGit::Files files;
    for (const std::string& text : documents) {
      files["catalogue/" + std::to_string(files.size()) + ".yaml"] = text;
    }
    return git.Push(kFleetUrl, files);
  }
  std::string PushShop(const std::string& value, const std::string& extra = "") {
    git::FakeGit::Files files = {
        {"apps/a.yaml",
         "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'a','namespace':"
         "'shop'},'data':{'value':'" +
             value + "'}}"}};
    if (!extra.empty()) files["apps/b.yaml"] = extra;
    return git.Push(kShopUrl, files);
  }

  Result<object::Value> Add(const std::string& name, const std::string& region = "eu") {
    NewCluster cluster;
    cluster.name = name;
    cluster.region = region;
    return hub->admin().AddCluster(cluster);
  }

  struct Agent {
    AgentIdentity identity;
    wire::Have have;
    std::vector<BundleDigest> bundles;
  };
  Result<Agent> EnrollWith(const std::string& token_text, const crypto::PrivateKey& key,
                           const std::string& kube_uid, uint64_t connection = 1) {
    TRY(const trust::EnrollToken token, trust::EnrollToken::Parse(token_text));
    TRY(const wire::EnrollChallenge challenge, hub->enrolment().Begin({token.id}, connection));
    wire::EnrollFinish finish;
    finish.token_id = token.id;
    finish.secret = Base64UrlEncode(token.secret);
    finish.public_key = key.Public().Point();
    finish.encryption_key = key.Public().Point();
    finish.kube_uid = kube_uid;
    const trust::EnrollFields fields{finish.token_id, challenge.nonce, finish.kube_uid,
                                     finish.public_key, finish.encryption_key};
    TRY(finish.proof, trust::SignEnrollment(key, fields));
    TRY(const wire::EnrollResult result, hub->enrolment().Finish(finish, connection));
    TRY(const crypto::CertificateInfo certificate,
        crypto::ParseCertificatePem(result.certificate_pem));
    peer.certificate = certificate;
    TRY(AgentIdentity identity, hub->agents().Identify(peer));
    return Agent{std::move(identity), {}, {}};
  }
  Agent Enroll(const std::string& name) {
    auto added = Add(name);
    EXPECT_OK(added);
    const auto key = crypto::PrivateKey::Generate();
    auto agent = EnrollWith(std::string(object::FindString(*added, {"token"})), *key,
                            "kube-" + name, ++connections);
    EXPECT_OK(agent);
    return agent ? *agent : Agent{};
  }

  testing_support::Started<Bytes> BeginPoll(const Agent& agent) {
    wire::PollRequest request;
    request.have = agent.have;
    request.bundles = agent.bundles;
    request.facts = {"0.1.0", "v1.36.3", {"v1"}};
    return {context, hub->agents().Poll(agent.identity, std::move(request))};
  }
  // Takes an answer as an agent does: afterwards it holds what came.
  Polled Take(Agent& agent, const Result<Bytes>& answer) {
    Polled polled;
    EXPECT_OK(answer);
    if (!answer) return polled;
    const auto frames = wire::ParseFrames(*answer);
    EXPECT_OK(frames);
    for (const wire::Frame& frame : *frames) {
      if (frame.type == wire::FrameType::kHead) {
        polled.head = true;
        agent.have.head = crypto::Sha256(frame.payload);
        agent.have.number = trust::Head::Parse(frame.payload)->number;
      }
      if (frame.type == wire::FrameType::kStatement) {
        const auto statement = wire::ParseStatement(frame);
        EXPECT_OK(statement);
        if (statement) TakeStatement(agent, polled, statement->raw);
      }
      if (frame.type == wire::FrameType::kStatementDelta) {
        const auto delta = wire::ParseStatementDelta(frame);
        auto raw = bundle::DecodeDelta(delta->blob, statements.at(delta->from),
                                       {delta->raw_bytes, StatementOf(agent)});
        EXPECT_OK(raw);
        if (raw) TakeStatement(agent, polled, *raw);
      }
      if (frame.type == wire::FrameType::kBundle || frame.type == wire::FrameType::kBundleDelta) {
        auto payload = wire::ParseBundleFrame(frame);
        EXPECT_OK(payload);
        agent.bundles.push_back(payload->digest);
        polled.bundles.push_back(std::move(*payload));
      }
    }
    polled.have = agent.have;
    return polled;
  }
  Polled Poll(Agent& agent) { return Take(agent, BeginPoll(agent).Wait()); }

  object::Value Status_() { return hub->admin().FleetStatus(); }
  object::Value Target(const std::string& app, const std::string& cluster) {
    const object::Value status = Status_();
    for (const object::Value& target : *object::FindArray(status, {"targets"})) {
      if (object::FindString(target, {"app"}) == app &&
          object::FindString(target, {"cluster"}) == cluster) {
        return target;
      }
    }
    ADD_FAILURE() << app << "@" << cluster << " is not in " << object::CanonicalJson(status);
    return {};
  }

  SystemClock clock;
  SystemRandom random;
  std::string dir;
  HubConfig config;
  RecordingSink log;
  git::FakeGit git;
  render::FakeRenderer renderer;
  asio::io_context context{1};
  asio::thread_pool pool{1};
  std::unique_ptr<HubState> real_state;
  std::unique_ptr<FlakyState> state;
  std::unique_ptr<BundleStore> bundles;
  std::unique_ptr<Hub> hub;
  std::optional<testing_support::Started<void>> running;
  uint64_t connections = 0;
  net::Peer peer;  // of the agent that was enrolled last
  std::map<Digest, Bytes> statements;

 private:
  // The digest of the cluster's newest statement: what a delta must give.
  Digest StatementOf(const Agent& agent) {
    auto snapshot = real_state->Load();
    Digest digest;
    for (const StatementRecord& record : snapshot->statements) {
      if (record.cluster == agent.identity.cluster) digest = record.digest;
    }
    return digest;
  }
  void TakeStatement(Agent& agent, Polled& polled, const Bytes& raw) {
    auto statement = trust::Statement::Parse(raw);
    EXPECT_OK(statement);
    agent.have.statement = crypto::Sha256(raw);
    agent.have.seq = statement->seq;
    agent.have.epoch = statement->epoch;
    statements[agent.have.statement] = raw;
    polled.statement = std::move(*statement);
  }
};

}  // namespace dunlin::hub
