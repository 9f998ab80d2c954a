// Stands in for dunlin-render inside a sandbox and tries to get out (security.md 7.2, S1 and S9).
// Static, so that it runs in an empty root. Each object of its answer says what one attempt gave:
// "denied" is what the test wants to see.
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstring>
#include <string>

extern char** environ;

namespace {

std::string answer;

void Report(const char* what, bool got_through) {
  if (!answer.empty()) answer += ',';
  answer += std::string("{\"name\":\"") + what + "\",\"result\":\"" +
            (got_through ? "GOT THROUGH" : "denied") + "\"}";
}

bool CanOpen(const char* path, int flags) {
  const int fd = open(path, flags, 0600);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

bool CanConnect(const sockaddr* address, socklen_t size, int family) {
  const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool connected = connect(fd, address, size) == 0;
  close(fd);
  return connected;
}

bool CanConnectTcp(const char* host, uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, host, &address.sin_addr);
  return CanConnect(reinterpret_cast<sockaddr*>(&address), sizeof address, AF_INET);
}

bool CanConnectAbstract(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return CanConnect(reinterpret_cast<sockaddr*>(&address), size, AF_UNIX);
}

int CountEntries(const char* path) {
  DIR* directory = opendir(path);
  if (directory == nullptr) return 0;
  int count = 0;
  while (const dirent* entry = readdir(directory)) count += entry->d_name[0] != '.';
  closedir(directory);
  return count;
}

// bwrap sets PWD, gVisor sets HOME; both are of the sandbox.
bool SeesVariables() {
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    if (std::strncmp(*variable, "PWD=", 4) != 0 && std::strncmp(*variable, "HOME=", 5) != 0) {
      return true;
    }
  }
  return false;
}

// The canary's path, a TCP port and an abstract socket's name come as the "targets" of the request.
std::string Between(const std::string& text, const std::string& before, char after) {
  const size_t begin = text.find(before) + before.size();
  return text.substr(begin, text.find(after, begin) - begin);
}

}  // namespace

int main() {
  std::printf("{\"ready\":true,\"protocol\":1}\n");
  std::fflush(stdout);
  std::string request;
  char buffer[4096];
  for (ssize_t n = 0; (n = read(0, buffer, sizeof buffer)) > 0;) {
    request.append(buffer, static_cast<size_t>(n));
  }
  const std::string canary = Between(request, "canary=", ' ');
  const auto port = static_cast<uint16_t>(std::stoi("0" + Between(request, "port=", ' ')));
  const std::string abstract = Between(request, "abstract=", ' ');
  const std::string by_root = "/proc/1/root" + canary;
  const std::string by_parent = "/../../.." + canary;

  Report("read the canary", CanOpen(canary.c_str(), O_RDONLY));
  Report("read the canary through /proc/1/root", CanOpen(by_root.c_str(), O_RDONLY));
  Report("read the canary through ..", CanOpen(by_parent.c_str(), O_RDONLY));
  Report("read /etc/passwd", CanOpen("/etc/passwd", O_RDONLY));
  Report("see a variable of the host", SeesVariables());
  Report("write into the root", CanOpen("/written", O_WRONLY | O_CREAT));
  Report("overwrite the worker", CanOpen("/dunlin-render", O_WRONLY));
  Report("open /dev/mem", CanOpen("/dev/mem", O_RDONLY));
  Report("open /dev/kmsg", CanOpen("/dev/kmsg", O_RDONLY));
  Report("open /dev/fuse", CanOpen("/dev/fuse", O_RDWR));
  Report("more than one program in /", CountEntries("/bin") + CountEntries("/usr") > 0);
  Report("ptrace", ptrace(PTRACE_ATTACH, getppid() > 0 ? getppid() : 1, nullptr, nullptr) == 0);
  Report("mount", mount("none", "/", "tmpfs", 0, nullptr) == 0);
  Report("be root", getuid() == 0 || setuid(0) == 0);
  Report("new user namespace that can mount",
         unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && mount("none", "/", "tmpfs", 0, nullptr) == 0);
  Report("connect to the host's loopback", CanConnectTcp("127.0.0.1", port));
  Report("connect to the metadata service", CanConnectTcp("169.254.169.254", 80));
  Report("connect to an abstract socket of the host", CanConnectAbstract(abstract));
  Report("load a bpf program", syscall(SYS_bpf, 5, buffer, 120) >= 0);

  std::printf("{\"id\":\"probe\",\"kind\":\"plain\",\"objects\":[%s]}\n", answer.c_str());
  return 0;
}
