#include "hub/git/socket_stream.h"

#include <fcntl.h>
#include <git2.h>
#include <git2/sys/errors.h>
#include <git2/sys/stream.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <memory>

#include "hub/git/libgit2.h"

namespace dunlin::git {
namespace {

constexpr int kConnectTimeoutMs = 15'000;

std::vector<Network>& AllowedNetworks() {
  static std::vector<Network> networks;  // of the one request of this process
  return networks;
}

int& SilenceMs() {
  static int silence = -1;  // of the one request of this process; -1: no limit
  return silence;
}

struct Server {
  std::string host;
  std::string port;
};

Server& PinnedServer() {
  static Server server;  // of the one request of this process
  return server;
}

// As in a URL, and as libgit2 hands it on.
std::string WithoutBrackets(const std::string& host) {
  const bool has = host.size() > 2 && host.front() == '[' && host.back() == ']';
  return has ? host.substr(1, host.size() - 2) : host;
}

struct SocketStream {
  git_stream parent;  // first: libgit2 casts between the two
  std::string host;
  std::string port;
  int fd = -1;
};

SocketStream& Of(git_stream* stream) { return *reinterpret_cast<SocketStream*>(stream); }

IpAddress AddressOf(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    std::array<uint8_t, 4> v4;
    std::memcpy(v4.data(), &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, v4.size());
    return IpAddress::FromV4(v4);
  }
  IpAddress v6;
  std::memcpy(v6.bytes.data(), &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr,
              v6.bytes.size());
  return v6;
}

Error SocketError(const std::string& where, int error) {
  const Errc code = error == ETIMEDOUT ? Errc::kTimeout : Errc::kUnavailable;
  return MakeError(code, "cannot connect to " + where + ": " + strerror(error));
}

// Waits until the socket is ready, or its own error shows.
int WaitFor(int fd, short events, int timeout_ms) {
  pollfd item{fd, events, 0};
  const int ready = poll(&item, 1, timeout_ms);
  if (ready == 0) errno = ETIMEDOUT;
  return ready > 0 ? 0 : -1;
}

Result<int> ConnectTo(const addrinfo& info, const std::string& where) {
  const int fd = socket(info.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return SocketError(where, errno);
  int error = connect(fd, info.ai_addr, info.ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    error = WaitFor(fd, POLLOUT, kConnectTimeoutMs) == 0 ? 0 : errno;
    socklen_t size = sizeof error;
    if (error == 0) getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  }
  if (error == 0) return fd;
  close(fd);
  return SocketError(where, error);
}

Result<Connection> ConnectPinned(const SocketStream& socket) {
  if (socket.host != PinnedServer().host || socket.port != PinnedServer().port) {
    return MakeError(Errc::kPermission, "the server redirects to " + socket.host + ":" +
                                            socket.port +
                                            "; write the address that it leads to as the repo");
  }
  return ConnectChecked(socket.host, socket.port);
}

int OnConnect(git_stream* stream) {
  SocketStream& socket = Of(stream);
  auto connection = ConnectPinned(socket);
  if (!connection) {
    git_error_set_str(GIT_ERROR_NET, connection.error().message.c_str());
    SetCallbackError(connection.error());
    return -1;
  }
  socket.fd = connection->fd;
  return 0;
}

// Also as the error of the whole request: TLS above would only say that it has failed.
int Fail(const char* what) {
  const Errc code = errno == ETIMEDOUT ? Errc::kTimeout : Errc::kUnavailable;
  Error error = MakeError(code, std::string(what) + ": " + strerror(errno));
  git_error_set_str(GIT_ERROR_NET, error.message.c_str());
  SetCallbackError(std::move(error));
  return code == Errc::kTimeout ? GIT_TIMEOUT : -1;
}

ssize_t OnRead(git_stream* stream, void* data, size_t size) {
  for (;;) {
    const ssize_t n = recv(Of(stream).fd, data, size, 0);
    if (n >= 0) return n;
    if (errno == EINTR) continue;
    if (errno != EAGAIN || WaitFor(Of(stream).fd, POLLIN, SilenceMs()) != 0) {
      return Fail("the Git server does not answer");
    }
  }
}

ssize_t OnWrite(git_stream* stream, const char* data, size_t size, int) {
  for (;;) {
    const ssize_t n = send(Of(stream).fd, data, size, MSG_NOSIGNAL);
    if (n >= 0) return n;
    if (errno == EINTR) continue;
    if (errno != EAGAIN || WaitFor(Of(stream).fd, POLLOUT, SilenceMs()) != 0) {
      return Fail("the Git server does not listen");
    }
  }
}

int OnClose(git_stream* stream) {
  if (Of(stream).fd >= 0) close(Of(stream).fd);
  Of(stream).fd = -1;
  return 0;
}

void OnFree(git_stream* stream) {
  OnClose(stream);
  delete &Of(stream);
}

int OnInit(git_stream** out, const char* host, const char* port) {
  auto socket = std::make_unique<SocketStream>();
  socket->parent = git_stream{};
  socket->parent.version = GIT_STREAM_VERSION;
  socket->parent.connect = OnConnect;
  socket->parent.read = OnRead;
  socket->parent.write = OnWrite;
  socket->parent.close = OnClose;
  socket->parent.free = OnFree;
  socket->host = WithoutBrackets(host);
  socket->port = port;
  *out = &socket.release()->parent;
  return 0;
}

}  // namespace

void PinServer(const std::string& host, uint16_t port) {
  PinnedServer() = {host, std::to_string(port)};
}

Result<Connection> ConnectChecked(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (failed != 0) {
    const Errc code = failed == EAI_NONAME ? Errc::kNotFound : Errc::kUnavailable;
    return MakeError(code, "cannot find the host " + host + ": " + gai_strerror(failed));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(found, freeaddrinfo);
  Error last = MakeError(Errc::kNotFound, "the host " + host + " has no address");
  for (const addrinfo* info = list.get(); info != nullptr; info = info->ai_next) {
    if (info->ai_family != AF_INET && info->ai_family != AF_INET6) continue;
    const IpAddress address = AddressOf(info->ai_addr);
    // One forbidden address refuses the whole name: a mix is how a rebinding answer looks.
    if (auto allowed = CheckAddress(address, AllowedNetworks()); !allowed) return allowed.error();
    auto fd = ConnectTo(*info, host + " (" + address.Text() + ")");
    if (fd) return Connection{*fd, address};
    last = fd.error();
  }
  return last;
}

Status RegisterSocketStream(const std::vector<std::string>& allow_networks, Millis silence) {
  SilenceMs() = static_cast<int>(silence.count());
  for (const std::string& text : allow_networks) {
    TRY(const Network network, Network::Parse(text));
    AllowedNetworks().push_back(network);
  }
  static git_stream_registration registration{
      .version = GIT_STREAM_VERSION, .init = OnInit, .wrap = nullptr};
  const int code = git_stream_register(GIT_STREAM_STANDARD, &registration);
  if (code != 0) return LastError("cannot register the socket", code);
  return {};
}

}  // namespace dunlin::git
