// TLS on memory buffers (mbedTLS 3.6): bytes in, bytes out, no socket, no clock of its own.
//
// Rules (security design 1.2): tickets, PSK and 0-RTT off; secp256r1 first; TLS_AES_128_GCM_SHA256
// first; a context is never reused. Verification of Dunlin's own chains: every certificate must be
// ECDSA-SHA256 on P-256, chain = leaf + our CA (CA compared by SPKI), no intermediate.
//
// Errors of Feed() and Write(): kSignature (certificate or name does not hold), kExpired
// (certificate out of its time), kUnauthenticated (the peer refused our certificate, or a client
// sent none), kUnsupported (no common version, cipher or protocol), kCorrupt (not TLS, damaged),
// kUnavailable (closed during the handshake). TLS 1.3 lets a server refuse a client's certificate
// after the client's handshake is done: the refusal is then the error of a later Feed().
//
// mbedTLS judges expiry by the machine's wall clock; everything else is a value from outside. A
// peer that updates its keys (KeyUpdate) ends the connection with an error: mbedTLS 3.6 cannot
// follow.
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
    std::optional<Digest> pin_ca_spki;  // accept the chain whose (sent) CA has this SPKI hash
    // Enrolment, where only a hash over root.json and the CA is known: accept the CA that the peer
    // sends in its chain. REQUIRES: the caller compares Engine::PeerCaSpki() with its token
    // (trust::CheckTokenPin) before it sends anything secret. Both modes are for clients without a
    // CA file and follow own_chain_rules.
    bool trust_sent_ca = false;
    // Servers: refuse a ClientHello with a name that the certificate does not hold, and one without
    // a name unless the certificate holds an IP address (a client that connects by IP sends none).
    bool own_names_only = false;
  };
  // kInvalidArgument names the setting that is wrong.
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
  // Feed("") only reports the state: a client that cannot even start (no server name) says so here.
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
  std::string Alpn() const;  // empty: none was agreed (only without require_alpn)
  // Empty when the peer sent none, or (foreign servers) one whose key is not P-256.
  const std::optional<crypto::CertificateInfo>& PeerCertificate() const;
  // SubjectPublicKeyInfo (DER) of the CA that the verified chain ended in; empty when not verified.
  const Bytes& PeerCaSpki() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dunlin::tls
