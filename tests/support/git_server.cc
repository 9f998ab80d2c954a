#include "tests/support/git_server.h"

#include <pwd.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace dunlin::support {

Result<GitServer> GitServer::Start(const std::string& root, const std::string& directory) {
  GitServer server;
  server.root_ = root;
  server.directory_ = directory;
  std::filesystem::create_directories(directory);
  ChildOptions options;
  const std::string program = std::string(DUNLIN_DEPS_DIR) + "/bin/gitserver";
  if (!std::filesystem::exists(program)) {
    return MakeError(Errc::kNotFound, program + " is not built: run scripts/setup");
  }
  options.command = {program, "--root", root, "--dir", directory};
  options.log = directory + "/requests.log";
  TRY(server.child_, Child::Start(options));
  TRY(const std::string line, server.child_->ReadLine(Seconds(20)));
  std::istringstream words(line);
  std::string word;
  words >> word >> server.https_ >> word >> server.other_ >> word >> server.ssh_;
  if (!words) return MakeError(Errc::kInternal, "gitserver says \"" + line + "\"");
  return server;
}

std::string GitServer::Https(const std::string& path) const {
  return "https://127.0.0.1:" + std::to_string(https_) + "/" + path;
}

std::string GitServer::Other(const std::string& path) const {
  return "https://127.0.0.1:" + std::to_string(other_) + "/" + path;
}

std::string GitServer::Ssh(const std::string& path) const {
  const passwd* user = getpwuid(geteuid());
  return "ssh://" + std::string(user == nullptr ? "git" : user->pw_name) +
         "@127.0.0.1:" + std::to_string(ssh_) + root_ + "/" + path;
}

Status GitServer::Order(const std::string& order) {
  TRY_VOID(child_->Write(order + "\n"));
  TRY(const std::string answer, child_->ReadLine(Seconds(20)));
  if (answer == "ok") return {};
  return MakeError(Errc::kInternal, "gitserver says \"" + answer + "\" to " + order);
}

std::vector<std::string> GitServer::Requests() const {
  std::ifstream log(directory_ + "/requests.log");
  std::vector<std::string> requests;
  for (std::string line; std::getline(log, line);) {
    if (line.starts_with("https ") || line.starts_with("other ")) requests.push_back(line);
  }
  return requests;
}

}  // namespace dunlin::support
