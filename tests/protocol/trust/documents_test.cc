#include "protocol/trust/documents.h"

#include <gtest/gtest.h>

#include "protocol/base/limits.h"
#include "tests/protocol/trust/fleet.h"

namespace dunlin::trust {
namespace {

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

Head SomeHead() {
  Head head;
  head.number = 1795400123457;
  head.time = kNow;
  head.expires = kNow + std::chrono::minutes(15);
  head.size = 142;
  head.root.bytes.fill(0xab);
  return head;
}

const std::string kZero(64, '0');

// The bytes that signatures are over must never change.
TEST(Documents, TheHeadHasTheseBytes) {
  std::string ab;
  for (int i = 0; i < 32; ++i) ab += "ab";
  EXPECT_EQ(SomeHead().Serialize().value(),
            R"({"_type":"head","epoch":1,"expires":"2026-11-24T10:15:00Z","number":1795400123457,)"
            R"("prev":")" +
                kZero + R"(","root":")" + ab +
                R"(","size":142,"time":"2026-11-24T10:00:00Z","version":1})");
}

TEST(Documents, TheStatementHasTheseBytes) {
  const Fleet fleet;
  EXPECT_EQ(fleet.statements[0].Serialize().value(),
            R"({"_type":"statement","apps":{"shop":{"allowMassPrune":false,"bundle":")" +
                crypto::Sha256("bundle").Hex() +
                R"(","objects":3,"prune":true,"raw":48211,"revision":"2f7b1c"}},)"
                R"("channel":"default","cluster":"cluster-1000","epoch":1,"kube":"kube-0",)"
                R"("prev":")" +
                kZero + R"(","seq":1000,"version":1})");
}

// `keep` is there or it is not: a statement without it has the bytes that it always had.
TEST(Documents, KeepIsWrittenOnlyWhenItIsTrue) {
  const Fleet fleet;
  Statement statement = fleet.statements[0];
  const Bytes plain = statement.Serialize().value();
  EXPECT_EQ(plain.find("keep"), std::string::npos);
  EXPECT_FALSE(Statement::Parse(plain).value().keep);
  statement.keep = true;
  const Bytes kept = statement.Serialize().value();
  EXPECT_EQ(kept, Replaced(plain, "\"epoch\":1,", "\"epoch\":1,\"keep\":true,"));
  EXPECT_EQ(Statement::Parse(kept).value(), statement);
  for (const char* other : {"false", "1", "\"true\"", "null"}) {
    EXPECT_FALSE(
        Statement::Parse(Replaced(kept, "\"keep\":true", "\"keep\":" + std::string(other))))
        << other;
  }
  EXPECT_FALSE(Statement::Parse(Replaced(plain, "\"prev\":", "\"keep\":true,\"prev\":")));
}

TEST(Documents, RemovedIsWrittenOnlyWhenThereAreSome) {
  const Fleet fleet;
  Statement statement = fleet.statements[0];
  const Bytes plain = statement.Serialize().value();
  EXPECT_EQ(plain.find("removed"), std::string::npos);
  statement.removed = {AppName("web"), AppName("old")};
  const Bytes written = statement.Serialize().value();
  EXPECT_EQ(written, Replaced(plain, ",\"seq\":", R"(,"removed":["old","web"],"seq":)"));
  EXPECT_EQ(Statement::Parse(written).value(), statement);
  for (const char* other : {"[]", R"(["web","old"])", R"(["old","old"])", "[1]", R"([""])",
                            R"("old")", R"(["shop"])"}) {
    EXPECT_FALSE(Statement::Parse(Replaced(written, R"(["old","web"])", other))) << other;
  }
  statement.removed = {AppName("shop")};
  EXPECT_FALSE(statement.Serialize()) << "an app that is wanted is not removed";
}

TEST(Documents, TheLeafHasTheseBytes) {
  EXPECT_EQ(LeafEntry(ClusterId("c-1"), 7, Digest{}).value(),
            R"({"cluster":"c-1","seq":7,"statement":")" + kZero + R"("})");
}

TEST(Documents, ComeBack) {
  const Fleet fleet;
  EXPECT_EQ(Head::Parse(SomeHead().Serialize().value()).value(), SomeHead());
  EXPECT_EQ(Statement::Parse(fleet.statements[0].Serialize().value()).value(), fleet.statements[0]);
  const Bytes raw = fleet.root.Serialize().value();
  const Root root = Root::Parse(raw).value();
  EXPECT_EQ(root.Serialize().value(), raw);
  EXPECT_EQ(root.HubRole(), fleet.root.HubRole());
  EXPECT_EQ(root.RootRole(), fleet.root.RootRole());
  EXPECT_EQ(root.ApproverRole("default"), nullptr);
}

