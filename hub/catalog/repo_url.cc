#include "hub/catalog/repo_url.h"

#include <algorithm>
#include <charconv>

#include "protocol/base/limits.h"

namespace dunlin::catalog {
namespace {

using Scheme = RepoUrl::Scheme;

bool IsAlnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool IsListed(char c) {
  return IsAlnum(c) || std::string_view("._~/+@-").find(c) != std::string_view::npos;
}

Error Invalid(std::string message) { return MakeError(Errc::kInvalidArgument, std::move(message)); }

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> PercentDecode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? HexValue(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? HexValue(text[i + 2]) : -1;
    if (high < 0 || low < 0) return Invalid("the repository URL has a broken percent escape");
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

// Decodes one part of a URL and holds it to the list.
Result<std::string> Listed(std::string_view part, std::string_view what) {
  TRY(std::string decoded, PercentDecode(part));
  if (!std::all_of(decoded.begin(), decoded.end(), IsListed)) {
    return Invalid("the " + std::string(what) +
                   " of the repository URL may only hold letters, digits and . _ ~ / + @ -");
  }
  if (!decoded.empty() && decoded.front() == '-') {
    return Invalid("the " + std::string(what) + " of the repository URL may not start with '-'");
  }
  return decoded;
}

Result<std::string> ParsePath(std::string_view text) {
  TRY(std::string path, Listed(text, "path"));
  while (!path.empty() && path.back() == '/') path.pop_back();
  if (path.empty()) return Invalid("the repository URL names no repository");
  std::string_view rest = path;
  while (!rest.empty()) {
    const size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    if (part == "..") return Invalid("the path of the repository URL may not contain \"..\"");
    if (!part.empty() && part.front() == '-') {
      return Invalid("no part of the repository's path may start with '-'");
    }
    rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
  }
  return path;
}

Result<std::string> ParseHost(std::string_view text) {
  std::string host(text);
  for (char& c : host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  const bool listed = std::all_of(host.begin(), host.end(),
                                  [](char c) { return IsAlnum(c) || c == '.' || c == '-'; });
  if (host.empty() || host.size() > 253 || !listed || !IsAlnum(host.front())) {
    return Invalid("the repository URL has no valid host name");
  }
  return host;
}

Result<std::string> ParseIpv6(std::string_view text) {
  const bool listed = std::all_of(text.begin(), text.end(),
                                  [](char c) { return HexValue(c) >= 0 || c == ':' || c == '.'; });
  if (!listed || text.size() > 45 || text.find(':') == std::string_view::npos) {
    return Invalid("the brackets of the repository URL hold no IPv6 address");
  }
  return std::string(text);
}

// "[user@]host[:port]" into `url`.
Status ParseAuthority(std::string_view text, RepoUrl& url) {
  if (const size_t at = text.rfind('@'); at != std::string_view::npos) {
    const std::string_view user = text.substr(0, at);
    if (user.find(':') != std::string_view::npos) {
      return Invalid(
          "the repository URL holds a password; put it into a Source, where no log and no screen "
          "shows it");
    }
    TRY(std::string name, Listed(user, "user"));
    if (name.empty() || name.find_first_of("/@") != std::string::npos) {
      return Invalid("the repository URL has no valid user");
    }
    if (url.scheme == Scheme::kSsh) url.user = std::move(name);
    text.remove_prefix(at + 1);
  }
  std::string_view port;
  bool has_port = false;
  if (!text.empty() && text.front() == '[') {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return Invalid("the repository URL lacks a ']'");
    TRY(url.host, ParseIpv6(text.substr(1, close - 1)));
    text.remove_prefix(close + 1);
    if (!text.empty() && text.front() != ':') return Invalid("text after ']' in the URL");
    has_port = !text.empty();
    if (has_port) port = text.substr(1);
  } else {
    const size_t colon = text.find(':');
    has_port = colon != std::string_view::npos;
    if (has_port) port = text.substr(colon + 1);
    TRY(url.host, ParseHost(text.substr(0, colon)));
  }
  if (!has_port) return {};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
  if (error != std::errc() || end != port.data() + port.size() || url.port == 0) {
    return Invalid("the port of the repository URL is no number from 1 to 65535");
  }
  return {};
}

Result<RepoUrl> ParseLocal(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      return Invalid("the repository's path holds a control character");
    }
  }
  RepoUrl url;
  url.scheme = Scheme::kLocal;
  url.path = std::string(text);
  if ((url.path + "/").find("/../") != std::string::npos) {
    return Invalid("the path of a local repository may not contain \"..\"");
  }
  while (url.path.size() > 1 && url.path.back() == '/') url.path.pop_back();
  if (url.path == "/") return Invalid("\"/\" is no repository");
  return url;
}

// [user@]host:path
Result<RepoUrl> ParseScp(std::string_view text) {
  RepoUrl url;
  url.scheme = Scheme::kSsh;
  size_t colon = text.find(':');
  const size_t bracket = text.find('[');
  if (bracket != std::string_view::npos && bracket < colon) {
    const size_t close = text.find(']');
    colon = close == std::string_view::npos ? close : text.find(':', close);
  }
  if (colon == std::string_view::npos) {
    return Invalid(
        "a repository is https://host/path, ssh://user@host/path, user@host:path, or the absolute "
        "path of a directory on the hub");
  }
  TRY_VOID(ParseAuthority(text.substr(0, colon), url));
  TRY(url.path, ParsePath(text.substr(colon + 1)));
  url.scp_relative = url.path.front() != '/';
  return url;
}

uint16_t DefaultPort(Scheme scheme) {
  switch (scheme) {
    case Scheme::kHttps:
      return 443;
    case Scheme::kHttp:
      return 80;
    case Scheme::kSsh:
      return 22;
    case Scheme::kLocal:
      return 0;
  }
  return 0;
}

std::string HostText(const RepoUrl& url) {
  return url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]";
}

}  // namespace

