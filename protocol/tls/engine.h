// TLS on memory buffers (mbedTLS 3.6): bytes in, bytes out, no socket, no clock of its own.
//
// Rules (security design 1.2): tickets, PSK and 0-RTT off; secp256r1 first; TLS_AES_128_GCM_SHA256
// first; a context is never reused. Verification of Dunlin's own chains: every certificate must be
// ECDSA-SHA256 on P-256, chain = leaf + our CA (CA compared by SPKI), no intermediate.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/time.h"
#include "protocol/crypto/certificate.h"

namespace dunlin::tls {

enum class Role { kClient, kServer };

// Immutable settings shared by many engines (parsed keys, chains, trust anchors). Thread-safe.
class Config {
 public:
  struct Options {
    Role role = Role::kClient;
    bool allow_tls12 = false;       // public port and foreign servers only; default 1.3 only
    std::vector<std::string> alpn;  // in order of preference: "h2", "http/1.1"
    bool require_alpn = true;       // no common protocol: refuse
    // Own identity (server: required; client: for mTLS). PEM chain, leaf first, and its key.
    std::string certificate_pem;
    std::string private_key_pem;  // P-256, RSA is accepted for foreign kubeconfigs
    // Trust anchors, PEM, concatenated. Empty with `verify` on: every peer is refused.
    std::string ca_pem;
    bool verify_peer = true;       // server: REQUIRE a client certificate; client: never off
                                   // except insecure-skip-tls-verify of a kubeconfig
    bool own_chain_rules = false;  // the strict rules above (hub <-> agent); off for apiservers
    std::optional<Digest> pin_ca_spki;  // enrolment: accept the chain whose root has this SPKI hash
  };
  static Result<std::shared_ptr<const Config>> Make(Options options);
  ~Config();
  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  explicit Config(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class Engine {
 public:
  // server_name: SNI and the name that is verified (clients; a textual IP is verified as IP SAN,
  // without SNI). time_floor: "not yet valid" is judged against max(wall clock, time_floor): a
  // machine without RTC.
  Engine(std::shared_ptr<const Config> config, std::string server_name, TimePoint time_floor = {});
  ~Engine();

  // Ciphertext from the peer. After an error the engine is dead; Drain() may still hold an alert.
  Status Feed(BytesView ciphertext);
  // Ciphertext for the peer; empty when there is none. Call after every other call.
  Bytes Drain();
  bool HandshakeDone() const;
  // Plaintext received so far; moves it out.
  Bytes TakePlaintext();
  bool PeerClosed() const;  // close_notify seen
  // REQUIRES: HandshakeDone(). Encrypts all of it (records of at most 16 KiB).
  Status Write(BytesView plaintext);
  void Close();  // queues close_notify

  // REQUIRES: HandshakeDone().
  std::string Alpn() const;
  const std::optional<crypto::CertificateInfo>& PeerCertificate() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dunlin::tls
