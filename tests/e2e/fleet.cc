#include "tests/e2e/fleet.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "protocol/object/json.h"
#include "protocol/store/files.h"

namespace dunlin::e2e {

namespace fs = std::filesystem;

std::string Program(const std::string& name) {
  // Benches measure a release build: DUNLIN_BIN names the directory of its programs.
  const char* elsewhere = std::getenv("DUNLIN_BIN");
  if (elsewhere != nullptr) return std::string(elsewhere) + "/" + name;
  return std::string(DUNLIN_BINARY_DIR) + "/bin/" + name;
}

std::string Tail(const std::string& file) {
  auto text = ReadFile(file, 64 << 20);
  if (!text) return file + ": " + text.error().message;
  return text->substr(text->size() - std::min<size_t>(text->size(), 4000));
}

namespace {

Result<support::Finished> RunIn(const std::string& directory, std::vector<std::string> command) {
  support::ChildOptions options;
  options.command = std::move(command);
  options.directory = directory;
  options.env = {{"GIT_CONFIG_NOSYSTEM", "1"},   {"GIT_CONFIG_GLOBAL", "/dev/null"},
                 {"GIT_AUTHOR_NAME", "Test"},    {"GIT_AUTHOR_EMAIL", "test@example.com"},
                 {"GIT_COMMITTER_NAME", "Test"}, {"GIT_COMMITTER_EMAIL", "test@example.com"}};
  options.log = directory + ".log";
  return support::Run(options);
}

Result<std::string> Slurp(const std::string& path) { return ReadFile(path, 64 << 20); }

const std::string kDeps = std::string(DUNLIN_DEPS_DIR) + "/bin/";

// Whether nobody listens on the port now.
bool IsFree(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const bool free = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return free;
}

// The hub must come back on the port that agents know, so it cannot take any free one at each
// start. Below the range from which the kernel gives ports away: one from there may be somebody's
// outgoing connection by the time the hub starts.
Result<uint16_t> FreePort(uint16_t other_than = 0) {
  int first_given_away = 0;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> first_given_away;
  constexpr int kFirst = 10000;
  const int count = first_given_away - kFirst;
  if (count <= 0) return MakeError(Errc::kIo, "the kernel gives away every port above 10000");
  const int start = std::random_device()() % static_cast<unsigned>(count);
  for (int i = 0; i < count; ++i) {
    const auto port = static_cast<uint16_t>(kFirst + (start + i) % count);
    if (port != other_than && IsFree(port)) return port;
  }
  return MakeError(Errc::kIo, "no free port");
}

std::string Field(const object::Value& value, std::string_view name) {
  return std::string(object::FindString(value, {name}));
}

}  // namespace

Result<GitRepository> GitRepository::Create(const std::string& directory) {
  GitRepository repository;
  repository.tree_ = directory + "/tree";
  repository.bare_ = directory + "/repo.git";
  fs::create_directories(repository.tree_);
  TRY_VOID(repository.Git({"init", "-q", "-b", "main", "."}));
  TRY_VOID(repository.Git({"init", "-q", "--bare", "-b", "main", repository.bare_}));
  TRY_VOID(repository.Git({"remote", "add", "origin", repository.bare_}));
  return repository;
}

Result<std::string> GitRepository::Git(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "git");
  TRY(support::Finished finished, RunIn(tree_, std::move(arguments)));
  if (finished.status != 0) return MakeError(Errc::kInternal, "git: " + Tail(tree_ + ".log"));
  return finished.out;
}

Status GitRepository::Write(const std::string& path, std::string_view text) {
  const fs::path file = fs::path(tree_) / path;
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) return MakeError(Errc::kIo, "write " + file.string());
  return {};
}

Status GitRepository::Remove(const std::string& path) {
  std::error_code error;
  if (fs::remove_all(fs::path(tree_) / path, error) == 0) {
    return MakeError(Errc::kNotFound, path + " is not in the tree");
  }
  return {};
}

Status GitRepository::CopyIn(const std::string& from, const std::string& path) {
  std::error_code error;
  const fs::path to = path.empty() ? fs::path(tree_) : fs::path(tree_) / path;
  fs::create_directories(to);
  fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::overwrite_existing, error);
  if (error) return MakeError(Errc::kIo, "copy " + from + ": " + error.message());
  return {};
}

Status GitRepository::Edit(const std::string& path, std::string_view from, std::string_view to) {
  TRY(std::string text, Slurp(tree_ + "/" + path));
  const size_t at = text.find(from);
  if (at == std::string::npos || text.find(from, at + 1) != std::string::npos) {
    return MakeError(Errc::kInvalidArgument,
                     path + ": not exactly one \"" + std::string(from) + "\"");
  }
  text.replace(at, from.size(), to);
  return Write(path, text);
}