// T15: one document, one spelling.
TEST(Documents, T15_EveryOtherSpellingIsRefused) {
  const std::string good = SomeHead().Serialize().value();
  const struct {
    const char* what;
    std::string raw;
  } cases[] = {
      {"white space", Replaced(good, ",", ", ")},
      {"newline at the end", good + "\n"},
      {"duplicate key", Replaced(good, "\"epoch\":1", "\"epoch\":1,\"epoch\":1")},
      {"unknown field", Replaced(good, "\"epoch\":1", "\"epoch\":1,\"extra\":1")},
      {"missing field", Replaced(good, "\"size\":142,", "")},
      {"other order",
       Replaced(good, "\"_type\":\"head\",\"epoch\":1", "\"epoch\":1,\"_type\":\"head\"")},
      {"escaped letter", Replaced(good, "\"head\"", "\"\\u0068ead\"")},
      {"number as double", Replaced(good, "\"size\":142", "\"size\":142.0")},
      {"number as text", Replaced(good, "\"size\":142", "\"size\":\"142\"")},
      {"negative number", Replaced(good, "\"size\":142", "\"size\":-1")},
      {"zero number", Replaced(good, "1795400123457", "0")},
      {"number above 2^53-1", Replaced(good, "1795400123457", "9007199254740992")},
      {"number above int64", Replaced(good, "1795400123457", "9223372036854775808")},
      {"epoch 0", Replaced(good, "\"epoch\":1", "\"epoch\":0")},
      {"upper-case hex", Replaced(good, "ab", "AB")},
      {"short digest", Replaced(good, "\"abab", "\"ab")},
      {"fraction of a second", Replaced(good, "10:00:00Z", "10:00:00.5Z")},
      {"other zone", Replaced(good, "10:00:00Z", "10:00:00+00:00")},
      {"other type", Replaced(good, "\"head\"", "\"statement\"")},
      {"other version", Replaced(good, "\"version\":1", "\"version\":2")},
      {"not an object", "[" + good + "]"},
      {"empty", ""},
  };
  ASSERT_TRUE(Head::Parse(good));
  for (const auto& c : cases) EXPECT_FALSE(Head::Parse(c.raw)) << c.what;
  EXPECT_EQ(Head::Parse(Replaced(good, "\"version\":1", "\"version\":2")).error().code,
            Errc::kUnsupported);
  for (size_t n = 0; n < good.size(); ++n) EXPECT_FALSE(Head::Parse(good.substr(0, n))) << n;
}

TEST(Documents, T15_TheSameForAStatement) {
  const Fleet fleet;
  const std::string good = fleet.statements[0].Serialize().value();
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"\"prune\":true", "\"prune\":1"},
           {"\"prune\":true", "\"prune\":true,\"wave\":1"},
           {"\"objects\":3", "\"objects\":-3"},
           {"\"shop\":{", "\"shop\":{\"a\":1,"},
           {"\"shop\":", "\"\":"},
           {"\"shop\":", "\"sh\\u00f6p\":"},
           {"\"default\"", "\"\""},
           {"cluster-1000", ""},
           {"cluster-1000", "cluster\\u003c"},
           {"kube-0", "kube\\n"},
           {"\"seq\":1000", "\"seq\":0"},
           {"\"apps\":{", "\"apps\":{\"x\":[],"},
           {"2f7b1c", "2f7b&c"}}) {
    EXPECT_FALSE(Statement::Parse(Replaced(good, from, to))) << from << " -> " << to;
  }
}

TEST(Documents, DepthAtTheLimitIsReadAndOneAboveIsNot) {
  const auto code = [](int depth) {
    const auto lists = static_cast<size_t>(depth) - 1;
    return Head::Parse(R"({"_type":"head","x":)" + std::string(lists, '[') +
                       std::string(lists, ']') + "}")
        .error()
        .code;
  };
  EXPECT_EQ(code(limits::kTrustDocumentDepth), Errc::kCorrupt) << "read, and no head";
  EXPECT_EQ(code(limits::kTrustDocumentDepth + 1), Errc::kLimit);
}

TEST(Documents, AHeadAtTheSizeLimitIsReadAndOneAboveIsNot) {
  Bytes raw = SomeHead().Serialize().value();
  raw.resize(limits::kHeadBytes, ' ');
  EXPECT_NE(Head::Parse(raw).error().code, Errc::kLimit) << "read, and not canonical";
  EXPECT_EQ(Head::Parse(raw + " ").error().code, Errc::kLimit);
}

TEST(Documents, TextThatOneFormOfJsonWouldEscapeIsNotWritten) {
  Fleet fleet;
  for (const char c : {'"', '\\', '<', '>', '&', '\n', '\x7f', '\xc3'}) {
    Statement statement = fleet.statements[0];
    statement.channel = std::string("a") + c;
    EXPECT_EQ(statement.Serialize().error().code, Errc::kInvalidArgument) << c;
  }
}

