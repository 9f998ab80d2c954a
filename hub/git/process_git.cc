#include "hub/git/process_git.h"

#include <filesystem>

#include "hub/git/credential_files.h"
#include "hub/git/mirror_name.h"
#include "hub/git/serial_lock.h"
#include "hub/git/worker_answer.h"
#include "hub/git/worker_protocol.h"
#include "hub/process/child.h"
#include "protocol/net/runtime.h"

namespace dunlin::git {
namespace {

// Packs are mapped (StartLibrary caps that), deltas and one object of 64 MiB live on the heap.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint64_t kWorkerAddressSpace = 0;  // no limit: sanitizers map terabytes
#else
constexpr uint64_t kWorkerAddressSpace = 4ull << 30;
#endif
constexpr uint64_t kWorkerOpenFiles = 512;

class ProcessGit : public Git {
 public:
  ProcessGit(ProcessGitConfig config, Log log) : config_(std::move(config)), log_(log) {}

  Task<FetchResult> Fetch(Repository repository, std::vector<std::string> revisions) override {
    CO_TRY(WorkerRequest request, RemoteRequest(WorkerRequest::Op::kFetch, repository));
    request.revisions = std::move(revisions);
    request.max_bytes = config_.max_received_bytes;
    request.max_objects = config_.max_pack_objects;
    CO_TRY(WorkerAnswer answer, co_await Ask(std::move(request)));
    co_return DecodeFetchResult(answer.result);
  }

  Task<FetchResult> List(Repository repository, std::vector<std::string> revisions) override {
    CO_TRY(WorkerRequest request, RemoteRequest(WorkerRequest::Op::kList, repository));
    request.revisions = std::move(revisions);
    CO_TRY(WorkerAnswer answer, co_await Ask(std::move(request)));
    co_return DecodeFetchResult(answer.result);
  }

  Task<ResolvedRevision> Resolve(Repository repository, std::string revision) override {
    CO_TRY(WorkerRequest request, LocalRequest(WorkerRequest::Op::kResolve, repository));
    request.revisions.push_back(std::move(revision));
    CO_TRY(WorkerAnswer answer, co_await Ask(std::move(request)));
    CO_TRY(FetchResult result, DecodeFetchResult(answer.result));
    if (result.revisions.size() == 1) co_return std::move(result.revisions[0]);
    co_return MakeError(Errc::kCorrupt, "git-worker: not one revision");
  }

  Task<Tree> ReadTree(Repository repository, RevisionId commit, ReadOptions options) override {
    CO_TRY(WorkerRequest request, LocalRequest(WorkerRequest::Op::kRead, repository));
    request.commit = std::move(commit);
    request.paths = std::move(options.paths);
    request.with_bytes = options.with_bytes;
    request.max_bytes = config_.max_read_bytes;
    CO_TRY(WorkerAnswer answer, co_await Ask(std::move(request)));
    CO_TRY(answer.tree.missing, DecodeMissing(answer.result));
    co_return std::move(answer.tree);
  }

 private:
  Result<WorkerRequest> LocalRequest(WorkerRequest::Op op, const Repository& repository) {
    TRY(const catalog::RepoUrl url, CheckUrl(repository.url, config_.policy));
    WorkerRequest request;
    request.op = op;
    request.mirror = config_.mirrors_dir + "/" + MirrorName(catalog::RepoKey(url));
    return request;
  }

  Result<WorkerRequest> RemoteRequest(WorkerRequest::Op op, const Repository& repository) {
    TRY(WorkerRequest request, LocalRequest(op, repository));
    request.url = repository.url;
    request.local_roots = config_.policy.local_roots;
    request.allow_insecure_http = config_.policy.allow_insecure_http;
    for (const Network& network : config_.allow_networks) {
      request.allow_networks.push_back(network.Text());
    }
    request.silence = config_.silence;
    request.ssh_program = config_.ssh_program;
    request.username = repository.username;
    const CredentialFiles files(config_.credentials_dir);
    TRY(request.password, files.Read(repository.password_file));
    TRY(request.ssh_key_file, files.Path(repository.ssh_key_file));
    TRY(request.known_hosts_file, files.Path(repository.known_hosts_file));
    TRY(request.ca_file, files.Path(repository.ca_file));
    return request;
  }

  process::Command WorkerCommand() const {
    process::Command command;
    command.program = config_.worker_program;
    command.arguments = config_.worker_arguments;
    command.limits = {.address_space_bytes = kWorkerAddressSpace,
                      .file_bytes = 2 * config_.max_received_bytes,
                      .open_files = kWorkerOpenFiles};
    return command;
  }

  // One worker, for one request, with its mirror locked.
  Task<WorkerAnswer> Ask(WorkerRequest request) {
    const auto executor = co_await asio::this_coro::executor;
    std::error_code failed;
    std::filesystem::create_directories(config_.mirrors_dir, failed);
    if (failed) {
      co_return MakeError(
          Errc::kIo, "cannot make the directory " + config_.mirrors_dir + ": " + failed.message());
    }
    CO_TRY(const SerialLock::Holder held, co_await locks_.Acquire(request.mirror));
    CO_TRY(const auto worker, process::Child::Start(executor, WorkerCommand()));
    worker->SetDeadline(config_.deadline);
    const AnswerLimits limits{request.with_bytes, request.max_bytes};
    std::string question = EncodeFrame('Q', EncodeRequest(request));
    auto answer = co_await Converse(*worker, std::move(question), limits);
    if (!answer && worker->timed_out()) {
      answer = MakeError(Errc::kTimeout, "Git took longer than " +
                                             std::to_string(config_.deadline.count() / 1000) +
                                             " s; the worker was stopped");
    }
    // A failed look at a server repeats with every poll; who polls knows what is worth a line.
    const bool local = request.url.empty();
    if (!answer && local) log_.Warn("git_failed", answer.error(), {{"mirror", request.mirror}});
    co_return answer;
  }

  // Asio's view of the worker: everything that is not an answer is a failure of the worker.
  static Task<WorkerAnswer> Converse(process::Child& worker, std::string question,
                                     AnswerLimits limits) {
    // A worker that dies early may still have said why.
    (void)co_await worker.Write(question);
    worker.CloseInput();
    AnswerReader reader(limits);
    while (!reader.done()) {
      CO_TRY(const Bytes bytes, co_await worker.Read());
      if (bytes.empty()) break;
      CO_TRY_VOID(reader.Feed(bytes));
    }
    if (reader.done()) co_return reader.Take();
    CO_TRY(const process::ExitStatus status, co_await worker.Wait());
    co_return MakeError(Errc::kUnavailable,
                        "git-worker ended without an answer (" + status.Text() + ")");
  }

  ProcessGitConfig config_;
  Log log_;
  SerialLock locks_;
};

}  // namespace

std::unique_ptr<Git> MakeProcessGit(ProcessGitConfig config, Log log) {
  return std::make_unique<ProcessGit>(std::move(config), std::move(log));
}

}  // namespace dunlin::git