Result<std::string> GitRepository::Push(const std::string& message) {
  TRY_VOID(Git({"add", "-A"}));
  TRY_VOID(Git({"commit", "-q", "--allow-empty", "-m", message}));
  TRY_VOID(Git({"push", "-q", "--force", "origin", "main"}));
  TRY(std::string id, Git({"rev-parse", "HEAD"}));
  if (id.ends_with('\n')) id.pop_back();
  return id;
}

Result<Fleet> Fleet::Create(const std::string& directory, FleetOptions options) {
  Fleet fleet;
  fleet.directory_ = directory;
  fleet.options_ = std::move(options);
  fs::create_directories(directory + "/git");
  TRY(GitRepository git, GitRepository::Create(directory + "/git"));
  fleet.git_ = std::make_unique<GitRepository>(std::move(git));
  TRY(fleet.agents_port_, FreePort());
  TRY(const uint16_t public_port, FreePort(fleet.agents_port_));
  TRY(support::Finished finished,
      RunIn(directory + "/git", {Program("dunlin-hub"), "init", "--data", fleet.hub_data()}));
  if (finished.status != 0) {
    return MakeError(Errc::kInternal,
                     "dunlin-hub init: " + finished.out + Tail(directory + "/git.log"));
  }
  std::ofstream config(fleet.hub_data() + "/hub.yaml", std::ios::trunc);
  config << "data: .\nlisten:\n  agents: 127.0.0.1:" << fleet.agents_port_
         << "\n  public: 127.0.0.1:" << public_port
         << "\ngit:\n  poll: " << fleet.options_.poll.count() << "ms\n  localRoots: [\""
         << directory << "/git\"]\n"
         << fleet.options_.extra_git << "render:\n  ready: 2\n  worker: " << kDeps
         << "dunlin-render\n  runsc: " << kDeps << "runsc\n";
  if (!fleet.options_.fleet_path.empty()) {
    const std::string& repo = fleet.options_.fleet_repo;
    config << "catalog:\n  repo: " << (repo.empty() ? fleet.git().bare() : repo)
           << "\n  revision: main\n  path: " << fleet.options_.fleet_path << "\n";
  }
  config << fleet.options_.extra_config;
  config.close();
  if (!config) return MakeError(Errc::kIo, "cannot write hub.yaml");
  return fleet;
}

Status Fleet::StartHub() {
  support::ChildOptions options;
  options.command = {Program("dunlin-hub"), "serve", "--config", hub_data() + "/hub.yaml"};
  options.log = directory_ + "/hub.log";
  TRY(hub_, support::Child::Start(options));
  // The hub says on standard output when it serves.
  auto line = hub_->ReadLine(Seconds(30));
  if (!line)
    return MakeError(line.error().code, "hub: " + line.error().message + Tail(options.log));
  return {};
}

void Fleet::KillHub() {
  hub_->Signal(SIGKILL);
  hub_.reset();
}

Status Fleet::StopHub() {
  hub_->Signal(SIGTERM);
  TRY(const int status, hub_->Wait(Seconds(20)));
  hub_.reset();
  if (status != 0) {
    return MakeError(Errc::kInternal, "the hub ended with " + std::to_string(status) + ": " +
                                          Tail(directory_ + "/hub.log"));
  }
  return {};
}

Status Fleet::Enroll(const std::string& cluster, const std::string& region,
                     const std::string& kubeconfig, std::vector<std::string> labels) {
  return EnrollAs(cluster, cluster, region, kubeconfig, std::move(labels));
}

Status Fleet::EnrollAs(const std::string& agent, const std::string& cluster,
                       const std::string& region, const std::string& kubeconfig,
                       std::vector<std::string> labels) {
  std::vector<std::string> add = {"cluster", "add", cluster, "--region", region};
  for (std::string& label : labels) {
    add.push_back("--label");
    add.push_back(std::move(label));
  }
  TRY(const object::Value added, Json(std::move(add)));
  support::ChildOptions options;
  options.command = {
      Program("dunlin-agent"), "enroll",  "--hub",      Field(added, "hub"), "--token",
      Field(added, "token"),   "--state", state(agent), "--kubeconfig",      kubeconfig};
  options.log = agent_log(agent);
  TRY(support::Finished finished, support::Run(options));
  if (finished.status != 0) return MakeError(Errc::kInternal, "enroll: " + Tail(options.log));
  return {};
}

Status Fleet::StartAgent(const std::string& cluster, const std::string& kubeconfig) {
  return StartAgent(cluster, {"--kubeconfig", kubeconfig}, {});
}

Status Fleet::StartAgent(const std::string& cluster, std::vector<std::string> arguments,
                         std::map<std::string, std::string> env) {
  support::ChildOptions options;
  options.command = {Program("dunlin-agent"), "run", "--state", state(cluster)};
  for (std::string& argument : arguments) options.command.push_back(std::move(argument));
  options.env = std::move(env);
  options.log = agent_log(cluster);
  TRY(support::Child child, support::Child::Start(options));
  agents_.insert_or_assign(cluster, std::move(child));
  return {};
}

