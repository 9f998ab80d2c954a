// Real Git servers of a test: git http-backend behind TLS, and sshd (tests/gitserver).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/support/child.h"

namespace dunlin::support {

class GitServer {
 public:
  // Serves the repositories below `root`. `directory` gets keys, certificates and logs, named as a
  // credentials directory has them; the list is in tests/gitserver/main.go.
  static Result<GitServer> Start(const std::string& root, const std::string& directory);

  const std::string& directory() const { return directory_; }
  // The address of a repository, by its path below the root.
  std::string Https(const std::string& path) const;
  std::string Ssh(const std::string& path) const;
  // The second https server, which only redirects lead to.
  std::string Other(const std::string& path) const;

  // "https cut 1000", "ssh stall 0", "certificate expired" … It holds when this returns.
  Status Order(const std::string& order);

  // The https requests so far: "https GET /shop.git/info/refs false" (true: with credentials).
  std::vector<std::string> Requests() const;

 private:
  std::optional<Child> child_;
  std::string root_;
  std::string directory_;
  int https_ = 0;
  int other_ = 0;
  int ssh_ = 0;
};

}  // namespace dunlin::support