std::string RepoUrl::Text() const {
  if (scheme == Scheme::kLocal) return path;
  const std::string at = user.empty() ? std::string() : user + "@";
  if (scp_relative) return at + HostText(*this) + ":" + path;
  const std::string_view prefix = scheme == Scheme::kHttps  ? "https://"
                                  : scheme == Scheme::kHttp ? "http://"
                                                            : "ssh://";
  const std::string colon = port == 0 ? std::string() : ":" + std::to_string(port);
  return std::string(prefix) + at + HostText(*this) + colon + path;
}

Result<RepoUrl> ParseRepoUrl(std::string_view text) {
  if (text.empty()) return Invalid("the repository URL is empty");
  if (text.size() > limits::kRepoUrlBytes) {
    return MakeError(Errc::kLimit, "the repository URL is longer than " +
                                       std::to_string(limits::kRepoUrlBytes) + " bytes");
  }
  if (text.front() == '/') return ParseLocal(text);
  const size_t separator = text.find("://");
  if (separator == std::string_view::npos) {
    if (text.find("::") != std::string_view::npos && text.find('[') == std::string_view::npos) {
      return MakeError(Errc::kUnsupported,
                       "remote helpers (\"name::address\") are not supported; "
                       "use an https or ssh URL");
    }
    return ParseScp(text);
  }
  const std::string_view name = text.substr(0, separator);
  RepoUrl url;
  if (name == "https") {
    url.scheme = Scheme::kHttps;
  } else if (name == "http") {
    url.scheme = Scheme::kHttp;
  } else if (name == "ssh") {
    url.scheme = Scheme::kSsh;
  } else if (name == "file") {
    return MakeError(Errc::kUnsupported,
                     "file:// is not supported; write the plain path of the directory");
  } else {
    return MakeError(Errc::kUnsupported, "only https and ssh URLs are supported, not \"" +
                                             std::string(name.substr(0, 20)) + "://\"");
  }
  const std::string_view rest = text.substr(separator + 3);
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return Invalid("the repository URL names no repository");
  TRY_VOID(ParseAuthority(rest.substr(0, slash), url));
  TRY(url.path, ParsePath(rest.substr(slash)));
  return url;
}

std::string RepoKey(const RepoUrl& url) {
  if (url.scheme == Scheme::kLocal) return url.path;
  std::string key = HostText(url);
  if (url.port != 0 && url.port != DefaultPort(url.scheme)) key += ":" + std::to_string(url.port);
  std::string_view path = url.path;
  while (!path.empty() && path.front() == '/') path.remove_prefix(1);
  if (path.size() > 4 && path.substr(path.size() - 4) == ".git") path.remove_suffix(4);
  return key + "/" + std::string(path);
}

}  // namespace dunlin::catalog
