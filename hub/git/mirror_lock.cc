#include "hub/git/mirror_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

namespace dunlin::git {

namespace {

namespace fs = std::filesystem;

// No ref can be named like a lock file: the name rules of Git forbid it (git-check-ref-format).
bool IsLockFile(const fs::directory_entry& entry) { return entry.path().extension() == ".lock"; }

// A pack that was being received, or an object that was being written.
bool IsHalfWritten(const fs::directory_entry& entry) {
  const std::string name = entry.path().filename().string();
  return name.starts_with("pack_git2_") || name.starts_with("tmp_object");
}

template <typename Walk>
Status RemoveFiles(const fs::path& directory, bool (*wanted)(const fs::directory_entry&)) {
  std::error_code error;
  std::vector<fs::path> found;
  for (Walk it(directory, error), end; !error && it != end; it.increment(error)) {
    std::error_code unreadable;
    if (it->is_regular_file(unreadable) && wanted(*it)) found.push_back(it->path());
  }
  if (error == std::errc::no_such_file_or_directory) return {};
  for (const fs::path& path : found) {
    if (!error) fs::remove(path, error);
  }
  if (!error) return {};
  return MakeError(Errc::kIo,
                   "cannot clean up the mirror " + directory.string() + ": " + error.message());
}

Status RemoveLeftovers(const fs::path& mirror) {
  TRY_VOID(RemoveFiles<fs::directory_iterator>(mirror, IsLockFile));  // HEAD, packed-refs, config
  TRY_VOID(RemoveFiles<fs::recursive_directory_iterator>(mirror / "refs", IsLockFile));
  return RemoveFiles<fs::recursive_directory_iterator>(mirror / "objects", IsHalfWritten);
}

Error Failed(const std::string& path) {
  return MakeError(Errc::kIo, "cannot lock " + path + ": " + std::strerror(errno));
}

}  // namespace

Result<MirrorLock> MirrorLock::Take(const std::string& mirror) {
  const std::string path = mirror + ".lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return Failed(path);
  MirrorLock lock(fd);
  while (::flock(fd, LOCK_EX) != 0) {
    if (errno != EINTR) return Failed(path);
  }
  TRY_VOID(RemoveLeftovers(mirror));
  return lock;
}

MirrorLock::MirrorLock(MirrorLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

MirrorLock::~MirrorLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace dunlin::git
