#include "hub/app/config.h"

#include <gtest/gtest.h>

#include "tests/support/assert_ok.h"

namespace dunlin::hub {
namespace {

TEST(HubConfig, EverythingButTheDataDirectoryHasADefault) {
  const auto config = ParseHubConfig("data: state\n", "/etc/dunlin");
  ASSERT_OK(config);
  EXPECT_EQ(config->data, "/etc/dunlin/state");
  EXPECT_EQ(config->admin_socket, "/etc/dunlin/state/admin.sock");
  EXPECT_EQ(config->agents.port, 7443);
  EXPECT_EQ(config->public_.port, 8443);
  EXPECT_EQ(config->advertise_host, "127.0.0.1");
  EXPECT_EQ(config->render.sandbox, SandboxChoice::kAuto);
  EXPECT_EQ(config->git.poll, Millis(60'000));
}

TEST(HubConfig, ReadsEveryField) {
  const auto config = ParseHubConfig(
      "data: /var/lib/hub\n"
      "listen: {agents: \"0.0.0.0:1\", public: \"[::1]:2\", admin: a.sock}\n"
      "names: [hub.example, 10.0.0.1]\n"
      "catalog: {repo: https://git.example/fleet.git, revision: main, path: clusters}\n"
      "git: {poll: 500ms, localRoots: [repos], allowNetworks: [10.0.0.0/8], allowHttp: true, "
      "deadline: 30s}\n"
      "render: {sandbox: bubblewrap, ready: 2, limit: 10s, worker: w, runsc: /bin/runsc, "
      "kubeVersion: v1.35.0}\n"
      "headLife: 5m\nlog: json\n",
      "/etc");
  ASSERT_OK(config);
  EXPECT_EQ(config->agents.host, "0.0.0.0");
  EXPECT_EQ(config->public_.host, "::1");
  EXPECT_EQ(config->public_.port, 2);
  EXPECT_EQ(config->admin_socket, "/etc/a.sock");
  EXPECT_EQ(config->advertise_host, "hub.example") << "0.0.0.0 is no address to connect to";
  EXPECT_EQ(config->catalog.path, "clusters");
  EXPECT_EQ(config->git.poll, Millis(500));
  EXPECT_EQ(config->git.local_roots, std::vector<std::string>{"/etc/repos"});
  EXPECT_TRUE(config->git.allow_http);
  EXPECT_EQ(config->render.sandbox, SandboxChoice::kBubblewrap);
  EXPECT_EQ(config->render.worker, "/etc/w");
  EXPECT_EQ(config->render.limit, Seconds(10));
  EXPECT_EQ(config->head_life, Millis(300'000));
  EXPECT_TRUE(config->json_log);
}

TEST(HubConfig, AMistakeIsNamedWithItsField) {
  const struct {
    const char* text;
    const char* named;
  } kCases[] = {
      {"listen: {}\n", "data"},
      {"data: x\nlisten: {agnts: \"1:2\"}\n", "agnts"},
      {"data: x\nsurprise: 1\n", "surprise"},
      {"data: [x]\n", "data"},
      {"data: x\ngit: {poll: 60}\n", "poll"},
      {"data: x\ngit: {poll: 1ms}\n", "poll"},
      {"data: x\nheadLife: 59s\n", "headLife"},
      {"data: x\nheadLife: 25h\n", "headLife"},
      {"data: x\nlisten: {agents: \"nohost\"}\n", "agents"},
      {"data: x\nlisten: {agents: \"h:99999\"}\n", "agents"},
      {"data: x\nrender: {sandbox: docker}\n", "sandbox"},
      {"data: x\nrender: {ready: 0}\n", "ready"},
      {"data: x\nlog: xml\n", "log"},
      {"data: x\ndata: y\n", "line 2"},
      {"- a\n", "block"},
  };
  for (const auto& test : kCases) {
    const auto config = ParseHubConfig(test.text, "/");
    ASSERT_FALSE(config.has_value()) << test.text;
    EXPECT_NE(config.error().message.find(test.named), std::string::npos)
        << test.text << ": " << config.error().message;
  }
}

TEST(HubConfig, AMissingFileSaysHowToMakeOne) {
  const auto config = LoadHubConfig("/nowhere/hub.yaml");
  ASSERT_FALSE(config.has_value());
  EXPECT_EQ(config.error().code, Errc::kNotFound);
  EXPECT_NE(config.error().message.find("dunlin-hub init"), std::string::npos);
}

}  // namespace
}  // namespace dunlin::hub
