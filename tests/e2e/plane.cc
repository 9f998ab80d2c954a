#include "tests/e2e/plane.h"

#include <fstream>
#include <utility>

#include "protocol/object/json.h"
#include "protocol/store/files.h"

namespace dunlin::e2e {

namespace {

const std::string kBin = std::string(DUNLIN_DEPS_DIR) + "/bin/";

std::string Text(const object::Value& value, std::initializer_list<std::string_view> path) {
  return std::string(object::FindString(value, path));
}

}  // namespace

Result<Plane> Plane::Start(const std::string& directory, const PlaneOptions& options) {
  Plane plane;
  plane.directory_ = directory;
  support::ChildOptions child;
  child.command = {kBin + "testplane", "--dir",      directory,
                   "--audit",          "--clusters", std::to_string(options.clusters)};
  if (options.controllers) child.command.push_back("--kcm");
  if (options.kubelet) child.command.push_back("--kubelet");
  if (options.front) child.command.push_back("--front");
  TRY(plane.child_, support::Child::Start(child));
  TRY(const std::string line, plane.child_->ReadLine(Seconds(120)));
  TRY(const object::Value ready, object::ParseJson(line));
  const object::Array* clusters = object::FindArray(ready, {"clusters"});
  if (clusters == nullptr) return MakeError(Errc::kCorrupt, "testplane said: " + line);
  for (const object::Value& cluster : *clusters) {
    plane.kubeconfigs_.push_back(Text(cluster, {"kubeconfig"}));
    plane.audits_.push_back(Text(cluster, {"audit"}));
    const std::string server = Text(cluster, {"server"});
    plane.ports_.push_back(static_cast<uint16_t>(std::stoi(server.substr(server.rfind(':') + 1))));
    plane.marks_.push_back(0);
  }
  return plane;
}

Plane::~Plane() {
  if (!child_) return;
  // Apiservers and controllers write into the directory until they have ended.
  child_->CloseInput();
  if (!child_->Wait(Seconds(20))) child_.reset();
}

Status Plane::Control(const std::string& command) {
  TRY_VOID(child_->Write(command + "\n"));
  TRY(const std::string line, child_->ReadLine(Seconds(60)));
  TRY(const object::Value answer, object::ParseJson(line));
  if (!object::FindBool(answer, {"ok"}).value_or(false)) {
    return MakeError(Errc::kInternal, command + ": " + Text(answer, {"error"}));
  }
  return {};
}

Result<std::string> Plane::Kubectl(int cluster, std::vector<std::string> arguments,
                                   std::string_view input) {
  support::ChildOptions options;
  options.command = {kBin + "kubectl", "--kubeconfig", kubeconfig(cluster), "--cache-dir",
                     directory_ + "/kubectl-cache"};
  for (std::string& argument : arguments) options.command.push_back(std::move(argument));
  options.log = directory_ + "/kubectl.log";
  TRY(support::Finished finished, support::Run(options, input, Seconds(90)));
  if (finished.status != 0) {
    std::string said;
    if (auto log = ReadFile(options.log, 16 << 20)) said = *log;
    said = said.substr(said.size() - std::min<size_t>(said.size(), 2000));
    std::string command;
    for (const std::string& word : options.command) command += word + " ";
    const bool missing = said.find("NotFound") != std::string::npos;
    return MakeError(missing ? Errc::kNotFound : Errc::kInternal, command + ": " + said);
  }
  return finished.out;
}

Result<object::Value> Plane::Get(int cluster, const std::string& kind,
                                 const std::string& namespace_, const std::string& name) {
  std::vector<std::string> arguments = {"get", kind, name, "-o", "json", "--ignore-not-found"};
  if (!namespace_.empty()) {
    arguments.push_back("-n");
    arguments.push_back(namespace_);
  }
  TRY(const std::string text, Kubectl(cluster, std::move(arguments)));
  if (text.empty()) return MakeError(Errc::kNotFound, kind + " " + namespace_ + "/" + name);
  return object::ParseJson(text);
}

Status Plane::WaitFor(int cluster, const std::string& kind, const std::string& namespace_,
                      const std::string& name, const std::string& json_path,
                      const std::string& value, Seconds limit) {
  std::vector<std::string> created = {"wait", kind + "/" + name, "--for=create",
                                      "--timeout=" + std::to_string(limit.count()) + "s"};
  if (!namespace_.empty()) created.insert(created.end(), {"-n", namespace_});
  TRY_VOID(Kubectl(cluster, std::move(created)));
  std::vector<std::string> arguments = {"wait", kind + "/" + name,
                                        "--for=jsonpath={" + json_path + "}=" + value,
                                        "--timeout=" + std::to_string(limit.count()) + "s"};
  if (!namespace_.empty()) {
    arguments.push_back("-n");
    arguments.push_back(namespace_);
  }
  TRY_VOID(Kubectl(cluster, std::move(arguments)));
  return {};
}

Result<std::vector<Audited>> Plane::Requests(int cluster, const std::string& agent) {
  std::ifstream in(audits_.at(cluster));
  in.seekg(static_cast<std::streamoff>(marks_.at(cluster)));
  std::vector<Audited> requests;
  std::string line;
  while (std::getline(in, line)) {
    if (in.eof()) break;  // the last line is still being written
    TRY(const object::Value event, object::ParseJson(line));
    Audited request;
    request.agent = Text(event, {"userAgent"});
    if (!request.agent.starts_with(agent)) continue;
    request.verb = Text(event, {"verb"});
    request.resource = Text(event, {"objectRef", "resource"});
    const std::string sub = Text(event, {"objectRef", "subresource"});
    if (!sub.empty()) request.resource += "/" + sub;
    request.namespace_ = Text(event, {"objectRef", "namespace"});
    request.name = Text(event, {"objectRef", "name"});
    request.code = static_cast<int>(object::FindInt(event, {"responseStatus", "code"}).value_or(0));
    requests.push_back(std::move(request));
  }
  return requests;
}

void Plane::Mark(int cluster) {
  std::ifstream in(audits_.at(cluster), std::ios::ate);
  marks_.at(cluster) = static_cast<size_t>(in.tellg());
}

bool IsWrite(const Audited& request) {
  return request.verb == "create" || request.verb == "patch" || request.verb == "delete" ||
         request.verb == "update" || request.verb == "deletecollection";
}

}  // namespace dunlin::e2e
