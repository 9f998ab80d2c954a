#include "hub/publish/bundle_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "protocol/crypto/crypto.h"
#include "protocol/store/files.h"
#include "tests/support/assert_ok.h"
#include "tests/support/child.h"

namespace dunlin::hub {
namespace {

class BundleStoreTest : public ::testing::Test {
 protected:
  std::string PathOf(const BundleDigest& digest) const {
    return directory_ / ("bundles/" + digest.Hex().substr(0, 2) + "/" + digest.Hex());
  }
  support::TempDir directory_;
  std::unique_ptr<BundleStore> store_ = OpenDirectoryBundleStore(directory_ / "bundles").value();
  const Bytes canonical_ = R"({"app":"shop","objects":[)" + std::string(5000, ' ') + "]}";
};

TEST_F(BundleStoreTest, GivesBackWhatWasPut) {
  const BundleDigest digest = store_->Put(canonical_).value();
  EXPECT_EQ(digest, crypto::Sha256(canonical_));
  EXPECT_EQ(store_->GetRaw(digest).value(), canonical_);
  const StoredBundle stored = store_->Get(digest).value();
  EXPECT_EQ(stored.raw_bytes, canonical_.size());
  EXPECT_LT(stored.blob.size(), canonical_.size());
  const auto reopened = OpenDirectoryBundleStore(directory_ / "bundles").value();
  EXPECT_EQ(reopened->GetRaw(digest).value(), canonical_);
}

TEST_F(BundleStoreTest, WritesOneBundleOnce) {
  const BundleDigest digest = store_->Put(canonical_).value();
  struct stat before {};
  ASSERT_EQ(::stat(PathOf(digest).c_str(), &before), 0);
  ASSERT_OK(store_->Put(canonical_));
  struct stat after {};
  ASSERT_EQ(::stat(PathOf(digest).c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
}

TEST_F(BundleStoreTest, ListsAndRemoves) {
  const BundleDigest a = store_->Put("a").value();
  const BundleDigest b = store_->Put("b").value();
  // Left by a write that was cut.
  ASSERT_OK(WriteFileDurably(PathOf(a) + ".X1y2Z3", "half", 0600));
  EXPECT_EQ(store_->List()->size(), 2u);
  ASSERT_OK(store_->Remove(a));
  EXPECT_OK(store_->Remove(a));
  EXPECT_EQ(store_->List().value(), std::vector{b});
  EXPECT_EQ(store_->Get(a).error().code, Errc::kNotFound);
  EXPECT_EQ(store_->GetRaw(a).error().code, Errc::kNotFound);
}

// C6: whatever happened to the file, it is found, removed, and can be put again.
TEST_F(BundleStoreTest, ADamagedFileIsFoundAndMadeAnew) {
  const BundleDigest digest = store_->Put(canonical_).value();
  const Bytes good = ReadFile(PathOf(digest), 1 << 20).value();
  std::vector<Bytes> damaged = {"", good.substr(0, 8), good.substr(0, good.size() - 1), good + "x"};
  for (size_t i = 0; i < good.size(); ++i) {
    damaged.push_back(good);
    damaged.back()[i] = static_cast<char>(good[i] ^ 1);
  }
  size_t harmless = 0;
  for (const Bytes& file : damaged) {
    {
      // Not durably: 200 syncs say nothing more.
      std::FILE* out = std::fopen(PathOf(digest).c_str(), "wb");
      ASSERT_NE(out, nullptr);
      ASSERT_EQ(std::fwrite(file.data(), 1, file.size(), out), file.size());
      std::fclose(out);
    }
    const auto raw = store_->GetRaw(digest);
    if (raw) {  // a bit of the frame that means nothing
      EXPECT_EQ(*raw, canonical_);
      ++harmless;
      continue;
    }
    EXPECT_EQ(raw.error().code, Errc::kCorrupt);
    EXPECT_FALSE(std::filesystem::exists(PathOf(digest)));
  }
  EXPECT_LT(harmless, damaged.size() / 10);
  ASSERT_OK(store_->Put(canonical_));
  EXPECT_EQ(store_->GetRaw(digest).value(), canonical_);
}

TEST_F(BundleStoreTest, PutReplacesADamagedFile) {
  const BundleDigest digest = store_->Put(canonical_).value();
  ASSERT_OK(WriteFileDurably(PathOf(digest), "damaged bytes", 0600));
  ASSERT_OK(store_->Put(canonical_));
  EXPECT_EQ(store_->GetRaw(digest).value(), canonical_);
}

TEST_F(BundleStoreTest, ADirectoryThatCannotBeMadeIsAnError) {
  ASSERT_OK(WriteFileDurably(directory_ / "file", "", 0600));
  EXPECT_EQ(OpenDirectoryBundleStore(directory_ / "file/bundles").error().code, Errc::kIo);
}

}  // namespace
}  // namespace dunlin::hub
