// `dunlin-agent enroll` when it cannot: what is left behind.
#include <gtest/gtest.h>

#include <filesystem>

#include "agent/app/commands.h"
#include "protocol/trust/token.h"
#include "tests/support/child.h"

namespace dunlin::app {
namespace {

TEST(EnrollCommand, AFailedEnrolmentLeavesNoDirectoryThatItMade) {
  const support::TempDir temp;
  trust::EnrollToken token;
  token.id = "0011223344556677";
  token.secret = Bytes(trust::kTokenSecretBytes, 's');
  EnrollOptions options;
  options.hub_url = "https://127.0.0.1:1";
  options.token = token.Format();
  options.state_dir = temp / "agent";
  options.kube.file = temp / "no-kubeconfig";
  testing::internal::CaptureStderr();
  EXPECT_NE(Enroll(options), 0);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("there is no way into the cluster"),
            std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(options.state_dir));

  std::filesystem::create_directory(options.state_dir);  // somebody else's
  testing::internal::CaptureStderr();
  EXPECT_NE(Enroll(options), 0);
  testing::internal::GetCapturedStderr();
  EXPECT_TRUE(std::filesystem::exists(options.state_dir));
}

TEST(EnrollCommand, TheLineThatStartsTheAgentLeadsToTheSameCluster) {
  EnrollOptions options;
  options.state_dir = "/var/lib/dunlin-agent";
  EXPECT_EQ(StartLine(options), "dunlin-agent run --state /var/lib/dunlin-agent");
  options.kube.file = "/etc/my kube/it's";
  options.kube.service_account_dir = "/run/account";
  EXPECT_EQ(StartLine(options),
            "dunlin-agent run --state /var/lib/dunlin-agent --kubeconfig '/etc/my kube/it'\\''s' "
            "--service-account /run/account");
}

}  // namespace
}  // namespace dunlin::app
