#include "tests/e2e/detour.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace dunlin::e2e {

namespace {

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

Error Failure(const std::string& what) {
  return MakeError(Errc::kIo, what + ": " + std::strerror(errno));
}

bool WriteAll(int to, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t written = ::send(to, data, size, MSG_NOSIGNAL);
    if (written <= 0) return false;
    data += written;
    size -= static_cast<size_t>(written);
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<Detour>> Detour::Start(uint16_t target) {
  std::unique_ptr<Detour> out(new Detour());
  out->target_ = target;
  out->listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (out->listener_ < 0 || ::bind(out->listener_, generic, size) != 0 ||
      ::listen(out->listener_, 64) != 0 || ::getsockname(out->listener_, generic, &size) != 0) {
    return Failure("listen");
  }
  out->port_ = ntohs(address.sin_port);
  out->accepting_ = std::thread([raw = out.get()] { raw->Accept(); });
  return out;
}

Detour::~Detour() {
  ::shutdown(listener_, SHUT_RDWR);
  if (accepting_.joinable()) accepting_.join();
  Cut();
  for (std::thread& thread : threads_) thread.join();
  for (const int socket : open_) ::close(socket);
  ::close(listener_);
}

void Detour::LeadTo(uint16_t target) {
  target_ = target;
  Cut();
}

void Detour::Cut() {
  const std::lock_guard lock(mutex_);
  for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);
}

void Detour::Accept() {
  for (;;) {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    ++connections_;
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = Loopback(target_);
    const bool reached =
        ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    {
      const std::lock_guard lock(mutex_);
      open_.insert({client, server});
    }
    if (!reached) {
      ::shutdown(client, SHUT_RDWR);
      continue;
    }
    threads_.emplace_back([this, client, server] { Pump(client, server); });
    threads_.emplace_back([this, client, server] { Pump(server, client); });
  }
}

void Detour::Pump(int from, int to) {
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t size = ::recv(from, buffer.data(), buffer.size(), 0);
    if (size <= 0 || !WriteAll(to, buffer.data(), static_cast<size_t>(size))) break;
  }
  ::shutdown(from, SHUT_RDWR);
  ::shutdown(to, SHUT_RDWR);
}

}  // namespace dunlin::e2e
