// Real apiservers (tests/kube) for one test program, and kubectl to look at them from outside.
#pragma once

#include <string>
#include <vector>

#include "protocol/object/value.h"
#include "tests/support/child.h"

namespace dunlin::e2e {

struct PlaneOptions {
  int clusters = 1;
  bool controllers = false;  // kube-controller-manager: namespaces end, workloads make pods
  bool kubelet = false;      // pods become Ready
  bool front = false;        // a proxy before each apiserver, for Control("cut 1")
};

// One request that reached an apiserver, from its audit log.
struct Audited {
  std::string verb;      // get, list, watch, create, patch, delete
  std::string resource;  // "deployments"; with a subresource "pods/status"
  std::string namespace_;
  std::string name;
  std::string agent;  // User-Agent
  int code = 0;
};

class Plane {
 public:
  static Result<Plane> Start(const std::string& directory, const PlaneOptions& options);
  ~Plane();
  Plane(Plane&&) = default;

  int size() const { return static_cast<int>(kubeconfigs_.size()); }
  const std::string& kubeconfig(int cluster) const { return kubeconfigs_.at(cluster); }  // from 0

  // Of the apiserver itself, and the CA of its certificate.
  uint16_t port(int cluster) const { return ports_.at(cluster); }
  std::string ca_file(int cluster) const {
    return directory_ + "/" + std::to_string(cluster + 1) + "/ca.crt";
  }

  // "stop 1", "start 1", "cut 1" … (tests/kube/control.go; clusters count from 1 there).
  Status Control(const std::string& command);

  // Runs kubectl on one cluster; its output, or an error with what it said.
  Result<std::string> Kubectl(int cluster, std::vector<std::string> arguments,
                              std::string_view input = {});
  // The object as JSON; kNotFound when it is not there.
  Result<object::Value> Get(int cluster, const std::string& kind, const std::string& namespace_,
                            const std::string& name);
  // Blocks on a watch until the JSON path has the value (kubectl wait).
  Status WaitFor(int cluster, const std::string& kind, const std::string& namespace_,
                 const std::string& name, const std::string& json_path, const std::string& value,
                 Seconds limit = Seconds(30));

  // Requests of a User-Agent that starts with `agent`, since Mark().
  Result<std::vector<Audited>> Requests(int cluster, const std::string& agent);
  void Mark(int cluster);

 private:
  Plane() = default;
  std::optional<support::Child> child_;
  std::string directory_;
  std::vector<std::string> kubeconfigs_;
  std::vector<std::string> audits_;
  std::vector<uint16_t> ports_;
  std::vector<size_t> marks_;
};

// "create", "patch" and "delete".
bool IsWrite(const Audited& request);

}  // namespace dunlin::e2e
