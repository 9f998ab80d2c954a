// Which addresses a Git server may have (security.md 4.2, G10). A source's URL comes from whoever
// can write to the fleet repository, so it must not become a way to reach the hub's own machine,
// its network or a cloud's metadata service. The check runs on the address that is then connected
// to, so neither a DNS answer that changes nor a number in disguise (0x7f.1) gets past it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/result.h"

namespace dunlin::git {

// IPv4 addresses are kept as ::ffff:a.b.c.d.
struct IpAddress {
  std::array<uint8_t, 16> bytes{};

  static Result<IpAddress> Parse(std::string_view text);
  static IpAddress FromV4(const std::array<uint8_t, 4>& v4);
  bool IsV4() const;
  std::string Text() const;
  bool operator==(const IpAddress&) const = default;
};

struct Network {
  IpAddress base;
  int prefix = 128;  // bits of `bytes`

  // "10.0.0.0/8", "fd00::/8", or one address.
  static Result<Network> Parse(std::string_view text);
  bool Contains(const IpAddress& address) const;
  std::string Text() const;  // parses back to an equal value
};

// kPermission unless the address is public or one of `allowed` contains it. Not public: loopback,
// private, link-local, shared, multicast and reserved ranges, and IPv6 forms that carry an IPv4
// address (mapped, compatible, 6to4, NAT64, Teredo) of one of them.
Status CheckAddress(const IpAddress& address, const std::vector<Network>& allowed);

}  // namespace dunlin::git
