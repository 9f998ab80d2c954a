#include "hub/render/sandbox_renderer.h"

#include <algorithm>
#include <deque>

#include "hub/render/choose_sandbox.h"
#include "hub/render/job_codec.h"
#include "hub/render/sandbox_pool.h"
#include "protocol/net/runtime.h"

namespace dunlin::render {
namespace {

constexpr int kLeastReady = 2;
// Sandboxes for one request at most: one, and what separates a target that does not end from the
// others (first alone, rest together) a few times.
constexpr int kLeasesPerRequest = 8;

// Indexes into a request's targets that share one lease.
using Batch = std::vector<size_t>;

// Faults that end the whole job, so that they may be another target's doing.
bool IsShared(const TargetAnswer& answer) {
  return answer.fault &&
         (answer.fault->code == kFaultTimeout || answer.fault->code == kFaultMemory ||
          answer.fault->code == kFaultLost || answer.fault->code == kFaultLimit);
}

class SandboxRenderer : public Renderer {
 public:
  SandboxRenderer(std::shared_ptr<SandboxPool> sandboxes, const RendererConfig& config,
                  asio::thread_pool& pool, Log log)
      : sandboxes_(std::move(sandboxes)),
        limits_{config.time_limit, config.memory_bytes},
        pool_(pool),
        log_(std::move(log)) {}

  Task<RenderAnswer> Render(RenderRequest request) override;
  std::string Isolation() const override { return sandboxes_->sandbox().Name(); }
  TaskVoid Stop() override { return sandboxes_->Stop(); }

 private:
  Task<RenderAnswer> RenderBatch(std::vector<RenderTarget> targets, const Bytes& tar);

  std::shared_ptr<SandboxPool> sandboxes_;
  JobLimits limits_;
  asio::thread_pool& pool_;
  Log log_;
};

std::vector<RenderTarget> Pick(const std::vector<RenderTarget>& targets, const Batch& batch) {
  std::vector<RenderTarget> picked;
  for (const size_t i : batch) picked.push_back(targets[i]);
  return picked;
}

// Puts the answers of a batch where they belong; gives back whose fault may be another's.
Batch Store(const Batch& batch, RenderAnswer part, RenderAnswer& all) {
  Batch unsure;
  for (size_t i = 0; i < batch.size(); ++i) {
    if (IsShared(part.targets[i])) unsure.push_back(batch[i]);
    all.targets[batch[i]] = std::move(part.targets[i]);
  }
  return batch.size() > 1 ? unsure : Batch();
}

Task<RenderAnswer> SandboxRenderer::Render(RenderRequest request) {
  const auto files = std::make_shared<std::vector<TreeFile>>(std::move(request.files));
  std::function<Result<Bytes>()> write = [files] { return WriteTar(*files); };
  CO_TRY(const Bytes tar, co_await net::RunOn<Bytes>(pool_, std::move(write)));
  files->clear();

  RenderAnswer all;
  all.targets.resize(request.targets.size());
  Batch everything(request.targets.size());
  for (size_t i = 0; i < everything.size(); ++i) everything[i] = i;
  std::deque<Batch> batches = {everything};
  for (int lease = 0; !batches.empty() && lease < kLeasesPerRequest; ++lease) {
    const Batch batch = std::move(batches.front());
    batches.pop_front();
    if (batch.empty()) continue;
    auto part = co_await RenderBatch(Pick(request.targets, batch), tar);
    // What the first lease found stays when a later one cannot begin.
    if (!part && lease == 0) co_return part.error();
    if (!part) break;
    const Batch unsure = Store(batch, std::move(*part), all);
    if (unsure.empty()) continue;
    batches.push_back({unsure.front()});
    batches.emplace_back(unsure.begin() + 1, unsure.end());
  }
  co_return all;
}

Task<RenderAnswer> SandboxRenderer::RenderBatch(std::vector<RenderTarget> targets,
                                                const Bytes& tar) {
  CO_TRY(const std::string line, EncodeJob(targets, limits_));
  JobOutput output;
  {
    CO_TRY(SandboxPool::Lease lease, co_await sandboxes_->Acquire());
    CO_TRY(output, co_await lease.member().Run(line, tar, limits_, pool_));
  }
  const auto job = std::make_shared<JobOutput>(std::move(output));
  const auto asked = std::make_shared<std::vector<RenderTarget>>(std::move(targets));
  std::function<Result<RenderAnswer>()> decode = [job, asked] {
    return DecodeAnswers(job->lines, *asked, job->lost);
  };
  auto answer = co_await net::RunOn<RenderAnswer>(pool_, std::move(decode));
  if (!answer) log_.Warn("render_failed", answer.error());
  co_return answer;
}

}  // namespace

Task<std::unique_ptr<Renderer>> MakeSandboxRenderer(RendererConfig config, asio::thread_pool& pool,
                                                    Log log) {
  const auto executor = co_await asio::this_coro::executor;
  CO_TRY(auto sandbox, co_await ChooseSandbox(config, log));
  log.Info("render_isolation", {{"isolation", sandbox->Name()}});
  const PoolConfig pool_config{std::max(kLeastReady, config.ready), std::max(1, config.leased),
                               config.wait_limit};
  auto sandboxes = std::make_shared<SandboxPool>(executor, std::move(sandbox), pool_config, log);
  sandboxes->Fill();
  std::unique_ptr<Renderer> renderer =
      std::make_unique<SandboxRenderer>(std::move(sandboxes), config, pool, log);
  co_return renderer;
}

}  // namespace dunlin::render
