// A private directory for the sandboxes of one command.
#pragma once

#include <string>

namespace dunlin::hub {

class Scratch {
 public:
  // Below the system's directory for temporary files; made by whoever uses it.
  explicit Scratch(const std::string& purpose);
  // Removes it with everything that is mounted in it: a sandbox run by root leaves a network
  // namespace mounted on a file.
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace dunlin::hub
