#include "hub/process/child.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstring>

#include "protocol/base/check.h"
#include "protocol/base/limits.h"
#include "protocol/net/runtime.h"

namespace dunlin::process {
namespace {

constexpr size_t kReadBytes = 64 * 1024;
constexpr auto kUse = asio::as_tuple(asio::use_awaitable);

Error Cancelled() {
  return MakeError(Errc::kCancelled, "waiting for a child process was cancelled");
}

Error SystemError(const std::string& what, int error) {
  return MakeError(error == ENOENT ? Errc::kNotFound : Errc::kIo, what + ": " + strerror(error));
}

// Owns a descriptor until it is handed on.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) close(fd_);
  }
  Fd(Fd&& other) noexcept : fd_(other.Release()) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

struct Pipe {
  Fd read, write;

  static Result<Pipe> Make() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return SystemError("cannot make a pipe", errno);
    Pipe pipe;
    pipe.read = Fd(ends[0]);
    pipe.write = Fd(ends[1]);
    return pipe;
  }
};

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// The child's side: descriptors 0 to 2 and nothing else, default signals, its own session.
class SpawnSettings {
 public:
  SpawnSettings(int in, int out, int err, const std::string& file_at_3) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_adddup2(&actions_, in, 0);
    posix_spawn_file_actions_adddup2(&actions_, out, 1);
    posix_spawn_file_actions_adddup2(&actions_, err, 2);
    posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
    if (!file_at_3.empty()) {
      posix_spawn_file_actions_addopen(&actions_, 3, file_at_3.c_str(), O_RDONLY, 0);
    }
    posix_spawnattr_init(&attributes_);
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  int Spawn(pid_t* pid, const char* program, char* const* argv, char* const* envp) const {
    return posix_spawn(pid, program, &actions_, &attributes_, argv, envp);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

// Writing to a pipe whose reader is gone must be an error, not the end of the hub.
void IgnoreBrokenPipes() {
  struct sigaction current;
  sigaction(SIGPIPE, nullptr, &current);
  if (current.sa_handler == SIG_DFL) signal(SIGPIPE, SIG_IGN);
}

ExitStatus StatusOf(int raw) {
  if (WIFSIGNALED(raw)) return {.signal = WTERMSIG(raw)};
  return {.code = WEXITSTATUS(raw)};
}

}  // namespace

std::string ExitStatus::Text() const {
  if (signal != 0) return "signal " + std::to_string(signal);
  return "exit status " + std::to_string(code);
}

// Shared with the handlers that may outlive the Child by one turn of the loop.
struct Child::Impl : std::enable_shared_from_this<Child::Impl> {
  explicit Impl(const asio::any_io_executor& executor)
      : input(executor), output(executor), errors(executor), exited(executor), timer(executor) {}

  void ReadErrors() {
    auto self = shared_from_this();
    errors.async_read_some(asio::buffer(error_buffer),
                           [self](const boost::system::error_code& error, size_t n) {
                             if (error) return;
                             const size_t room = limits::kChildErrorBytes - self->error_text.size();
                             self->error_text.append(self->error_buffer.data(), std::min(n, room));
                             self->ReadErrors();
                           });
  }

  void Kill() {
    // The group exists as long as its leader has not been waited for, so this hits nobody else.
    if (!status) kill(-pid, SIGKILL);
    boost::system::error_code ignored;
    input.close(ignored);
    output.close(ignored);
    timer.cancel();
  }

  // Non-blocking, unless `options` says so.
  void Reap(int options) {
    if (status) return;
    int raw = 0;
    pid_t done = 0;
    do {
      done = waitpid(pid, &raw, options);
    } while (done < 0 && errno == EINTR);
    if (done != pid) return;
    // Whatever the child left behind in its group goes with it.
    kill(-pid, SIGKILL);
    status = StatusOf(raw);
  }

