// The start of the hub as `doctor` tries it: sandbox, database, Git and catalogue, on copies.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "hub/app/check.h"
#include "hub/app/hub.h"
#include "hub/app/render_job.h"
#include "hub/app/repository.h"
#include "hub/app/scratch.h"
#include "hub/app/worlds.h"
#include "hub/process/run.h"
#include "protocol/net/http_client.h"
#include "protocol/object/json.h"

namespace dunlin::hub {

namespace {

namespace fs = std::filesystem;

constexpr Millis kRendererLimit{60'000};
constexpr Millis kRenderLimit{60'000};
constexpr Millis kStopLimit{10'000};
constexpr Millis kGitLimit{60'000};  // doctor's patience; the hub itself has git.deadline
constexpr Millis kAskLimit{5000};
constexpr size_t kProblemsShown = 3;
constexpr const char* kSandbox = "sandbox";
constexpr const char* kDatabase = "database";
constexpr const char* kGitSettings = "git settings";
constexpr const char* kCatalogue = "catalogue";

Check CheckProgram(std::string name, const std::string& program, const std::string& hint) {
  const auto path = process::FindProgram(program);
  if (path) return Passed(std::move(name), *path);
  return Failed(std::move(name), program + " was not found", hint);
}

bool IsLocked(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool locked = ::flock(fd, LOCK_SH | LOCK_NB) != 0;
  ::close(fd);
  return locked;
}

std::string Where(const HubConfig& config) {
  std::string where = config.catalog.repo + " (" + config.catalog.revision;
  if (!config.catalog.path.empty()) where += ", path " + config.catalog.path;
  return where + ")";
}

std::string HintFor(const Error& error) {
  switch (error.code) {
    case Errc::kNotFound:
      return "correct catalog.repo and catalog.revision in the configuration; HEAD is the default "
             "branch";
    case Errc::kUnauthenticated:
    case Errc::kSignature:
      return "a Source object (dunlin apply -f) names the repository's credentials, CA and known "
             "hosts";
    case Errc::kPermission:
    case Errc::kInvalidArgument:
      return "correct catalog.repo, or allow it with git.localRoots, git.allowNetworks or "
             "git.allowHttp";
    case Errc::kTimeout:
    case Errc::kUnavailable:
      return "check the address in catalog.repo and this machine's way there";
    default:
      return "see catalog and git in the configuration";
  }
}

std::string Counted(size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// "apps/x.yaml:3: what is wrong", of the first few.
std::string ProblemsText(const std::vector<catalog::Problem>& problems) {
  std::string out;
  for (size_t i = 0; i < std::min(problems.size(), kProblemsShown); ++i) {
    out += (i == 0 ? "" : "; ") + problems[i].origin.Text() + ": " + problems[i].error.message;
  }
  if (problems.size() > kProblemsShown) {
    out += "; and " + Counted(problems.size() - kProblemsShown, "more problem");
  }
  return out;
}

// What `serve` does between its keys and its ports. REQUIRES: everything by reference outlives the
// coroutine.
class Rehearsal {
 public:
  Rehearsal(const HubConfig& config, const HubKeys* keys, std::optional<pid_t> hub)
      : config_(config), keys_(keys), hub_(hub) {
    std::error_code error;
    fs::create_directories(scratch_.path(), error);
  }
  ~Rehearsal() { pool_.join(); }

  std::vector<Check> Run() {
    checks_.push_back(CheckProgram("render worker", RendererConfigOf(config_).worker_program,
                                   "install dunlin-render beside dunlin-hub or name it in "
                                   "render.worker"));
    const Status done = RunToEnd(context_, TryAll());
    if (!done) checks_.push_back(Failed("doctor", done.error().message, "try again"));
    return std::move(checks_);
  }
  std::vector<Check> RunMachine() {
    machine_only_ = true;
    return Run();
  }

 private:
  Status Add(Check check) {
    checks_.push_back(std::move(check));
    return {};
  }

  TaskVoid TryAll() {
    auto made = co_await MakeRenderer();
    auto tried = co_await TrySandbox(made);
    if (tried && !machine_only_) tried = co_await TryHub(made ? made->get() : nullptr);
    if (made) {
      auto stopping = (*made)->Stop();
      auto stopped = co_await net::WithTimeout(std::move(stopping), kStopLimit, "ending sandboxes");
      (void)stopped;  // its directory is removed with the processes in it
    }
    co_return tried;
  }

  TaskVoid TryHub(render::Renderer* renderer) {
    checks_.push_back(DatabaseCheck());
    const auto git = GitConfigOf(config_);
    checks_.push_back(
        git ? Passed(kGitSettings, Counted(config_.git.local_roots.size(), "local root"))
            : Failed(kGitSettings, git.error().message, "correct git.allowNetworks"));
    if (config_.catalog.repo.empty()) co_return Status();
    if (hub_) {
      CO_TRY_VOID(co_await AskHub());
    } else if (git) {
      CO_TRY_VOID(co_await TryCatalogue(*git, renderer));
    }
    co_return Status();
  }

  // The hub that may be running has its own sandboxes: these get a directory of their own.
  Task<std::unique_ptr<render::Renderer>> MakeRenderer() {
    render::RendererConfig config = RendererConfigOf(config_);
    config.state_dir = scratch_.path() + "/sandboxes";
    config.ready = 2;
    auto making = render::MakeSandboxRenderer(std::move(config), pool_, Log());
    auto made =
        co_await net::WithTimeout(std::move(making), kRendererLimit, "starting the renderer");
    co_return made;
  }

  TaskVoid TrySandbox(const Result<std::unique_ptr<render::Renderer>>& made) {
    const std::string hint = "install runsc beside dunlin-render, or bubblewrap";
    if (!made) co_return Add(Failed(kSandbox, made.error().message, hint));
    render::RenderRequest request;
    render::TreeFile file;
    file.path = "probe.yaml";
    file.bytes = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: probe}\n";
    request.files.push_back(std::move(file));
    render::RenderTarget target;
    target.id = "probe";
    request.targets.push_back(std::move(target));
    auto rendering = (*made)->Render(std::move(request));
    auto answer = co_await net::WithTimeout(std::move(rendering), kRenderLimit, "a probe render");
    if (!answer) co_return Add(Failed(kSandbox, answer.error().message, hint));
    if (const auto& fault = answer->targets.front().fault) {
      co_return Add(Failed(kSandbox, fault->ToError().message, hint));
    }
    const std::string isolation = (*made)->Isolation();
    if (isolation == "none") {
      co_return Add(Failed(kSandbox, "rendering runs without any isolation",
                           "remove render.sandbox: none from the configuration"));
    }
    std::string found = "a probe was rendered inside " + isolation;
    const auto runsc = process::FindProgram(RendererConfigOf(config_).runsc_program);
    if (isolation == "gvisor" && runsc) {
      process::Command command;
      command.program = *runsc;
      command.arguments.emplace_back("--version");
      const auto said = co_await process::Run(std::move(command));
      // "runsc version X", and a line for the specification
      if (said) found += " (" + said->output.substr(0, said->output.find('\n')) + ")";
    }
    co_return Add(Passed(kSandbox, std::move(found)));
  }

  // Opened, migrated and loaded as at a start, on a copy.
  Check DatabaseCheck() {
    const std::string path = config_.data + "/hub.db";
    std::error_code error;
    if (hub_) {
      return Passed(kDatabase,
                    path + ", in use by the running hub (pid " + std::to_string(*hub_) + ")");
    }
    if (!fs::exists(path, error)) return Passed(kDatabase, path + " is made by the first start");
    if (IsLocked(path + ".lock")) {
      return Failed(kDatabase, path + " is in use by another process",
                    "another hub serves from this directory, and its admin socket is not " +
                        config_.admin_socket + ": end it, or use its configuration");
    }
    const Status loaded = LoadCopy(path);
    if (loaded) return Passed(kDatabase, path + " can be read");
    return Failed(kDatabase, path + ": " + loaded.error().message,
                  loaded.error().code == Errc::kIo
                      ? "make room, and check the owner of the data directory"
                      : "move it away and bring back a backup: agents keep what they have "
                        "meanwhile, and a restored copy prunes nothing that it does not know");
  }

  Status LoadCopy(const std::string& path) {
    const std::string copy = scratch_.path() + "/hub.db";
    std::error_code error;
    for (const char* suffix : {"", "-wal"}) {
      if (!fs::exists(path + suffix, error)) continue;
      fs::copy_file(path + suffix, copy + suffix, error);
      if (error) return MakeError(Errc::kIo, "cannot be copied: " + error.message());
    }
    auto opened = OpenSqliteHubState(copy);
    if (!opened) return WithoutCopy(opened.error(), copy);
    auto snapshot = (*opened)->Load();
    if (!snapshot) return WithoutCopy(snapshot.error(), copy);
    FleetModel model(**opened, context_.get_executor());
    FleetCatalogue catalogue(model, clock_, random_);
    catalogue.Load(snapshot->objects);
    known_ = catalogue.catalogue();
    if (keys_ == nullptr) return {};
    TRY(const auto bundles, OpenDirectoryBundleStore(scratch_.path() + "/bundles"));
    Publisher publisher(**opened, *bundles, keys_->hub, clock_, {});
    return publisher.Restore(*snapshot);
  }

  static Error WithoutCopy(Error error, const std::string& copy) {
    if (error.message.compare(0, copy.size(), copy) == 0) {
      error.message = "hub.db" + error.message.substr(copy.size());
    }
    return error;
  }

  // What the hub last saw of the fleet repository: it looks by itself.
  TaskVoid AskHub() {
    net::Origin origin;
    origin.host = config_.admin_socket;
    origin.unix_socket = true;
    const auto client = net::MakeHttpClient(context_.get_executor(), std::move(origin));
    net::HttpRequest request;
    request.target = "/api/v1/sources";
    auto answer = co_await client->Send(std::move(request), kAskLimit);
    const std::string hint = "see: dunlin status";
    if (!answer) co_return Add(Failed(kCatalogue, answer.error().message, hint));
    const auto document = object::ParseJson(answer->body);
    const object::Array* items = document ? object::FindArray(*document, {"items"}) : nullptr;
    if (items == nullptr) co_return Add(Failed(kCatalogue, "the running hub does not say", hint));
    for (const object::Value& item : *items) {
      if (!object::FindBool(item, {"fleet"}).value_or(false)) continue;
      const std::string state(object::FindString(item, {"state"}));
      const std::string reason(object::FindString(item, {"reason"}));
      if (state == "Failed") {
        co_return Add(Failed(kCatalogue, Where(config_) + ": " + reason, hint));
      }
      const std::string commit(object::FindString(item, {"commit"}));
      co_return Add(
          Passed(kCatalogue, Where(config_) + ", followed by the running hub at " +
                                 (commit.empty() ? "no commit yet" : commit.substr(0, 10))));
    }
    co_return Add(Failed(kCatalogue, "the running hub follows no fleet repository",
                         "the configuration was changed since it started: restart it"));
  }

  TaskVoid TryCatalogue(git::ProcessGitConfig git_config, render::Renderer* renderer) {
    git_config.mirrors_dir = scratch_.path() + "/mirrors";
    git_config.deadline = std::min(git_config.deadline, kGitLimit);
    const std::unique_ptr<git::Git> git = git::MakeProcessGit(std::move(git_config));
    const git::Repository repository = RepositoryOf(config_.catalog.repo, known_);
    std::vector<std::string> revisions(1, config_.catalog.revision);
    auto fetched = co_await git->Fetch(repository, std::move(revisions));
    Error failed = fetched ? fetched->revisions.front().error.value_or(Error{}) : fetched.error();
    if (!failed.message.empty()) {
      co_return Add(Failed(kCatalogue, Where(config_) + ": " + failed.message, HintFor(failed)));
    }
    const RevisionId commit = fetched->revisions.front().commit;
    git::ReadOptions options;
    if (!config_.catalog.path.empty()) options.paths.push_back(config_.catalog.path);
    auto tree = co_await git->ReadTree(repository, commit, std::move(options));
    if (!tree) {
      co_return Add(
          Failed(kCatalogue, Where(config_) + ": " + tree.error().message, HintFor(tree.error())));
    }
    if (tree->entries.empty()) {
      co_return Add(
          Failed(kCatalogue, Where(config_) + ": the repository has no file there",
                 "correct catalog.path in the configuration: the directory of the App and "
                 "Cluster files"));
    }
    const std::string found = Where(config_) + " at " + commit.str().substr(0, 10);
    if (renderer == nullptr)
      co_return Add(Passed(kCatalogue, found + "; not read, without a sandbox"));
    auto read = co_await Read(found, *tree, *renderer);
    co_return read;
  }

  TaskVoid Read(std::string found, const git::Tree& tree, render::Renderer& renderer) {
    auto request = CatalogRequest(TreeFiles(tree), config_.catalog.path);
    auto reading = renderer.Render(std::move(request));
    auto answer =
        co_await net::WithTimeout(std::move(reading), kRenderLimit, "reading the catalogue");
    auto documents = answer ? CatalogDocuments(std::move(*answer))
                            : Result<std::vector<catalog::Document>>(answer.error());
    const std::string hint = "correct the files; catalog.path names their directory";
    if (!documents)
      co_return Add(Failed(kCatalogue, found + ": " + documents.error().message, hint));
    catalog::Catalogue catalogue;
    (void)catalogue.ReplaceFleet(std::move(*documents));
    if (!catalogue.problems().empty()) {
      co_return Add(Failed(kCatalogue, found + ": " + ProblemsText(catalogue.problems()), hint));
    }
    co_return Add(Passed(kCatalogue, found + ": " + Counted(catalogue.Apps().size(), "app") + ", " +
                                         Counted(catalogue.Clusters().size(), "cluster")));
  }

  const HubConfig& config_;
  const HubKeys* keys_;
  std::optional<pid_t> hub_;
  bool machine_only_ = false;
  const Scratch scratch_{"doctor"};
  asio::io_context context_{1};
  asio::thread_pool pool_{2};
  SystemClock clock_;
  SystemRandom random_;
  catalog::Catalogue known_;  // of the database: its Sources name credentials
  std::vector<Check> checks_;
};

}  // namespace

std::vector<Check> Rehearse(const HubConfig& config, const HubKeys* keys,
                            std::optional<pid_t> hub) {
  return Rehearsal(config, keys, hub).Run();
}

std::vector<Check> CheckMachine(const HubConfig& config) {
  return Rehearsal(config, nullptr, std::nullopt).RunMachine();
}

}  // namespace dunlin::hub
