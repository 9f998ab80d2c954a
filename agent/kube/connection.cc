#include "agent/kube/connection.h"

#include <utility>

#include "protocol/base/limits.h"
#include "protocol/base/version.h"
#include "protocol/store/files.h"
#include "protocol/tls/engine.h"

namespace dunlin::kube {

namespace {

constexpr Millis kTokenAge{60000};  // merge.md section 14: tokens rotate in place

std::string Trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.pop_back();
  }
  return text;
}

}  // namespace

TokenSource::TokenSource(std::string token, std::string file, const Clock& clock)
    : token_(std::move(token)), file_(std::move(file)), clock_(clock) {}

const std::string& TokenSource::Current() {
  if (!file_.empty() && (!read_ || clock_.Monotonic() - read_at_ >= kTokenAge)) Reload();
  return token_;
}

bool TokenSource::Reload() {
  if (file_.empty()) return false;
  read_ = true;
  read_at_ = clock_.Monotonic();
  auto text = ReadFile(file_, limits::kKubeconfigBytes);
  // A file that cannot be read for a moment (the kubelet swaps it) leaves the last token in force.
  if (!text) return false;
  std::string token = Trimmed(std::move(*text));
  if (token == token_) return false;
  token_ = std::move(token);
  return true;
}

Result<std::shared_ptr<net::HttpClient>> ConnectTo(const Access& access, net::Admission admit,
                                                   asio::any_io_executor executor) {
  if (access.ca_pem.empty()) {
    return MakeError(Errc::kInvalidArgument,
                     access.origin +
                         ": the cluster names no certificate-authority; add "
                         "certificate-authority-data");
  }
  tls::Config::Options options;
  options.allow_tls12 = true;
  options.alpn = {"h2", "http/1.1"};
  options.require_alpn = false;
  options.certificate_pem = access.client_certificate_pem;
  options.private_key_pem = access.client_key_pem;
  options.ca_pem = access.ca_pem;
  net::Origin origin;
  TRY(origin.tls, tls::Config::Make(std::move(options)).WithContext(access.origin));
  origin.host = access.host;
  origin.port = access.port;
  origin.server_name = access.server_name;
  origin.admit = std::move(admit);
  origin.headers = {{"user-agent", std::string("dunlin-agent/") + kProductVersion}};
  return std::shared_ptr<net::HttpClient>(
      net::MakeHttpClient(std::move(executor), std::move(origin)));
}

}  // namespace dunlin::kube
