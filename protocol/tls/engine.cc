#include "protocol/tls/engine.h"

#include <arpa/inet.h>
#include <mbedtls/ssl.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "protocol/base/check.h"
#include "protocol/crypto/mbedtls_init.h"
#include "protocol/tls/alert.h"
#include "protocol/tls/config_impl.h"

namespace dunlin::tls {
namespace {

constexpr size_t kReadBytes = 16 * 1024;  // one full record

// 4 or 16 bytes when the text is an address.
std::optional<Bytes> AddressBytes(const std::string& text) {
  std::array<char, 16> address{};
  if (inet_pton(AF_INET, text.c_str(), address.data()) == 1) return Bytes(address.data(), 4);
  if (inet_pton(AF_INET6, text.c_str(), address.data()) == 1) return Bytes(address.data(), 16);
  return std::nullopt;
}

PeerVerifier::Expectation Expect(const std::string& name, TimePoint time_floor) {
  return {.name = name, .address = AddressBytes(name), .time_floor = time_floor};
}

}  // namespace

// mbedTLS pulls from `in` and pushes to `out` through two callbacks; the order of calls is the
// driver's. `failure` is set once and for ever.
struct Engine::Impl {
  Impl(std::shared_ptr<const Config> shared, const std::string& name, TimePoint time_floor)
      : config(std::move(shared)), verifier(config->impl().rules, Expect(name, time_floor)) {
    mbedtls_ssl_init(&ssl);
    const int rc = mbedtls_ssl_setup(&ssl, &config->impl().ssl);
    if (rc != 0) failure = MbedtlsError(rc, false);
  }
  ~Impl() { mbedtls_ssl_free(&ssl); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  static int Send(void* self, const unsigned char* data, size_t length) {
    static_cast<Impl*>(self)->out.append(reinterpret_cast<const char*>(data), length);
    return static_cast<int>(length);
  }
  static int Receive(void* self, unsigned char* data, size_t length) {
    Impl& engine = *static_cast<Impl*>(self);
    const size_t have = engine.in.size() - engine.in_used;
    if (have == 0) return MBEDTLS_ERR_SSL_WANT_READ;
    const size_t n = std::min(have, length);
    std::memcpy(data, engine.in.data() + engine.in_used, n);
    engine.in_used += n;
    return static_cast<int>(n);
  }

  void Start(const std::string& name);
  Status Fail(Error error) {
    if (!failure) failure = std::move(error);
    return *failure;
  }
  Error Explain(int rc);
  Status Handshake();
  Status AfterHandshake();
  Status Read();

  std::shared_ptr<const Config> config;
  PeerVerifier verifier;
  mbedtls_ssl_context ssl;
  Bytes in;
  size_t in_used = 0;
  Bytes out;
  Bytes plaintext;
  bool done = false;
  bool peer_closed = false;
  bool close_sent = false;
  bool data_seen = false;  // application data has arrived
  std::optional<Error> failure;
  std::optional<crypto::CertificateInfo> peer;
  Bytes no_ca;
};

void Engine::Impl::Start(const std::string& name) {
  const Config::Impl& settings = config->impl();
  mbedtls_ssl_set_bio(&ssl, this, Send, Receive, nullptr);
  if (settings.verify_peer) mbedtls_ssl_set_verify(&ssl, PeerVerifier::Callback, &verifier);
  if (settings.role == Role::kServer) return;
  if (name.empty() && settings.verify_peer) {
    failure =
        MakeError(Errc::kInvalidArgument, "a TLS client needs the server's name to verify it");
    return;
  }
  // An address is no server name (RFC 6066 3): it is not sent, and PeerVerifier compares it.
  const bool is_name = !name.empty() && !AddressBytes(name);
  const int rc = mbedtls_ssl_set_hostname(&ssl, is_name ? name.c_str() : nullptr);
  if (rc != 0) failure = MakeError(Errc::kInvalidArgument, "\"" + name + "\" is not a server name");
}

Error Engine::Impl::Explain(int rc) {
  if (rc == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) {
    // mbedTLS has no accessor for the alert's number; the second byte of the record is it.
    const bool sent = config->impl().role == Role::kServer || config->impl().has_identity;
    return AlertError(ssl.MBEDTLS_PRIVATE(in_msg)[1], sent);
  }
  const bool about_certificate = rc == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED ||
                                 rc == MBEDTLS_ERR_X509_FATAL_ERROR ||
                                 (rc == MBEDTLS_ERR_SSL_BAD_CERTIFICATE && verifier.refused());
  // An mbedTLS server still holds its handshake keys when it reads our certificate, so its alert is
  // encrypted under them (RFC 8446 wants the application keys) and cannot be read.
  if (rc == MBEDTLS_ERR_SSL_INVALID_MAC && done && !data_seen &&
      config->impl().role == Role::kClient) {
    return MakeError(Errc::kUnauthenticated,
                     "the server ended the connection right after the handshake; most likely it "
                     "refused our certificate");
  }
  if (about_certificate) return verifier.Refusal(mbedtls_ssl_get_verify_result(&ssl));
  return MbedtlsError(rc, done);
}

Status Engine::Impl::Handshake() {
  const int rc = mbedtls_ssl_handshake(&ssl);
  if (rc == MBEDTLS_ERR_SSL_WANT_READ) return {};
  if (rc != 0) return Fail(Explain(rc));
  return AfterHandshake();
}

Status Engine::Impl::AfterHandshake() {
  const Config::Impl& settings = config->impl();
  if (settings.verify_peer) {
    const uint32_t result = mbedtls_ssl_get_verify_result(&ssl);
    if (result != 0 || verifier.refused()) return Fail(verifier.Refusal(result));
  }
  if (settings.require_alpn && mbedtls_ssl_get_alpn_protocol(&ssl) == nullptr) {
    mbedtls_ssl_send_alert_message(&ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                   MBEDTLS_SSL_ALERT_MSG_NO_APPLICATION_PROTOCOL);
    return Fail(MbedtlsError(MBEDTLS_ERR_SSL_NO_APPLICATION_PROTOCOL, false));
  }
  if (const mbedtls_x509_crt* leaf = mbedtls_ssl_get_peer_cert(&ssl)) {
    auto info =
        crypto::ParseCertificateDer({reinterpret_cast<const char*>(leaf->raw.p), leaf->raw.len});
    if (info) peer = std::move(*info);
  }
  done = true;
  return {};
}

Status Engine::Impl::Read() {
  std::array<unsigned char, kReadBytes> buffer;
  while (!peer_closed) {
    const int rc = mbedtls_ssl_read(&ssl, buffer.data(), buffer.size());
    if (rc > 0) {
      data_seen = true;
      plaintext.append(reinterpret_cast<const char*>(buffer.data()), static_cast<size_t>(rc));
      continue;
    }
    if (rc == MBEDTLS_ERR_SSL_WANT_READ) return {};
    if (rc == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) continue;  // thrown away
    if (rc == 0 || rc == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
      peer_closed = true;
      return {};
    }
    return Fail(Explain(rc));
  }
  return {};
}

Engine::Engine(std::shared_ptr<const Config> config, std::string server_name, TimePoint time_floor)
    : impl_(std::make_unique<Impl>(std::move(config), server_name, time_floor)) {
  if (!impl_->failure) impl_->Start(server_name);
  // A client speaks first. A failure is kept for the next Feed().
  if (!impl_->failure && impl_->config->impl().role == Role::kClient) (void)impl_->Handshake();
}

Engine::~Engine() = default;

Status Engine::Feed(BytesView ciphertext) {
  Impl& engine = *impl_;
  if (engine.failure) return *engine.failure;
  if (engine.peer_closed) return {};  // RFC 8446 6.1: data after close_notify is ignored
  engine.in.append(ciphertext);
  Status status;
  if (!engine.done) status = engine.Handshake();
  if (status && engine.done) status = engine.Read();
  engine.in.erase(0, engine.in_used);
  engine.in_used = 0;
  return status;
}

Bytes Engine::Drain() { return std::exchange(impl_->out, Bytes()); }
bool Engine::HandshakeDone() const { return impl_->done; }
Bytes Engine::TakePlaintext() { return std::exchange(impl_->plaintext, Bytes()); }
bool Engine::PeerClosed() const { return impl_->peer_closed; }

Status Engine::Write(BytesView plaintext) {
  Impl& engine = *impl_;
  if (engine.failure) return *engine.failure;
  CHECK(engine.done);
  if (engine.close_sent)
    return MakeError(Errc::kCancelled, "write after the connection was closed");
  while (!plaintext.empty()) {
    const int rc = mbedtls_ssl_write(
        &engine.ssl, reinterpret_cast<const unsigned char*>(plaintext.data()), plaintext.size());
    if (rc <= 0) return engine.Fail(MbedtlsError(rc, true));
    plaintext.remove_prefix(static_cast<size_t>(rc));
  }
  return {};
}

void Engine::Close() {
  Impl& engine = *impl_;
  if (engine.failure || engine.close_sent || !engine.done) return;
  mbedtls_ssl_close_notify(&engine.ssl);
  engine.close_sent = true;
}

std::string Engine::Alpn() const {
  const char* protocol = mbedtls_ssl_get_alpn_protocol(&impl_->ssl);
  return protocol == nullptr ? std::string() : std::string(protocol);
}

const std::optional<crypto::CertificateInfo>& Engine::PeerCertificate() const {
  return impl_->peer;
}

const Bytes& Engine::PeerCaSpki() const {
  return impl_->done ? impl_->verifier.ca_spki() : impl_->no_ca;
}

}  // namespace dunlin::tls
