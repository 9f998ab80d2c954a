// `dunlin-hub init`: keys, certificates, hub.yaml, and what to type next.
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "hub/app/keys.h"
#include "hub/app/verbs.h"
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
    std::string repo = options.fleet_repo;
    std::error_code error;
    if (std::filesystem::is_directory(repo, error)) {
      // A local repository must lie below a directory that is listed.
      const auto path = std::filesystem::canonical(repo, error);
      if (error) return MakeError(Errc::kIo, "cannot resolve " + repo + ": " + error.message());
      repo = path.string();
      git["localRoots"] = object::Array{object::Value(path.parent_path().string())};
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
  TRY_VOID(InitKeys(data, names, clock.Now(), random));
  TRY(const std::string config, ConfigText(options, names));
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