void Fleet::KillAgent(const std::string& cluster) {
  agents_.at(cluster).Signal(SIGKILL);
  agents_.erase(cluster);
}

Status Fleet::StopAgent(const std::string& cluster) {
  support::Child& agent = agents_.at(cluster);
  agent.Signal(SIGTERM);
  TRY(const int status, agent.Wait(Seconds(20)));
  agents_.erase(cluster);
  if (status != 0) {
    return MakeError(Errc::kInternal, "the agent ended with " + std::to_string(status) + ": " +
                                          Tail(directory_ + "/agent-" + cluster + ".log"));
  }
  return {};
}

Result<support::Finished> Fleet::Dunlin(std::vector<std::string> arguments) {
  support::ChildOptions options;
  options.command = {Program("dunlin"), "--hub", "unix:" + hub_data() + "/admin.sock"};
  for (std::string& argument : arguments) options.command.push_back(std::move(argument));
  options.log = directory_ + "/dunlin.log";
  return support::Run(options);
}

Result<object::Value> Fleet::Json(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"-o", "json"});
  TRY(support::Finished finished, Dunlin(std::move(arguments)));
  if (finished.status != 0) {
    return MakeError(Errc::kInternal, "dunlin: " + finished.out + Tail(directory_ + "/dunlin.log"));
  }
  return object::ParseJson(finished.out, {.max_bytes = 64 << 20});
}

Result<object::Value> Fleet::Target(const std::string& app, const std::string& cluster) {
  TRY(object::Value status, Json({"status"}));
  if (const object::Array* targets = object::FindArray(status, {"targets"})) {
    for (const object::Value& target : *targets) {
      if (Field(target, "app") == app && Field(target, "cluster") == cluster) return target;
    }
  }
  return MakeError(Errc::kNotFound,
                   app + " on " + cluster + " is not in " + object::CanonicalJson(status));
}

Status Fleet::WaitStatus(const std::string& what, const Predicate& predicate, Millis limit) {
  support::ChildOptions options;
  options.command = {Program("dunlin"),
                     "--hub",
                     "unix:" + hub_data() + "/admin.sock",
                     "status",
                     "-w",
                     "-o",
                     "json"};
  options.log = directory_ + "/dunlin.log";
  TRY(support::Child watch, support::Child::Start(options));
  const auto end = std::chrono::steady_clock::now() + limit;
  std::string last;
  for (;;) {
    const auto left = std::chrono::duration_cast<Millis>(end - std::chrono::steady_clock::now());
    auto line = watch.ReadLine(std::max(left, Millis(0)));
    if (!line) {
      return MakeError(line.error().code, "waiting for " + what + ": " + line.error().message +
                                              "; last status: " + last +
                                              "\nhub log: " + Tail(directory_ + "/hub.log"));
    }
    last = *line;
    TRY(const object::Value status, object::ParseJson(*line, {.max_bytes = 64 << 20}));
    if (predicate(status)) return {};
  }
}

Status Fleet::WaitStates(size_t count, const std::string& revision,
                         const std::set<std::string>& states, Millis limit) {
  const auto all_there = [&](const object::Value& status) {
    const object::Array* targets = object::FindArray(status, {"targets"});
    if (targets == nullptr || targets->size() < count) return false;
    for (const object::Value& target : *targets) {
      if (!states.contains(Field(target, "state"))) return false;
      if (!revision.empty() && Field(target, "revision") != revision) return false;
    }
    return true;
  };
  return WaitStatus(std::to_string(count) + " targets " + *states.rbegin() + " at " + revision,
                    all_there, limit);
}

Status Fleet::WaitSynced(size_t count, const std::string& revision, Millis limit) {
  return WaitStates(count, revision, {"Synced"}, limit);
}

Status Fleet::WaitApplied(size_t count, const std::string& revision, Millis limit) {
  return WaitStates(count, revision, {"Progressing", "Synced"}, limit);
}

Status Fleet::WaitProblem(const std::string& app, const std::string& cluster,
                          const std::string& text, Millis limit) {
  const auto shows = [&](const object::Value& status) {
    const object::Array* targets = object::FindArray(status, {"targets"});
    if (targets == nullptr) return false;
    for (const object::Value& target : *targets) {
      if (Field(target, "app") != app || Field(target, "cluster") != cluster) continue;
      if (object::CanonicalJson(target).find(text) != std::string::npos) return true;
    }
    return false;
  };
  return WaitStatus("\"" + text + "\" at " + app + " on " + cluster, shows, limit);
}

}  // namespace dunlin::e2e
