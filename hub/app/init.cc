// `dunlin-hub init`: keys, certificates, hub.yaml, and what to type next.
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "hub/app/keys.h"
#include "hub/app/verbs.h"
#include "hub/catalog/repo_url.h"
#include "protocol/object/value.h"
#include "protocol/store/files.h"
#include "protocol/yaml/config_yaml.h"

namespace dunlin::hub {

namespace {

std::string HostName() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

// What the server certificate is made out for: always also the machine itself.
std::vector<std::string> ServerNames(const std::vector<std::string>& hosts) {
  std::vector<std::string> names = hosts;
  for (const std::string& own : {HostName(), std::string("localhost"), std::string("127.0.0.1")}) {
    if (std::find(names.begin(), names.end(), own) == names.end()) names.push_back(own);
  }
  return names;
}

namespace fs = std::filesystem;

// Keys do not go among somebody's files. What an earlier `init` left, or a new file system has by
// itself, is nobody's.
Status TakeDirectory(const std::string& data) {
  std::error_code error;
  if (fs::exists(data + "/hub.yaml", error) || fs::exists(data + "/keys/root.key", error))
    return {};
  if (!fs::exists(data, error)) return {};
  if (!fs::is_directory(data, error)) {
    return MakeError(Errc::kInvalidArgument, data + " is no directory");
  }
  fs::directory_iterator entry(data, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name == "lost+found" || (name == "keys" && fs::is_empty(entry->path(), error))) continue;
    return MakeError(Errc::kPrecondition, data + " holds other files (" + name +
                                              "); keys are only written into a directory of "
                                              "their own. Nothing was written");
  }
  if (error) return MakeError(Errc::kIo, "cannot look into " + data + ": " + error.message());
  return {};
}

// A URL, or the absolute path of a directory that is there: what is wrong with it is wrong now,
// not when the hub looks for it.
Result<std::string> FleetRepo(const std::string& text) {
  const bool url = text.find(':') != std::string::npos;
  if (url) {
    // Without the text: it may hold the password that is wrong in it.
    TRY_VOID(catalog::ParseRepoUrl(text).WithContext("--fleet"));
    return text;
  }
  std::error_code error;
  if (!fs::is_directory(text, error)) {
    return MakeError(Errc::kNotFound, "--fleet: there is no directory " + text +
                                          "; make the repository first (git init --bare " + text +
                                          ") or give the URL of one");
  }
  const auto path = fs::canonical(text, error);
  if (error) return MakeError(Errc::kIo, "cannot resolve " + text + ": " + error.message());
  return path.string();
}

Result<std::string> ConfigText(const InitOptions& options, const std::vector<std::string>& names) {
  // Without a name for other machines only this one is served.
  const std::string address = options.hosts.empty() ? "127.0.0.1" : "0.0.0.0";
  object::Array name_list;
  for (const std::string& name : names) name_list.emplace_back(name);
  object::Object git{{"poll", "30s"}};
  object::Object config{{"data", "."},
                        {"listen",
                         {{"agents", address + ":" + std::to_string(options.agents_port)},
                          {"public", address + ":" + std::to_string(options.public_port)}}},
                        {"advertise", options.hosts.empty() ? "127.0.0.1" : options.hosts.front()},
                        {"names", name_list}};
  if (!options.fleet_repo.empty()) {
    TRY(const std::string repo, FleetRepo(options.fleet_repo));
    if (repo.front() == '/') {
      // A local repository must lie below a directory that is listed.
      git["localRoots"] = object::Array{object::Value(fs::path(repo).parent_path().string())};
    }
    config["catalog"] = object::Object{
        {"path", options.fleet_path}, {"repo", repo}, {"revision", options.fleet_revision}};
  }
  config["git"] = git;
  return "# dunlin-hub configuration; relative paths start at this file's directory\n" +
         yaml::ToYaml(config);
}

}  // namespace

Status Init(const InitOptions& options) {
  std::error_code error;
  const std::string data = std::filesystem::absolute(options.data, error).lexically_normal();
  if (error) return MakeError(Errc::kIo, options.data + ": " + error.message());
  const std::vector<std::string> names = ServerNames(options.hosts);
  SystemClock clock;
  SystemRandom random;
  // Whatever is refused is refused before the first file is written.
  TRY(const std::string config, ConfigText(options, names));
  TRY_VOID(TakeDirectory(data));
  TRY_VOID(InitKeys(data, names, clock.Now(), random));
  const std::string file = data + "/hub.yaml";
  if (!std::filesystem::exists(file)) {
    TRY_VOID(WriteFileDurably(file, config, 0640));
  }
  std::printf(
      "Hub made in %s\n"
      "  configuration  %s\n"
      "  root key       %s/keys/root.key (not needed to serve: move it to a safe place)\n\n"
      "Next:\n"
      "  dunlin-hub serve --config %s\n"
      "  export DUNLIN_HUB=unix:%s/admin.sock\n"
      "  dunlin cluster add NAME --region REGION    # prints the command for that cluster\n",
      data.c_str(), file.c_str(), data.c_str(), file.c_str(), data.c_str());
  if (options.fleet_repo.empty()) {
    std::printf("  dunlin apply -f app.yaml                   # or set catalog.repo in hub.yaml\n");
  }
  return {};
}

}  // namespace dunlin::hub
