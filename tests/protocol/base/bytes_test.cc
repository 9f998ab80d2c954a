#include "protocol/base/bytes.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace dunlin {
namespace {

// RFC 4648 section 10.
const std::vector<std::pair<std::string, std::string>> kVectors = {{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"}};

TEST(Base64, HasTheVectorsOfTheRfc) {
  for (const auto& [bytes, text] : kVectors) {
    EXPECT_EQ(Base64Encode(bytes), text);
    EXPECT_EQ(Base64Decode(text).value(), bytes);
    const std::string unpadded = text.substr(0, text.find('='));
    EXPECT_EQ(Base64UrlEncode(bytes), unpadded);
    EXPECT_EQ(Base64UrlDecode(unpadded).value(), bytes);
  }
  EXPECT_EQ(Base64Encode("\xfb\xff\xbf"), "+/+/");
  EXPECT_EQ(Base64UrlEncode("\xfb\xff\xbf"), "-_-_");
}

TEST(Base64, IsStrict) {
  for (const std::string text : {"Zg", "Zg=", "Zg===", "Z===", "====", "=", "Zm9v=", "Zg==Zg==",
                                 "Zm 9", "Zm9\n", "Zm9-", "Zh==", "Zm9=", "Zm8\0"}) {
    EXPECT_FALSE(Base64Decode(text)) << text;
  }
  EXPECT_FALSE(Base64Decode(std::string("Zm\0v", 4)));
  for (const char* text : {"Zg==", "Z", "Zh", "Zm9+", "Zm9/", "Zm 9"}) {
    EXPECT_FALSE(Base64UrlDecode(text)) << text;
  }
}

TEST(Hex, IsLowerCaseAndReadsBoth) {
  const Bytes bytes("\x00\x0f\xa5\xff", 4);
  EXPECT_EQ(HexEncode(bytes), "000fa5ff");
  EXPECT_EQ(HexDecode("000FA5ff").value(), bytes);
  EXPECT_EQ(HexDecode("").value(), "");
  for (const char* text : {"0", "0g", "0x00", " 0", "00 "}) EXPECT_FALSE(HexDecode(text)) << text;
}

TEST(Digest, ReadsExactlyThirtyTwoBytes) {
  const std::string hex(64, 'a');
  EXPECT_EQ(Digest::FromHex(hex)->Hex(), hex);
  EXPECT_FALSE(Digest::FromHex(hex.substr(1)));
  EXPECT_FALSE(Digest::FromHex(hex + "a"));
  EXPECT_FALSE(Digest::FromHex(std::string(64, 'g')));
  EXPECT_EQ(Digest::FromBytes(Bytes(32, '\x01'))->View(), Bytes(32, '\x01'));
  EXPECT_FALSE(Digest::FromBytes(Bytes(31, '\x01')));
  EXPECT_LT(Digest::FromBytes(Bytes(32, '\x7f')).value(),
            Digest::FromBytes(Bytes(32, '\x80')).value())
      << "unsigned order";
}

}  // namespace
}  // namespace dunlin
