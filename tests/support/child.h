// Programs started by tests: the product's own binaries, the test control plane, kubectl, git.
// A child never outlives the test: it gets SIGKILL when the Child goes out of scope, and when the
// test process itself dies.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/result.h"
#include "protocol/base/time.h"

namespace dunlin::support {

struct ChildOptions {
  std::vector<std::string> command;        // command[0] is a path or is looked up in PATH
  std::map<std::string, std::string> env;  // on top of the test's own
  std::string directory;
  std::string log;  // file that gets standard error (appended); empty: the test's own
};

class Child {
 public:
  static Result<Child> Start(const ChildOptions& options);
  ~Child();
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;

  pid_t pid() const { return pid_; }
  // Writes to standard input.
  Status Write(std::string_view text);
  void CloseInput();
  // The next line of standard output, without its newline. kTimeout; kUnavailable at its end.
  Result<std::string> ReadLine(Millis limit);
  // Everything up to the end of standard output.
  Result<std::string> ReadAll(Millis limit);
  void Signal(int number);
  // The exit status, or 128 + signal. kTimeout when it is still running.
  Result<int> Wait(Millis limit);
  bool Running();

 private:
  Child() = default;
  void Release();
  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  std::string buffer_;
  std::optional<int> status_;
};

struct Finished {
  int status = 0;
  std::string out;
};
// Runs to the end. Standard error goes to the test's own unless `options.log` is set.
Result<Finished> Run(const ChildOptions& options, std::string_view input = {},
                     Millis limit = Seconds(60));

// A directory below TMPDIR that is removed with everything in it.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  void Keep() { kept_ = true; }  // for a look after a failure

 private:
  std::string path_;
  bool kept_ = false;
};

}  // namespace dunlin::support
