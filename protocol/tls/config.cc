#include <algorithm>

#include "protocol/crypto/mbedtls_init.h"
#include "protocol/tls/config_impl.h"

namespace dunlin::tls {
namespace {

// All lists must outlive every config, hence static. GCM with ECDHE only; ChaCha20, CBC, RSA key
// exchange and finite-field groups have no place here. AES-128 first: half a round less per block
// and hardware on every machine.
constexpr int kSuites13[] = {MBEDTLS_TLS1_3_AES_128_GCM_SHA256, MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
                             0};
constexpr int kSuites12[] = {MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
                             MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
                             MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                             MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
                             MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                             MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
                             0};

constexpr uint16_t kOwnGroups[] = {MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
                                   MBEDTLS_SSL_IANA_TLS_GROUP_NONE};
constexpr uint16_t kForeignGroups[] = {
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1, MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1, MBEDTLS_SSL_IANA_TLS_GROUP_NONE};

constexpr uint16_t kOwnSignatures[] = {MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
                                       MBEDTLS_TLS1_3_SIG_NONE};
constexpr uint16_t kForeignSignatures[] = {
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256, MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP521R1_SHA512, MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256,
    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384,    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,       MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,       MBEDTLS_TLS1_3_SIG_NONE};

Error Bad(std::string what, int rc) {
  if (rc < 0) what += ": " + crypto::MbedtlsErrorText(rc);
  return MakeError(Errc::kInvalidArgument, std::move(what));
}

Status ParseChain(const std::string& pem, const std::string& what, mbedtls_x509_crt* out) {
  const int rc = mbedtls_x509_crt_parse(out, reinterpret_cast<const unsigned char*>(pem.c_str()),
                                        pem.size() + 1);
  if (rc == 0) return {};
  return Bad("the " + what + " is not a PEM certificate (all of it)", rc);
}

Status LoadIdentity(const Config::Options& options, Config::Impl& impl) {
  impl.has_identity = !options.certificate_pem.empty() || !options.private_key_pem.empty();
  if (!impl.has_identity) {
    if (options.role == Role::kClient) return {};
    return Bad("a TLS server needs a certificate and a private key", 0);
  }
  TRY_VOID(ParseChain(options.certificate_pem, "certificate", &impl.chain.crt));
  const std::string& pem = options.private_key_pem;
  int rc = mbedtls_pk_parse_key(&impl.key.pk, reinterpret_cast<const unsigned char*>(pem.c_str()),
                                pem.size() + 1, nullptr, 0, crypto::MbedtlsRandom, nullptr);
  if (rc != 0) return Bad("the private key is not an unencrypted PEM key", rc);
  rc = mbedtls_pk_check_pair(&impl.chain.crt.pk, &impl.key.pk, crypto::MbedtlsRandom, nullptr);
  if (rc != 0) return Bad("the private key does not belong to the certificate", 0);
  rc = mbedtls_ssl_conf_own_cert(&impl.ssl, &impl.chain.crt, &impl.key.pk);
  if (rc != 0) return Bad("the certificate cannot be used", rc);
  return {};
}

Status LoadNames(const Config::Options& options, Config::Impl& impl) {
  impl.own_names_only = options.own_names_only;
  if (!options.own_names_only) return {};
  TRY(crypto::CertificateInfo info, crypto::ParseCertificatePem(options.certificate_pem));
  impl.dns_names = std::move(info.dns_sans);
  impl.has_ip_name = !info.ip_sans.empty();
  return {};
}

Status LoadTrust(const Config::Options& options, Config::Impl& impl) {
  const bool pinned = options.pin_ca_spki.has_value() || options.trust_sent_ca;
  impl.rules.own_chain = options.own_chain_rules || pinned;
  impl.rules.peer_is_server = options.role == Role::kClient;
  impl.rules.anchored = !pinned;
  impl.rules.trust_sent_ca = options.trust_sent_ca;
  if (pinned &&
      (options.role != Role::kClient || !options.ca_pem.empty() || !options.verify_peer)) {
    return Bad("a pinned CA is for clients that have no CA file and verify the server", 0);
  }
  if (options.pin_ca_spki) impl.rules.ca_spki.push_back(*options.pin_ca_spki);
  if (options.ca_pem.empty()) return {};
  TRY_VOID(ParseChain(options.ca_pem, "CA file", &impl.ca.crt));
  mbedtls_ssl_conf_ca_chain(&impl.ssl, &impl.ca.crt, nullptr);
  for (const auto* ca = &impl.ca.crt; ca != nullptr; ca = ca->next) {
    impl.rules.ca_spki.push_back(
        crypto::Sha256({reinterpret_cast<const char*>(ca->pk_raw.p), ca->pk_raw.len}));
  }
  return {};
}

int AuthMode(const Config::Impl& impl) {
  if (!impl.verify_peer) return MBEDTLS_SSL_VERIFY_NONE;
  // REQUIRED wants a CA file. Without one, PeerVerifier ends the handshake itself and the engine
  // asks for a zero verify result afterwards.
  return impl.rules.anchored ? MBEDTLS_SSL_VERIFY_REQUIRED : MBEDTLS_SSL_VERIFY_OPTIONAL;
}

void SetProtocol(const Config::Options& options, Config::Impl& impl) {
  mbedtls_ssl_config* ssl = &impl.ssl;
  const bool own = impl.rules.own_chain;
  const bool tls12 = options.allow_tls12 && !own;
  mbedtls_ssl_conf_rng(ssl, crypto::MbedtlsRandom, nullptr);
  mbedtls_ssl_conf_authmode(ssl, AuthMode(impl));
  mbedtls_ssl_conf_min_tls_version(ssl,
                                   tls12 ? MBEDTLS_SSL_VERSION_TLS1_2 : MBEDTLS_SSL_VERSION_TLS1_3);
  mbedtls_ssl_conf_max_tls_version(ssl, MBEDTLS_SSL_VERSION_TLS1_3);
  mbedtls_ssl_conf_ciphersuites(ssl, tls12 ? kSuites12 : kSuites13);
  mbedtls_ssl_conf_groups(ssl, own ? kOwnGroups : kForeignGroups);
  mbedtls_ssl_conf_sig_algs(ssl, own ? kOwnSignatures : kForeignSignatures);
  // No resumption of any kind (CVE-2026-34873): ephemeral key exchange only, no tickets.
  mbedtls_ssl_conf_tls13_key_exchange_modes(ssl, MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL);
  mbedtls_ssl_conf_session_tickets(ssl, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
  mbedtls_ssl_conf_new_session_tickets(ssl, 0);
  mbedtls_ssl_conf_renegotiation(ssl, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
}

Status SetAlpn(const Config::Options& options, Config::Impl& impl) {
  impl.require_alpn = options.require_alpn && !options.alpn.empty();
  impl.alpn = options.alpn;
  if (impl.alpn.empty()) return {};
  for (const std::string& protocol : impl.alpn) impl.alpn_list.push_back(protocol.c_str());
  impl.alpn_list.push_back(nullptr);
  const int rc = mbedtls_ssl_conf_alpn_protocols(&impl.ssl, impl.alpn_list.data());
  if (rc != 0) return Bad("the ALPN list is not valid", rc);
  return {};
}

bool SameName(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

// RFC 6125 6.4.3: "*." stands for one label.
bool Covers(std::string_view name, std::string_view sni) {
  if (!name.starts_with("*.")) return SameName(name, sni);
  const size_t dot = sni.find('.');
  return dot != 0 && dot != std::string_view::npos && SameName(name.substr(1), sni.substr(dot));
}

// mbedTLS calls this when it has read the ClientHello.
int CheckName(mbedtls_ssl_context* ssl) {
  const auto* settings = static_cast<const Config::Impl*>(
      mbedtls_ssl_context_get_config(ssl)->MBEDTLS_PRIVATE(user_data).p);
  size_t length = 0;
  const unsigned char* name = mbedtls_ssl_get_hs_sni(ssl, &length);
  const std::string_view sni(reinterpret_cast<const char*>(name), name == nullptr ? 0 : length);
  if (settings->Serves(sni)) return 0;
  mbedtls_ssl_send_alert_message(ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                 MBEDTLS_SSL_ALERT_MSG_UNRECOGNIZED_NAME);
  return MBEDTLS_ERR_SSL_UNRECOGNIZED_NAME;
}

}  // namespace

bool Config::Impl::Serves(std::string_view sni) const {
  if (!own_names_only) return true;
  if (sni.empty()) return has_ip_name;
  return std::any_of(dns_names.begin(), dns_names.end(),
                     [&](const std::string& name) { return Covers(name, sni); });
}

Config::Config(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Config::~Config() = default;

Result<std::shared_ptr<const Config>> Config::Make(Options options) {
  crypto::EnsureMbedtls();
  auto impl = std::make_unique<Impl>();
  impl->role = options.role;
  impl->verify_peer = options.verify_peer;
  const int endpoint =
      options.role == Role::kClient ? MBEDTLS_SSL_IS_CLIENT : MBEDTLS_SSL_IS_SERVER;
  const int rc = mbedtls_ssl_config_defaults(&impl->ssl, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM,
                                             MBEDTLS_SSL_PRESET_DEFAULT);
  if (rc != 0) return MakeError(Errc::kInternal, "TLS set-up: " + crypto::MbedtlsErrorText(rc));
  TRY_VOID(LoadIdentity(options, *impl));
  TRY_VOID(LoadNames(options, *impl));
  TRY_VOID(LoadTrust(options, *impl));
  SetProtocol(options, *impl);
  TRY_VOID(SetAlpn(options, *impl));
  if (options.role == Role::kServer) {
    mbedtls_ssl_conf_set_user_data_p(&impl->ssl, impl.get());
    mbedtls_ssl_conf_cert_cb(&impl->ssl, CheckName);
  }
  return std::shared_ptr<const Config>(new Config(std::move(impl)));
}

}  // namespace dunlin::tls
