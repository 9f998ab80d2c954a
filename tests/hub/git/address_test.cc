#include "hub/git/address.h"

#include <gtest/gtest.h>

namespace dunlin::git {
namespace {

Errc CodeOf(const Status& status) { return status ? Errc::kInternal : status.error().code; }

TEST(Address, OnlyPublicAddressesArePassedByDefault) {  // G10
  for (const char* text : {"1.1.1.1", "140.82.112.3", "2606:4700::1111", "2002:0101:0101::1"}) {
    EXPECT_TRUE(CheckAddress(*IpAddress::Parse(text), {})) << text;
  }
  for (const char* text : {"127.0.0.1",
                           "127.255.255.254",
                           "0.0.0.0",
                           "10.1.2.3",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.168.1.1",
                           "169.254.169.254",
                           "100.64.0.1",
                           "198.18.0.1",
                           "224.0.0.1",
                           "255.255.255.255",
                           "192.0.2.7",
                           "::",
                           "::1",
                           "fd00::1",
                           "fe80::1",
                           "ff02::1",
                           "::ffff:127.0.0.1",
                           "::127.0.0.1",
                           "64:ff9b::7f00:1",
                           "2002:7f00:1::1",
                           "2001:0:7f00:1::",
                           "2001:db8::1"}) {
    EXPECT_EQ(CodeOf(CheckAddress(*IpAddress::Parse(text), {})), Errc::kPermission) << text;
  }
}

TEST(Address, ConfiguredNetworksArePassed) {
  const std::vector<Network> allowed = {*Network::Parse("10.0.0.0/8"), *Network::Parse("fd00::/8"),
                                        *Network::Parse("127.0.0.1")};
  for (const char* text : {"10.255.0.1", "fd12::1", "127.0.0.1", "::ffff:10.0.0.1"}) {
    EXPECT_TRUE(CheckAddress(*IpAddress::Parse(text), allowed)) << text;
  }
  for (const char* text : {"11.0.0.1", "fc00::1", "127.0.0.2"}) {
    const bool is_public = std::string(text) == "11.0.0.1";
    EXPECT_EQ(CheckAddress(*IpAddress::Parse(text), allowed).has_value(), is_public) << text;
  }
}

TEST(Address, NumbersInDisguiseAreNoAddresses) {
  for (const char* text :
       {"0x7f.1", "2130706433", "127.1", "0177.0.0.1", "", "localhost", "1.2.3.4 "}) {
    EXPECT_FALSE(IpAddress::Parse(text)) << text;
  }
}

TEST(Network, ParsesAndPrints) {
  for (const char* text : {"10.0.0.0/8", "0.0.0.0/0", "fd00::/8", "::/0", "127.0.0.1/32", "::1/128",
                           "::ffff:0.0.0.0/90"}) {
    const auto network = Network::Parse(text);
    ASSERT_TRUE(network) << text;
    EXPECT_EQ(network->Text(), text);
  }
  EXPECT_EQ(Network::Parse("127.0.0.1")->Text(), "127.0.0.1/32");
  for (const char* text : {"10.0.0.0/33", "fd00::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x",
                           "/8", "example.com/8"}) {
    EXPECT_FALSE(Network::Parse(text)) << text;
  }
}

TEST(Network, PrefixesThatAreNoWholeBytes) {
  const Network network = *Network::Parse("172.16.0.0/12");
  EXPECT_TRUE(network.Contains(*IpAddress::Parse("172.31.255.255")));
  EXPECT_FALSE(network.Contains(*IpAddress::Parse("172.32.0.0")));
}

}  // namespace
}  // namespace dunlin::git
