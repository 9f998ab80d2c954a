#include "protocol/cli/output.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "protocol/base/check.h"
#include "protocol/object/json.h"
#include "protocol/wire/exit_code.h"
#include "protocol/yaml/config_yaml.h"

namespace dunlin::cli {

std::string DocumentText(const object::Value& document, Format format) {
  CHECK(format != Format::kTable);
  if (format == Format::kYaml) return yaml::ToYaml(document);
  return object::CanonicalJson(document) + "\n";
}

void PrintError(const wire::ErrorBody& error, Format format) {
  if (format == Format::kTable) {
    std::fputs(wire::ErrorText(error).c_str(), stderr);
  } else {
    std::puts(wire::Encode(error).c_str());
  }
}

void GuardStandardStreams() {
  // In this order: open() takes the lowest that is free.
  constexpr int kModes[] = {O_WRONLY, O_RDONLY, O_RDWR};
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (fcntl(fd, F_GETFD) == -1 && errno == EBADF) (void)open("/dev/null", kModes[fd]);
  }
}

int Finish(int code) {
  const bool failed_before = std::ferror(stdout) != 0;
  errno = 0;
  const bool flushed = std::fflush(stdout) == 0;
  if (flushed && !failed_before) return code;
  const int reason = errno;
  const int failed = code == 0 ? wire::ExitCode(Errc::kIo) : code;
  if (reason == EPIPE) return failed;
  const Error error =
      MakeError(Errc::kIo, reason == 0 ? "an earlier write failed" : std::strerror(reason));
  PrintError(wire::BodyOf("cannot write to standard output", error,
                          "what it printed is incomplete; make room, or send it elsewhere"),
             Format::kTable);
  return failed;
}

size_t TerminalWidth() {
  winsize size{};
  if (isatty(STDOUT_FILENO) == 0) return 0;
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace dunlin::cli
