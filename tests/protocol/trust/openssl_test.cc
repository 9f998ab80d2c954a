// An exported head verifies with a tool that everybody has (security design 2.5).
#include <gtest/gtest.h>

#include "protocol/store/files.h"
#include "tests/protocol/trust/fleet.h"
#include "tests/support/assert_ok.h"
#include "tests/support/child.h"

namespace dunlin::trust {
namespace {

class OpenSsl : public ::testing::Test {
 protected:
  void Write(const std::string& name, BytesView bytes) {
    ASSERT_OK(WriteFileDurably(directory_ / name, bytes, 0644));
  }
  // As in the documentation: base64 -d head.json.sig > s.der; openssl dgst …
  std::string Verify() {
    const auto done = support::Run(
        {.command = {"sh", "-c",
                     "base64 -d head.json.sig > s.der && openssl dgst -sha256 -verify hub.pub "
                     "-signature s.der head.json 2>&1"},
         .directory = directory_.path()});
    return done ? done->out : done.error().message;
  }
  support::TempDir directory_;
};

TEST_F(OpenSsl, VerifiesAHead) {
  Fleet fleet(3);
  const Offer offer = fleet.Publish(1);
  Write("hub.pub", fleet.hub_key.Public().Pem());
  Write("head.json", offer.head_raw);
  Write("head.json.sig", Base64Encode(offer.signatures[0].der) + "\n");
  EXPECT_EQ(Verify(), "Verified OK\n");
  Write("head.json", offer.head_raw + "\n");
  EXPECT_TRUE(Verify().starts_with("Verification failure") ||
              Verify().starts_with("Verification Failure"));
}

// The other way round: keys and signatures of openssl are taken, high s or not.
TEST_F(OpenSsl, SignsWhatWeVerify) {
  const auto made = support::Run(
      {.command = {"sh", "-c",
                   "openssl ecparam -name prime256v1 -genkey -noout -out k.pem && openssl ec -in "
                   "k.pem -pubout -out k.pub && printf raw > raw && for i in 1 2 3 4 5 6 7 8; do "
                   "openssl dgst -sha256 -sign k.pem raw | base64 -w0; echo; done"},
       .directory = directory_.path(),
       .log = directory_ / "log"});
  ASSERT_OK(made);
  const auto pem = ReadFile(directory_ / "k.pub", 4096);
  ASSERT_OK(pem);
  const auto key = crypto::PublicKey::FromPem(*pem);
  ASSERT_OK(key);
  std::string_view rest = made->out;
  int verified = 0;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    const auto der = Base64Decode(rest.substr(0, end));
    ASSERT_OK(der);
    EXPECT_OK(VerifyThreshold("raw", {{key->SpkiHash(), *der}}, {*key}, 1));
    ++verified;
    rest.remove_prefix(end + 1);
  }
  EXPECT_EQ(verified, 8);
}

}  // namespace
}  // namespace dunlin::trust
