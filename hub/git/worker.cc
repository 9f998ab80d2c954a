#include "hub/git/worker.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "hub/git/libgit2.h"
#include "hub/git/mirror.h"
#include "hub/git/read_tree.h"
#include "hub/git/worker_protocol.h"
#include "protocol/base/limits.h"

namespace dunlin::git {
namespace {

Result<WorkerRequest> ReadRequest() {
  FrameReader reader(limits::kGitRequestBytes);
  char buffer[16 * 1024];
  for (;;) {
    TRY(const std::optional<Frame> frame, reader.Next());
    if (frame && frame->type == 'Q') return DecodeRequest(frame->payload);
    const ssize_t n = read(STDIN_FILENO, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (frame || n <= 0) return MakeError(Errc::kInvalidArgument, "git-worker: no request");
    reader.Feed({buffer, static_cast<size_t>(n)});
  }
}

// The hub reads until the end; when it is gone there is nobody to tell.
Status Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return MakeError(Errc::kIo, "git-worker: the hub is gone");
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

Result<std::string> Answer(const WorkerRequest& request) {
  TRY_VOID(StartLibrary(request));
  switch (request.op) {
    case WorkerRequest::Op::kFetch: {
      TRY(const FetchResult result, Fetch(request));
      return EncodeFetchResult(result);
    }
    case WorkerRequest::Op::kList: {
      TRY(const FetchResult result, List(request));
      return EncodeFetchResult(result);
    }
    case WorkerRequest::Op::kResolve: {
      TRY(const FetchResult result, Resolve(request));
      return EncodeFetchResult(result);
    }
    case WorkerRequest::Op::kRead:
      break;
  }
  const bool with_bytes = request.with_bytes;
  const EntrySink sink = [with_bytes](const TreeEntry& entry, BytesView bytes) -> Status {
    TRY_VOID(Write(EncodeFrame('T', EncodeEntry(entry))));
    if (!with_bytes || entry.mode == TreeEntry::kSubmodule) return {};
    return Write(EncodeFrame('D', bytes));
  };
  TRY(const std::vector<std::string> missing, ReadTree(request, sink));
  return EncodeMissing(missing);
}

}  // namespace

int RunGitWorker() {
  // It holds credentials and parses hostile bytes: no trace by others, no life after the hub.
  prctl(PR_SET_DUMPABLE, 0);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const pid_t parent = getppid();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) return 1;
  signal(SIGPIPE, SIG_IGN);
  umask(0077);
  const auto request = ReadRequest();
  const auto answer = request ? Answer(*request) : Result<std::string>(request.error());
  const auto written =
      Write(answer ? EncodeFrame('R', *answer) : EncodeFrame('X', EncodeError(answer.error())));
  return answer && written ? 0 : 1;
}

}  // namespace dunlin::git