  asio::posix::stream_descriptor input, output, errors, exited;
  asio::steady_timer timer;
  pid_t pid = -1;
  bool timed_out = false;
  std::optional<ExitStatus> status;
  std::string error_text;
  std::array<char, 4096> error_buffer;
};

Child::Child(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Child::~Child() {
  impl_->Kill();
  impl_->Reap(0);
  boost::system::error_code ignored;
  impl_->errors.close(ignored);
  impl_->exited.close(ignored);
}

Result<std::unique_ptr<Child>> Child::Start(asio::any_io_executor executor, Command command) {
  const auto path = FindProgram(command.program);
  if (!path) return MakeError(Errc::kNotFound, "there is no program " + command.program);
  IgnoreBrokenPipes();
  TRY(Pipe in, Pipe::Make());
  TRY(Pipe out, Pipe::Make());
  TRY(Pipe err, Pipe::Make());
  std::vector<std::string> arguments = std::move(command.arguments);
  arguments.insert(arguments.begin(), command.program);
  const std::vector<char*> argv = Pointers(arguments);
  const std::vector<char*> envp = Pointers(command.environment);
  const SpawnSettings settings(in.read.get(), out.write.get(), err.write.get(), command.file_at_3);

  auto impl = std::make_shared<Impl>(executor);
  const int error = settings.Spawn(&impl->pid, path->c_str(), argv.data(), envp.data());
  if (error != 0) return SystemError("cannot start " + *path, error);
  std::unique_ptr<Child> child(new Child(impl));  // from here on it is killed on every way out
  TRY_VOID(LimitProcess(impl->pid, command.limits));
  Fd exited(static_cast<int>(syscall(SYS_pidfd_open, impl->pid, 0)));
  if (exited.get() < 0) return SystemError("cannot watch a process (Linux 5.3 is needed)", errno);
  impl->input.assign(in.write.Release());
  impl->output.assign(out.read.Release());
  impl->errors.assign(err.read.Release());
  impl->exited.assign(exited.Release());
  impl->ReadErrors();
  return child;
}

void Child::SetDeadline(Millis limit) {
  impl_->timer.expires_after(limit);
  std::weak_ptr<Impl> weak = impl_;
  impl_->timer.async_wait([weak](const boost::system::error_code& error) {
    const auto impl = weak.lock();
    if (error || !impl || impl->status) return;
    impl->timed_out = true;
    impl->Kill();
  });
}

bool Child::timed_out() const { return impl_->timed_out; }

TaskVoid Child::Write(BytesView bytes) {
  auto impl = impl_;
  const bool cancelled = co_await net::IsCancelled();
  if (cancelled) co_return Cancelled();
  auto [error, written] =
      co_await asio::async_write(impl->input, asio::buffer(bytes.data(), bytes.size()), kUse);
  if (!error) co_return Status();
  co_return MakeError(Errc::kUnavailable,
                      "the child process does not read its input: " + error.message());
}

void Child::CloseInput() {
  boost::system::error_code ignored;
  impl_->input.close(ignored);
}

Task<Bytes> Child::Read() {
  auto impl = impl_;
  const bool cancelled = co_await net::IsCancelled();
  if (cancelled) co_return Cancelled();
  Bytes bytes(kReadBytes, '\0');
  auto [error, n] = co_await impl->output.async_read_some(asio::buffer(bytes), kUse);
  if (error == asio::error::eof) co_return Bytes();
  if (error) {
    co_return MakeError(Errc::kUnavailable, "the child process was stopped: " + error.message());
  }
  bytes.resize(n);
  co_return bytes;
}

Task<ExitStatus> Child::Wait() {
  auto impl = impl_;
  while (!impl->status) {
    const bool cancelled = co_await net::IsCancelled();
    if (cancelled) co_return Cancelled();
    auto [error] =
        co_await impl->exited.async_wait(asio::posix::stream_descriptor::wait_read, kUse);
    if (error) co_return Cancelled();
    impl->Reap(WNOHANG);
  }
  impl->timer.cancel();
  co_return *impl->status;
}

bool Child::HasEnded() {
  impl_->Reap(WNOHANG);
  return impl_->status.has_value();
}

void Child::Kill() { impl_->Kill(); }
pid_t Child::pid() const { return impl_->pid; }
const std::string& Child::error_text() const { return impl_->error_text; }

}  // namespace dunlin::process
