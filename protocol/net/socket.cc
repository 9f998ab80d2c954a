#include "protocol/net/socket.h"

#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/connect.hpp>

#include "protocol/net/runtime.h"

namespace dunlin::net::internal {
namespace {

using Tcp = asio::ip::tcp;
using Local = asio::local::stream_protocol;

constexpr int kKeepAliveIdleSeconds = 60;
constexpr int kKeepAliveIntervalSeconds = 15;
constexpr int kKeepAliveProbes = 4;

std::string Name(const std::string& host, uint16_t port) {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Errc ConnectCode(const ErrorCode& ec) {
  return ec == boost::system::errc::permission_denied ? Errc::kPermission : Errc::kUnavailable;
}

Task<Socket> ConnectOne(Tcp::endpoint endpoint, std::string name) {
  auto executor = co_await asio::this_coro::executor;
  Tcp::socket socket(executor);
  auto [ec] = co_await socket.async_connect(endpoint, kToken);
  if (ec) co_return SocketError(ConnectCode(ec), "connect to " + name, ec);
  Socket connected(std::move(socket));
  Tune(connected);
  co_return Result<Socket>(std::move(connected));
}

Task<std::vector<Tcp::endpoint>> Resolve(std::string host, uint16_t port) {
  ErrorCode ec;
  auto address = asio::ip::make_address(host, ec);
  if (!ec) co_return std::vector<Tcp::endpoint>{{address, port}};
  auto executor = co_await asio::this_coro::executor;
  Tcp::resolver resolver(executor);
  auto [failure, found] = co_await resolver.async_resolve(host, std::to_string(port), kToken);
  if (failure) co_return SocketError(Errc::kUnavailable, "resolve " + host, failure);
  std::vector<Tcp::endpoint> endpoints;
  for (const auto& entry : found) endpoints.push_back(entry.endpoint());
  co_return endpoints;
}

// Whether somebody answers on the socket file.
bool IsLive(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  const int rc = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  ::close(fd);
  return rc == 0;
}

Status RemoveStale(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return {};
  if (!S_ISSOCK(info.st_mode)) {
    return MakeError(Errc::kIo, "listen on " + path + ": a file that is no socket is in the way");
  }
  if (IsLive(path)) {
    return MakeError(Errc::kIo, "listen on " + path + ": another process listens there");
  }
  ::unlink(path.c_str());
  return {};
}

}  // namespace

Error SocketError(Errc code, const std::string& what, const ErrorCode& ec) {
  if (ec == asio::error::operation_aborted) code = Errc::kCancelled;
  return MakeError(code, what + ": " + ec.message());
}

Task<Socket> ConnectTcp(std::string host, uint16_t port, Millis limit) {
  CO_TRY(auto endpoints, co_await Resolve(host, port));
  Error last = MakeError(Errc::kUnavailable, "resolve " + host + ": no address");
  const Millis each = limit / static_cast<int64_t>(std::max<size_t>(endpoints.size(), 1));
  for (const Tcp::endpoint& endpoint : endpoints) {
    std::string name = Name(host, port);
    const std::string address = endpoint.address().to_string();
    if (address != host) name += " (" + address + ")";
    const std::string what = "connect to " + name;
    auto socket = co_await WithTimeout<Socket>(ConnectOne(endpoint, name), each, what);
    if (socket || socket.error().code == Errc::kCancelled) co_return socket;
    last = std::move(socket.error());
  }
  co_return last;
}

Task<Socket> ConnectUnix(std::string path) {
  auto executor = co_await asio::this_coro::executor;
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    co_return MakeError(Errc::kInvalidArgument, "the socket path " + path + " is too long");
  }
  Local::socket socket(executor);
  auto [ec] = co_await socket.async_connect(Local::endpoint(path), kToken);
  if (ec) co_return SocketError(ConnectCode(ec), "connect to " + path, ec);
  co_return Result<Socket>(Socket(std::move(socket)));
}

Result<Acceptor> ListenTcp(const asio::any_io_executor& executor, const std::string& address,
                           uint16_t port) {
  const std::string what = "listen on " + Name(address, port);
  ErrorCode ec;
  const auto ip = asio::ip::make_address(address, ec);
  if (ec) return MakeError(Errc::kIo, what + ": the address must be a textual IP");
  const Tcp::endpoint endpoint(ip, port);
  Acceptor acceptor(executor);
  acceptor.open(asio::generic::stream_protocol(endpoint.protocol()), ec);
  if (!ec) acceptor.set_option(asio::socket_base::reuse_address(true), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) return SocketError(Errc::kIo, what, ec);
  return acceptor;
}

Result<Acceptor> ListenUnix(const asio::any_io_executor& executor, const std::string& path) {
  const std::string what = "listen on " + path;
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return MakeError(Errc::kIo, what + ": the path is longer than a socket's name may be");
  }
  TRY_VOID(RemoveStale(path));
  const Local::endpoint endpoint(path);
  Acceptor acceptor(executor);
  ErrorCode ec;
  acceptor.open(asio::generic::stream_protocol(endpoint.protocol()), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  // Nobody can connect before listen(), so the mode is right before the first peer.
  if (!ec && ::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0) {
    ec.assign(errno, boost::system::system_category());
  }
  if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) return SocketError(Errc::kIo, what, ec);
  return acceptor;
}

void Tune(Socket& socket) {
  ErrorCode ignored;  // an option that the system refuses costs speed only
  socket.set_option(Tcp::no_delay(true), ignored);
  if (ignored) return;
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  const auto set = [&socket](int option, int value) {
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, option, &value, sizeof(value));
  };
  set(TCP_KEEPIDLE, kKeepAliveIdleSeconds);
  set(TCP_KEEPINTVL, kKeepAliveIntervalSeconds);
  set(TCP_KEEPCNT, kKeepAliveProbes);
}

}  // namespace dunlin::net::internal
