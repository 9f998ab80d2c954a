#include "hub/git/ssh_transport.h"

#include <fcntl.h>
#include <git2/sys/errors.h>
#include <git2/sys/transport.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <memory>

#include "hub/git/libgit2.h"
#include "hub/git/socket_stream.h"

namespace dunlin::git {
namespace {

constexpr size_t kErrorTextBytes = 4096;

struct SshTarget {
  WorkerRequest request;
  catalog::RepoUrl url;
};

SshTarget& Target() {
  static SshTarget target;  // of the one request of this process
  return target;
}

// The running ssh, which is also libgit2's stream.
struct SshStream {
  git_smart_subtransport_stream parent;  // first: libgit2 casts between the two
  pid_t pid = -1;
  int in = -1;
  int out = -1;
  int err = -1;
  std::string error_text;
};

struct SshSubtransport {
  git_smart_subtransport parent;
  SshStream* stream = nullptr;  // owned by libgit2
};

SshStream& Of(git_smart_subtransport_stream* stream) {
  return *reinterpret_cast<SshStream*>(stream);
}

int Fail(Error error) {
  git_error_set_str(GIT_ERROR_SSH, error.message.c_str());
  SetCallbackError(std::move(error));
  return -1;
}

// Takes what ssh says on stderr, so that it never blocks on it.
void DrainErrors(SshStream& ssh) {
  char buffer[1024];
  const ssize_t n = read(ssh.err, buffer, sizeof buffer);
  if (n <= 0) {
    close(ssh.err);
    ssh.err = -1;
    return;
  }
  const size_t room = kErrorTextBytes - ssh.error_text.size();
  ssh.error_text.append(buffer, std::min(static_cast<size_t>(n), room));
}

int OnRead(git_smart_subtransport_stream* stream, char* buffer, size_t size, size_t* got) {
  SshStream& ssh = Of(stream);
  *got = 0;
  for (;;) {
    pollfd items[2] = {{ssh.out, POLLIN, 0}, {ssh.err, POLLIN, 0}};
    const int ready = poll(items, 2, static_cast<int>(Target().request.silence.count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      return Fail(MakeError(Errc::kTimeout, "the ssh server does not answer"));
    }
    if (items[1].revents != 0) DrainErrors(ssh);
    if (items[0].revents == 0) continue;
    const ssize_t n = read(ssh.out, buffer, size);
    if (n > 0) {
      *got = static_cast<size_t>(n);
      return 0;
    }
    while (ssh.err >= 0) DrainErrors(ssh);
    return Fail(SshError(ssh.error_text));
  }
}

int OnWrite(git_smart_subtransport_stream* stream, const char* buffer, size_t size) {
  SshStream& ssh = Of(stream);
  while (size > 0) {
    const ssize_t n = write(ssh.in, buffer, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      while (ssh.err >= 0) DrainErrors(ssh);
      return Fail(SshError(ssh.error_text));
    }
    buffer += n;
    size -= static_cast<size_t>(n);
  }
  return 0;
}

void OnFree(git_smart_subtransport_stream* stream) {
  SshStream& ssh = Of(stream);
  for (const int fd : {ssh.in, ssh.out, ssh.err}) {
    if (fd >= 0) close(fd);
  }
  if (ssh.pid > 0) {
    kill(ssh.pid, SIGKILL);
    waitpid(ssh.pid, nullptr, 0);
  }
  reinterpret_cast<SshSubtransport*>(ssh.parent.subtransport)->stream = nullptr;
  delete &ssh;
}

Status Spawn(const std::string& program, std::vector<std::string> arguments, SshStream& ssh) {
  int in[2], out[2], err[2];
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) {
    return MakeError(Errc::kIo, std::string("cannot make a pipe: ") + strerror(errno));
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  posix_spawn_file_actions_adddup2(&actions, err[1], 2);
  arguments.insert(arguments.begin(), program);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  char* const environment[] = {nullptr};
  const int error =
      posix_spawn(&ssh.pid, program.c_str(), &actions, nullptr, argv.data(), environment);
  posix_spawn_file_actions_destroy(&actions);
  for (const int fd : {in[0], out[1], err[1]}) close(fd);
  ssh.in = in[1];
  ssh.out = out[0];
  ssh.err = err[0];
  if (error == 0) return {};
  ssh.pid = -1;
  return MakeError(Errc::kNotFound, "cannot start " + program + ": " + strerror(error));
}

int OnAction(git_smart_subtransport_stream** out, git_smart_subtransport* transport, const char*,
             git_smart_service_t service) {
  auto& self = *reinterpret_cast<SshSubtransport*>(transport);
  if (service == GIT_SERVICE_UPLOADPACK && self.stream != nullptr) {
    *out = &self.stream->parent;  // the same connection goes on
    return 0;
  }
  if (service != GIT_SERVICE_UPLOADPACK_LS) {
    return Fail(MakeError(Errc::kUnsupported, "only reading is supported over ssh"));
  }
  const SshTarget& target = Target();
  const std::string port = std::to_string(target.url.port == 0 ? 22 : target.url.port);
  auto connection = ConnectChecked(target.url.host, port);
  if (!connection) return Fail(connection.error());
  close(connection->fd);
  auto ssh = std::make_unique<SshStream>();
  ssh->parent = {transport, OnRead, OnWrite, OnFree};
  const auto started =
      Spawn(target.request.ssh_program,
            SshArguments(target.request, target.url, connection->address.Text()), *ssh);
  self.stream = ssh.release();
  if (!started) {
    OnFree(&self.stream->parent);
    return Fail(started.error());
  }
  *out = &self.stream->parent;
  return 0;
}

int OnClose(git_smart_subtransport*) { return 0; }

void OnFreeSubtransport(git_smart_subtransport* transport) {
  delete reinterpret_cast<SshSubtransport*>(transport);
}

int MakeSubtransport(git_smart_subtransport** out, git_transport*, void*) {
  auto self = std::make_unique<SshSubtransport>();
  self->parent = {OnAction, OnClose, OnFreeSubtransport};
  *out = &self.release()->parent;
  return 0;
}

int MakeTransport(git_transport** out, git_remote* owner, void*) {
  static git_smart_subtransport_definition definition{MakeSubtransport, 0, nullptr};
  return git_transport_smart(out, owner, &definition);
}

}  // namespace

Status RegisterSshTransport() {
  // ssh that ends early must be an error of the write, not the end of the worker.
  signal(SIGPIPE, SIG_IGN);
  const int code = git_transport_register("ssh", MakeTransport, nullptr);
  if (code != 0) return LastError("cannot register the ssh transport", code);
  return {};
}

Status UseSsh(const WorkerRequest& request, const catalog::RepoUrl& url) {
  if (request.known_hosts_file.empty()) {
    return MakeError(Errc::kInvalidArgument,
                     "ssh needs the server's host key: name a known_hosts file in the Source "
                     "(make one with ssh-keyscan " +
                         url.host + " and compare it)");
  }
  if (request.ssh_key_file.empty()) {
    return MakeError(Errc::kInvalidArgument, "ssh needs a key: name its file in the Source");
  }
  Target() = {request, url};
  return {};
}

std::vector<std::string> SshArguments(const WorkerRequest& request, const catalog::RepoUrl& url,
                                      const std::string& address) {
  std::vector<std::string> arguments = {"-F", "none", "-T"};
  const std::string alias =
      url.port == 0 || url.port == 22 ? url.host : "[" + url.host + "]:" + std::to_string(url.port);
  for (const std::string& option :
       {std::string("BatchMode=yes"), std::string("StrictHostKeyChecking=yes"),
        "UserKnownHostsFile=\"" + request.known_hosts_file + "\"",
        std::string("GlobalKnownHostsFile=none"), std::string("UpdateHostKeys=no"),
        std::string("CheckHostIP=no"), std::string("IdentitiesOnly=yes"),
        std::string("IdentityAgent=none"), std::string("PreferredAuthentications=publickey"),
        std::string("ProxyCommand=none"), std::string("ControlPath=none"),
        std::string("ClearAllForwardings=yes"), std::string("PermitLocalCommand=no"),
        std::string("ConnectTimeout=15"), std::string("ServerAliveInterval=10"),
        std::string("LogLevel=ERROR"), "HostName=" + address, "HostKeyAlias=" + alias}) {
    arguments.push_back("-o");
    arguments.push_back(option);
  }
  arguments.insert(arguments.end(), {"-i", request.ssh_key_file});
  if (url.port != 0) arguments.insert(arguments.end(), {"-p", std::to_string(url.port)});
  arguments.insert(arguments.end(), {"-l", url.user.empty() ? "git" : url.user});
  // The server's shell reads the last one; the path's characters are those of ParseRepoUrl.
  arguments.insert(arguments.end(), {"--", url.host, "git-upload-pack '" + url.path + "'"});
  return arguments;
}

Error SshError(std::string_view error_text) {
  const auto contains = [&](std::string_view part) {
    return error_text.find(part) != std::string_view::npos;
  };
  const std::string said(error_text.substr(0, error_text.find_first_of("\r\n")));
  if (contains("Host key verification failed") || contains("host key is known")) {
    return MakeError(Errc::kSignature,
                     "the ssh server's host key is not the one in the Source's known_hosts file");
  }
  // Of a key that it cannot use ssh says so, goes on without, and is refused.
  if (contains("UNPROTECTED PRIVATE KEY") || contains("bad permissions")) {
    return MakeError(Errc::kInvalidArgument,
                     "others can read the file of the Source's ssh key, so ssh ignores it; "
                     "chmod 600 it");
  }
  if (contains("invalid format") || contains("error in libcrypto")) {
    return MakeError(Errc::kInvalidArgument, "the file of the Source's ssh key is no private key");
  }
  if (contains("Permission denied")) {
    return MakeError(Errc::kUnauthenticated,
                     "the ssh server refuses the Source's key (or it has a passphrase; the hub "
                     "needs a key without one)");
  }
  if (contains("not found") || contains("does not appear to be a git repository") ||
      contains("does not exist") || contains("no such repository")) {
    return MakeError(Errc::kNotFound, "the ssh server knows no such repository: " + said);
  }
  return MakeError(Errc::kUnavailable,
                   "the ssh connection ended" + (said.empty() ? "" : ": " + said));
}

}  // namespace dunlin::git
