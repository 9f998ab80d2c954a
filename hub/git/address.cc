#include "hub/git/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace dunlin::git {
namespace {

struct Range {
  std::array<uint8_t, 4> base;
  int prefix;
};

// RFC 6890 and its successors.
constexpr Range kNotPublicV4[] = {
    {{0, 0, 0, 0}, 8},      {{10, 0, 0, 0}, 8},    {{100, 64, 0, 0}, 10},   {{127, 0, 0, 0}, 8},
    {{169, 254, 0, 0}, 16}, {{172, 16, 0, 0}, 12}, {{192, 0, 0, 0}, 24},    {{192, 0, 2, 0}, 24},
    {{192, 168, 0, 0}, 16}, {{198, 18, 0, 0}, 15}, {{198, 51, 100, 0}, 24}, {{203, 0, 113, 0}, 24},
    {{224, 0, 0, 0}, 4},    {{240, 0, 0, 0}, 4},
};

bool StartsWith(const uint8_t* bytes, const uint8_t* base, int prefix) {
  const int whole = prefix / 8;
  if (std::memcmp(bytes, base, static_cast<size_t>(whole)) != 0) return false;
  const int rest = prefix % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<uint8_t>(0xff << (8 - rest));
  return (bytes[whole] & mask) == (base[whole] & mask);
}

bool IsPublicV4(const uint8_t* v4) {
  return std::none_of(std::begin(kNotPublicV4), std::end(kNotPublicV4), [v4](const Range& range) {
    return StartsWith(v4, range.base.data(), range.prefix);
  });
}

bool IsPublic(const IpAddress& address) {
  const uint8_t* b = address.bytes.data();
  if (address.IsV4()) return IsPublicV4(b + 12);
  // Only 2000::/3 is assigned to hosts of the Internet. That leaves out ::/96, ::1, fc00::/7,
  // fe80::/10, ff00::/8 and the NAT64 prefix 64:ff9b::/96.
  if ((b[0] & 0xe0) != 0x20) return false;
  if (b[0] == 0x20 && b[1] == 0x02) return IsPublicV4(b + 2);  // 6to4
  const uint8_t special[4] = {0x20, 0x01, 0, 0};               // 2001::/23: Teredo and protocols
  const uint8_t documentation[4] = {0x20, 0x01, 0x0d, 0xb8};
  return !StartsWith(b, special, 23) && !StartsWith(b, documentation, 32);
}

}  // namespace

IpAddress IpAddress::FromV4(const std::array<uint8_t, 4>& v4) {
  IpAddress address;
  address.bytes[10] = address.bytes[11] = 0xff;
  std::copy(v4.begin(), v4.end(), address.bytes.begin() + 12);
  return address;
}

Result<IpAddress> IpAddress::Parse(std::string_view text) {
  const std::string copy(text);
  std::array<uint8_t, 4> v4;
  if (inet_pton(AF_INET, copy.c_str(), v4.data()) == 1) return FromV4(v4);
  IpAddress address;
  if (inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1) return address;
  return MakeError(Errc::kInvalidArgument, "\"" + copy.substr(0, 64) + "\" is no IP address");
}

bool IpAddress::IsV4() const {
  static constexpr uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return std::memcmp(bytes.data(), kMapped, sizeof kMapped) == 0;
}

std::string IpAddress::Text() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (IsV4()) {
    inet_ntop(AF_INET, bytes.data() + 12, text, sizeof text);
  } else {
    inet_ntop(AF_INET6, bytes.data(), text, sizeof text);
  }
  return text;
}

Result<Network> Network::Parse(std::string_view text) {
  const size_t slash = text.find('/');
  Network network;
  TRY(network.base, IpAddress::Parse(text.substr(0, slash)));
  if (slash == std::string_view::npos) return network;
  const std::string_view digits = text.substr(slash + 1);
  const bool v4 = network.base.IsV4() && text.find(':') == std::string_view::npos;
  int prefix = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
  if (error != std::errc() || end != digits.data() + digits.size() || prefix < 0 ||
      prefix > (v4 ? 32 : 128)) {
    return MakeError(Errc::kInvalidArgument,
                     "\"" + std::string(text.substr(0, 64)) + "\" is no network");
  }
  network.prefix = v4 ? prefix + 96 : prefix;
  return network;
}

bool Network::Contains(const IpAddress& address) const {
  return StartsWith(address.bytes.data(), base.bytes.data(), prefix);
}

std::string Network::Text() const {
  if (!base.IsV4()) return base.Text() + "/" + std::to_string(prefix);
  if (prefix < 96) return "::ffff:" + base.Text() + "/" + std::to_string(prefix);
  return base.Text() + "/" + std::to_string(prefix - 96);
}

Status CheckAddress(const IpAddress& address, const std::vector<Network>& allowed) {
  const auto contains = [&](const Network& network) { return network.Contains(address); };
  if (IsPublic(address) || std::any_of(allowed.begin(), allowed.end(), contains)) return {};
  return MakeError(Errc::kPermission,
                   address.Text() +
                       " is not a public address; if the Git server is really there, list its "
                       "network in git.allowNetworks of the hub's configuration");
}

}  // namespace dunlin::git
