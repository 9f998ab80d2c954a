#include "tests/support/child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

namespace dunlin::support {

namespace {

Error SystemError(const std::string& what) {
  return MakeError(Errc::kIo, what + ": " + std::strerror(errno));
}

class Deadline {
 public:
  explicit Deadline(Millis limit) : end_(std::chrono::steady_clock::now() + limit) {}
  int Left() const {
    const auto left = std::chrono::duration_cast<Millis>(end_ - std::chrono::steady_clock::now());
    return static_cast<int>(std::max<int64_t>(left.count(), 0));
  }

 private:
  std::chrono::steady_clock::time_point end_;
};

[[noreturn]] void BecomeChild(const ChildOptions& options, int input, int output, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  if (!options.log.empty()) {
    const int log = open(options.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log >= 0) dup2(log, STDERR_FILENO);
  }
  if (!options.directory.empty() && chdir(options.directory.c_str()) != 0) _exit(126);
  for (const auto& [name, value] : options.env) setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> argv;
  for (const std::string& word : options.command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  _exit(127);
}

}  // namespace

Result<Child> Child::Start(const ChildOptions& options) {
  int in[2];
  int out[2];
  if (pipe2(in, O_CLOEXEC) != 0) return SystemError("pipe");
  if (pipe2(out, O_CLOEXEC) != 0) return SystemError("pipe");
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return SystemError("fork");
  if (pid == 0) BecomeChild(options, in[0], out[1], parent);
  close(in[0]);
  close(out[1]);
  Child child;
  child.pid_ = pid;
  child.input_ = in[1];
  child.output_ = out[0];
  return child;
}

Child::Child(Child&& other) noexcept { *this = std::move(other); }

Child& Child::operator=(Child&& other) noexcept {
  if (this == &other) return *this;
  Release();
  pid_ = std::exchange(other.pid_, -1);
  input_ = std::exchange(other.input_, -1);
  output_ = std::exchange(other.output_, -1);
  buffer_ = std::move(other.buffer_);
  status_ = other.status_;
  return *this;
}

Child::~Child() { Release(); }

void Child::Release() {
  CloseInput();
  if (pid_ > 0 && !status_) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (output_ >= 0) close(output_);
  output_ = -1;
  pid_ = -1;
}

Status Child::Write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(input_, text.data(), text.size());
    if (n < 0) return SystemError("write to child");
    text.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

void Child::CloseInput() {
  if (input_ >= 0) close(input_);
  input_ = -1;
}

Result<std::string> Child::ReadLine(Millis limit) {
  const Deadline deadline(limit);
  for (;;) {
    if (const size_t end = buffer_.find('\n'); end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return line;
    }
    pollfd wait{output_, POLLIN, 0};
    if (poll(&wait, 1, deadline.Left()) == 0) {
      return MakeError(Errc::kTimeout, "the program printed no line in time");
    }
    char chunk[65536];
    const ssize_t n = read(output_, chunk, sizeof chunk);
    if (n < 0) return SystemError("read from child");
    if (n == 0) return MakeError(Errc::kUnavailable, "the program closed its output");
    buffer_.append(chunk, static_cast<size_t>(n));
  }
}

Result<std::string> Child::ReadAll(Millis limit) {
  const Deadline deadline(limit);
  for (;;) {
    pollfd wait{output_, POLLIN, 0};
    if (poll(&wait, 1, deadline.Left()) == 0) {
      return MakeError(Errc::kTimeout, "the program did not end in time");
    }
    char chunk[65536];
    const ssize_t n = read(output_, chunk, sizeof chunk);
    if (n < 0) return SystemError("read from child");
    if (n == 0) return std::exchange(buffer_, {});
    buffer_.append(chunk, static_cast<size_t>(n));
  }
}

void Child::Signal(int number) {
  if (pid_ > 0 && !status_) kill(pid_, number);
}

Result<int> Child::Wait(Millis limit) {
  if (status_) return *status_;
  if (pid_ <= 0) return MakeError(Errc::kPrecondition, "no program was started");
  // pidfd would need a newer C library; a short poll on the state is exact enough for tests.
  const Deadline deadline(limit);
  for (;;) {
    int raw = 0;
    const pid_t ended = waitpid(pid_, &raw, WNOHANG);
    if (ended < 0) return SystemError("waitpid");
    if (ended == pid_) {
      status_ = WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
      return *status_;
    }
    if (deadline.Left() == 0) return MakeError(Errc::kTimeout, "the program is still running");
    poll(nullptr, 0, 5);
  }
}

bool Child::Running() { return pid_ > 0 && !Wait(Millis(0)).has_value(); }

Result<Finished> Run(const ChildOptions& options, std::string_view input, Millis limit) {
  TRY(Child child, Child::Start(options));
  TRY_VOID(child.Write(input));
  child.CloseInput();
  Finished finished;
  TRY(finished.out, child.ReadAll(limit));
  TRY(finished.status, child.Wait(limit));
  return finished;
}

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "dunlin-test-XXXXXX").string();
  path_ = mkdtemp(pattern.data());
}

TempDir::~TempDir() {
  std::error_code ignored;
  if (!kept_) std::filesystem::remove_all(path_, ignored);
}

}  // namespace dunlin::support
