#include "protocol/crypto/certificate.h"

#include <gtest/gtest.h>

namespace dunlin::crypto {
namespace {

const TimePoint kFrom = std::chrono::sys_days(std::chrono::year(2026) / 11 / 1);
const TimePoint kTo =
    std::chrono::sys_days(std::chrono::year(2056) / 11 / 1);  // past 2050: GeneralizedTime

struct Fixture {
  PrivateKey ca_key = *PrivateKey::Generate();
  PrivateKey key = *PrivateKey::Generate();
  Bytes serial = Bytes(16, '\xab');
  std::string ca = *MakeCaPem(ca_key, "Dunlin hub 1b4e", kFrom, kTo, serial);

  CertificateRequest Agent() const {
    return {.common_name = "store-0142",
            .uri_san = "dunlin://h1/cluster/0d9c/agent/77aa",
            .not_before = kFrom,
            .not_after = kTo,
            .serial = serial};
  }
};

TEST(Certificate, CaSaysThatItIsOne) {
  Fixture f;
  auto info = ParseCertificatePem(f.ca);
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_TRUE(info->is_ca);
  EXPECT_EQ(info->common_name, "Dunlin hub 1b4e");
  EXPECT_EQ(info->key, f.ca_key.Public());
  EXPECT_EQ(info->not_before, kFrom);
  EXPECT_EQ(info->not_after, kTo);
}

TEST(Certificate, AgentLeafHasOneUriAndClientUseOnly) {
  Fixture f;
  auto pem = MakeLeafPem(f.ca_key, f.ca, f.key.Public(), f.Agent());
  ASSERT_TRUE(pem) << pem.error().message;
  auto info = ParseCertificatePem(*pem);
  ASSERT_TRUE(info);
  EXPECT_FALSE(info->is_ca);
  EXPECT_TRUE(info->client_auth);
  EXPECT_FALSE(info->server_auth);
  EXPECT_EQ(info->key, f.key.Public());
  EXPECT_EQ(info->uri_sans, std::vector<std::string>{"dunlin://h1/cluster/0d9c/agent/77aa"});
  EXPECT_TRUE(info->dns_sans.empty());
  EXPECT_EQ(info->serial, Bytes(1, '\0') + f.serial);  // positive INTEGER
  EXPECT_EQ(ParseCertificateDer(info->der)->der, info->der);
}

TEST(Certificate, ServerLeafHasNamesAndAddresses) {
  Fixture f;
  auto pem = MakeLeafPem(f.ca_key, f.ca, f.key.Public(),
                         {.common_name = "hub",
                          .dns_sans = {"hub.example", "localhost"},
                          .ip_sans = {"127.0.0.1", "::1"},
                          .not_before = kFrom,
                          .not_after = kTo,
                          .serial = f.serial,
                          .server = true});
  ASSERT_TRUE(pem) << pem.error().message;
  auto info = ParseCertificatePem(*pem);
  ASSERT_TRUE(info);
  EXPECT_TRUE(info->server_auth);
  EXPECT_EQ(info->dns_sans, (std::vector<std::string>{"hub.example", "localhost"}));
  EXPECT_EQ(info->ip_sans, (std::vector<std::string>{"127.0.0.1", "::1"}));
}

TEST(Certificate, RefusesNamesThatCouldChangeTheCertificate) {
  Fixture f;
  for (const char* name : {"", "a,O=Root", "a\nb", "a=b", "a\\b", "#04"}) {
    auto request = f.Agent();
    request.common_name = name;
    EXPECT_EQ(MakeLeafPem(f.ca_key, f.ca, f.key.Public(), request).error().code,
              Errc::kInvalidArgument)
        << name;
    EXPECT_FALSE(MakeCaPem(f.ca_key, name, kFrom, kTo, f.serial)) << name;
  }
  auto request = f.Agent();
  request.uri_san = "dunlin://h1/a b";
  EXPECT_FALSE(MakeLeafPem(f.ca_key, f.ca, f.key.Public(), request));
  request = f.Agent();
  request.ip_sans = {"10.0.0"};
  EXPECT_FALSE(MakeLeafPem(f.ca_key, f.ca, f.key.Public(), request));
}

TEST(Certificate, RefusesAForeignCaKeyAShortSerialAndABackwardValidity) {
  Fixture f;
  EXPECT_FALSE(MakeLeafPem(f.key, f.ca, f.key.Public(), f.Agent()));
  auto leaf = MakeLeafPem(f.ca_key, f.ca, f.key.Public(), f.Agent());
  ASSERT_TRUE(leaf);
  EXPECT_FALSE(MakeLeafPem(f.key, *leaf, f.key.Public(), f.Agent())) << "a leaf is no CA";
  auto request = f.Agent();
  request.serial = Bytes(15, 'x');
  EXPECT_FALSE(MakeLeafPem(f.ca_key, f.ca, f.key.Public(), request));
  request = f.Agent();
  request.not_after = request.not_before;
  EXPECT_FALSE(MakeLeafPem(f.ca_key, f.ca, f.key.Public(), request));
}

TEST(Certificate, ParsingGarbageIsATypedError) {
  EXPECT_EQ(ParseCertificatePem("").error().code, Errc::kInvalidArgument);
  EXPECT_EQ(ParseCertificatePem("hello").error().code, Errc::kInvalidArgument);
  EXPECT_EQ(ParseCertificateDer("").error().code, Errc::kInvalidArgument);
  Fixture f;
  const Bytes der = ParseCertificatePem(f.ca)->der;
  for (size_t cut = 0; cut < der.size(); cut += 7) {
    EXPECT_FALSE(ParseCertificateDer(BytesView(der).substr(0, cut))) << cut;
  }
}

}  // namespace
}  // namespace dunlin::crypto
