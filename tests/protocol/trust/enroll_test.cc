#include <gtest/gtest.h>

#include <functional>

#include "protocol/base/limits.h"
#include "protocol/trust/enroll_proof.h"
#include "protocol/trust/token.h"
#include "tests/protocol/trust/fleet.h"

namespace dunlin::trust {
namespace {

EnrollToken SomeToken() {
  return {crypto::Sha256("pin"), "tok_1-A", Bytes(kTokenSecretBytes, '\x07')};
}

TEST(EnrollToken, ComesBack) {
  const EnrollToken token = SomeToken();
  const std::string text = token.Format();
  EXPECT_TRUE(text.starts_with("dun1."));
  EXPECT_EQ(EnrollToken::Parse(text).value(), token);
}

TEST(EnrollToken, RefusesWhatIsNotOneAndDoesNotRepeatIt) {
  const std::string good = SomeToken().Format();
  const std::string secret = good.substr(good.rfind('.') + 1);
  std::vector<std::string> bad = {"",          "dun1",     "dun1...",  "dun2" + good.substr(4),
                                  good + ".x", good + "A", " " + good, good + "\n"};
  for (size_t n = 0; n < good.size(); ++n) bad.push_back(good.substr(0, n));
  for (const std::string& text : bad) {
    const auto token = EnrollToken::Parse(text);
    ASSERT_FALSE(token) << text;
    EXPECT_EQ(token.error().code, Errc::kInvalidArgument);
    EXPECT_EQ(token.error().message.find(secret), std::string::npos) << "a token is a secret";
  }
}

TEST(EnrollToken, TheIdHasALimit) {
  EnrollToken token = SomeToken();
  token.id = std::string(limits::kTokenIdBytes, 'a');
  EXPECT_TRUE(EnrollToken::Parse(token.Format()));
  token.id += 'a';
  EXPECT_FALSE(EnrollToken::Parse(token.Format()));
  token.id = "a/b";
  EXPECT_FALSE(EnrollToken::Parse(token.Format()));
}

TEST(EnrollToken, PinsRootAndAuthority) {
  const auto ca = NewKey();
  EnrollToken token = SomeToken();
  token.pin = TokenPin("root v1", ca.Public());
  EXPECT_TRUE(CheckTokenPin(token, "root v1", ca.Public()));
  EXPECT_EQ(CheckTokenPin(token, "root v2", ca.Public()).error().code, Errc::kSignature);
  EXPECT_EQ(CheckTokenPin(token, "root v1", NewKey().Public()).error().code, Errc::kSignature);
  EXPECT_EQ(TokenSecretHash(token.secret), crypto::Sha256(token.secret));
}

class EnrollProof : public ::testing::Test {
 protected:
  EnrollFields Fields() const { return {"tok-1", nonce_, "kube-uid", own_point_, point_}; }
  crypto::PrivateKey key_ = NewKey();
  crypto::PrivateKey other_ = NewKey();
  Bytes nonce_ = Bytes(kEnrollNonceBytes, '\x01');
  Bytes own_point_ = key_.Public().Point();
  Bytes point_ = other_.Public().Point();
};

TEST_F(EnrollProof, HoldsForTheseFieldsOnly) {
  const EnrollFields fields = Fields();
  const Bytes proof = SignEnrollment(key_, fields).value();
  EXPECT_TRUE(VerifyEnrollment(fields, proof));
  const Bytes other_nonce(kEnrollNonceBytes, '\x02');
  for (const auto& change : std::vector<std::function<void(EnrollFields&)>>{
           [&](EnrollFields& f) { f.token_id = "tok-2"; },
           [&](EnrollFields& f) { f.nonce = other_nonce; },
           [&](EnrollFields& f) { f.kube_uid = ""; },
           [&](EnrollFields& f) { f.public_key = point_; },
           [&](EnrollFields& f) { f.encryption_key = own_point_; }}) {
    EnrollFields changed = fields;
    change(changed);
    EXPECT_EQ(VerifyEnrollment(changed, proof).error().code, Errc::kSignature);
  }
  EXPECT_EQ(VerifyEnrollment(fields, proof + "x").error().code, Errc::kSignature);
}

TEST_F(EnrollProof, TheSigningKeyMustBeTheOneThatIsEnrolled) {
  const Bytes proof = SignEnrollment(other_, Fields()).value();
  EXPECT_EQ(VerifyEnrollment(Fields(), proof).error().code, Errc::kSignature);
}

TEST_F(EnrollProof, RefusesPartsOfTheWrongForm) {
  const Bytes not_a_point = Bytes("\x04") + Bytes(64, '\x01');
  const Bytes short_nonce(31, '\x01');
  for (const auto& change : std::vector<std::function<void(EnrollFields&)>>{
           [&](EnrollFields& f) { f.token_id = std::string_view("a\0b", 3); },
           [&](EnrollFields& f) { f.kube_uid = std::string_view("\0", 1); },
           [&](EnrollFields& f) { f.nonce = short_nonce; },
           [&](EnrollFields& f) { f.public_key = f.public_key.substr(1); },
           [&](EnrollFields& f) { f.encryption_key = {}; }}) {
    EnrollFields changed = Fields();
    change(changed);
    EXPECT_EQ(EnrollMessage(changed).error().code, Errc::kInvalidArgument);
    EXPECT_EQ(VerifyEnrollment(changed, "x").error().code, Errc::kInvalidArgument);
  }
  EnrollFields off_curve = Fields();
  off_curve.encryption_key = not_a_point;
  EXPECT_EQ(VerifyEnrollment(off_curve, SignEnrollment(key_, off_curve).value()).error().code,
            Errc::kInvalidArgument);
}

TEST_F(EnrollProof, NoTwoSetsOfFieldsGiveOneMessage) {
  EnrollFields a = Fields();
  EnrollFields b = Fields();
  a.token_id = "ab";
  a.kube_uid = "c";
  b.token_id = "a";
  b.kube_uid = "bc";
  EXPECT_NE(EnrollMessage(a).value(), EnrollMessage(b).value());
  EXPECT_NE(RenewMessage("agent", nonce_, 1).value(), RenewMessage("agent", nonce_, 2).value());
  EXPECT_NE(RenewMessage("agent", nonce_, 1).value(), RenewMessage("agenu", nonce_, 1).value());
  EXPECT_FALSE(RenewMessage("agent", "short", 1));
  EXPECT_FALSE(RenewMessage(std::string_view("a\0", 2), nonce_, 1));
  EXPECT_EQ(RenewMessage("a", nonce_, 258).value(),
            Bytes("dunlin-renew-1\0a\0", 17) + nonce_ + Bytes("\0\0\0\0\0\0\x01\x02", 8));
}

}  // namespace
}  // namespace dunlin::trust
