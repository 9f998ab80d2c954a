#include "protocol/store/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace dunlin {

namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

Error FromErrno(const std::string& what, int error) {
  if (error == ENOENT) return MakeError(Errc::kNotFound, what + ": no such file or directory");
  if (error == EACCES || error == EPERM)
    return MakeError(Errc::kPermission, what + ": permission denied");
  if (error == ENOSPC || error == EDQUOT)
    return MakeError(Errc::kIo, what + ": disk full; free some space");
  return MakeError(Errc::kIo, what + ": " + std::strerror(error));
}

Status WriteAll(int fd, BytesView bytes, const std::string& what) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FromErrno(what, errno);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

}  // namespace

Result<Bytes> ReadFile(const std::string& path, size_t max_bytes) {
  const std::string what = "read " + path;
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return FromErrno(what, errno);
  Bytes out;
  char buffer[16384];
  while (true) {
    const ssize_t n = ::read(file.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FromErrno(what, errno);
    if (n == 0) return out;
    out.append(buffer, static_cast<size_t>(n));
    if (out.size() > max_bytes) {
      return MakeError(Errc::kLimit,
                       what + ": larger than " + std::to_string(max_bytes) + " bytes");
    }
  }
}

Status WriteFileDurably(const std::string& path, BytesView bytes, unsigned mode) {
  const std::string what = "write " + path;
  std::string temporary = path + ".XXXXXX";
  {
    const Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
    if (file.get() < 0) return FromErrno(what, errno);
    Status written = WriteAll(file.get(), bytes, what);
    if (written && ::fchmod(file.get(), mode) != 0) written = FromErrno(what, errno);
    if (written && ::fsync(file.get()) != 0) written = FromErrno(what, errno);
    if (written && ::rename(temporary.c_str(), path.c_str()) != 0) written = FromErrno(what, errno);
    if (!written) {
      ::unlink(temporary.c_str());
      return written;
    }
  }
  const size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  return SyncDirectory(directory);
}

Status SyncDirectory(const std::string& path) {
  const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || ::fsync(directory.get()) != 0) {
    return FromErrno("sync " + path, errno);
  }
  return {};
}

}  // namespace dunlin