TEST(Documents, AStatementAtTheSizeLimitIsWrittenAndOneAboveIsNot) {
  Fleet fleet;
  Statement statement = fleet.statements[0];
  const size_t empty = statement.Serialize().value().size() - statement.kube.size();
  statement.kube = std::string(limits::kStatementBytes - empty, 'k');
  const Bytes raw = statement.Serialize().value();
  EXPECT_EQ(raw.size(), limits::kStatementBytes);
  EXPECT_TRUE(Statement::Parse(raw));
  statement.kube += 'k';
  EXPECT_EQ(statement.Serialize().error().code, Errc::kLimit);
  EXPECT_EQ(Statement::Parse(Replaced(raw, "kkk", "kkkk")).error().code, Errc::kLimit);
}

TEST(Documents, TimesOutsideOfFourDigitYearsAreNotWritten) {
  Head head = SomeHead();
  head.expires = TimePoint(Millis(-1));
  EXPECT_FALSE(head.Serialize());
  head.expires = std::chrono::sys_days(std::chrono::year(10000) / 1 / 1);
  EXPECT_FALSE(head.Serialize());
  head.expires -= Seconds(1);
  EXPECT_TRUE(Head::Parse(head.Serialize().value()));
}

TEST(Documents, ARootMustMakeSense) {
  const Fleet fleet;
  const auto code = [](const Root& root) { return root.Serialize().error().code; };
  Root root = fleet.root;
  root.roles["hub"].keys.push_back(fleet.hub_key.Public());
  EXPECT_EQ(code(root), Errc::kInvalidArgument) << "T5: one key twice";
  root = fleet.root;
  root.roles["hub"].threshold = 2;
  EXPECT_EQ(code(root), Errc::kInvalidArgument) << "threshold above the keys";
  root.roles["hub"].threshold = 0;
  EXPECT_EQ(code(root), Errc::kInvalidArgument) << "threshold 0";
  root = fleet.root;
  root.roles.erase("hub");
  EXPECT_EQ(code(root), Errc::kInvalidArgument) << "no hub";
  root = fleet.root;
  root.roles["targets"] = root.roles["hub"];
  EXPECT_EQ(code(root), Errc::kInvalidArgument) << "unknown role";
  root = fleet.root;
  root.version = 0;
  EXPECT_EQ(code(root), Errc::kInvalidArgument) << "version 0";
  root = fleet.root;
  root.roles["approver:prod"] = root.roles["hub"];
  EXPECT_NE(Root::Parse(root.Serialize().value())->ApproverRole("prod"), nullptr);
}

TEST(Documents, ARootWithAKeyThatIsNotWhatItsIdSaysIsRefused) {
  const Fleet fleet;
  const std::string good = fleet.root.Serialize().value();
  const std::string id = fleet.hub_key.Public().SpkiHash().Hex();
  std::string other = id;
  other[0] = id[0] == 'a' ? 'b' : 'a';
  std::string both = Replaced(good, id, other);  // in "keys"
  EXPECT_FALSE(Root::Parse(both)) << "T6: the role names a key that is not there";
  EXPECT_FALSE(Root::Parse(Replaced(both, id, other))) << "T6: in both places";
  EXPECT_FALSE(
      Root::Parse(Replaced(good, "\"scheme\":\"ecdsa-sha2-nistp256\"", "\"scheme\":\"ed25519\"")));
  EXPECT_FALSE(Root::Parse(Replaced(good, "BEGIN PUBLIC KEY", "BEGIN PUBLIC KEZ")));
  EXPECT_FALSE(Root::Parse(Replaced(good, "\"threshold\":1", "\"threshold\":2")));
  // A key that no role uses has no place in a root.
  Root wider = fleet.root;
  const auto spare = NewKey();
  wider.roles["hub"].keys.push_back(spare.Public());
  const std::string listed = "\"" + spare.Public().SpkiHash().Hex() + "\"";
  std::string unused = wider.Serialize().value();
  for (const std::string& form : {"," + listed, listed + ","}) {
    const size_t at = unused.find(form, unused.find("\"roles\""));
    if (at != std::string::npos) unused.erase(at, form.size());
  }
  EXPECT_FALSE(Root::Parse(unused));
}

TEST(Documents, ARootAtTheSizeLimitIsTakenAndOneAboveIsNot) {
  const Fleet fleet;
  const auto root_of = [&fleet](size_t channel) {
    Root root = fleet.root;
    root.roles["approver:" + std::string(channel, 'c')] = root.roles.at("hub");
    return root;
  };
  const size_t around = root_of(1).Serialize().value().size() - 1;
  const Bytes raw = root_of(limits::kRootBytes - around).Serialize().value();
  EXPECT_EQ(raw.size(), limits::kRootBytes);
  EXPECT_TRUE(Root::Parse(raw));
  EXPECT_EQ(root_of(limits::kRootBytes - around + 1).Serialize().error().code, Errc::kLimit);
  EXPECT_EQ(Root::Parse(Replaced(raw, "ccc", "cccc")).error().code, Errc::kLimit);
}

}  // namespace
}  // namespace dunlin::trust
