#include "agent/kube/kubeconfig.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "protocol/base/limits.h"
#include "tests/support/temp_dir.h"

namespace dunlin::kube {
namespace {

class Kubeconfig : public testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = dir_ + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << text;
    return path;
  }
  // A whole kubeconfig around one cluster and one user.
  std::string File(const std::string& cluster, const std::string& user) {
    return Write("config",
                 "apiVersion: v1\nkind: Config\ncurrent-context: main\ncontexts:\n- name: main\n"
                 "  context: {cluster: c, user: u, namespace: shop}\nclusters:\n- name: c\n"
                 "  cluster: {" +
                     cluster + "}\nusers:\n- name: u\n  user: {" + user + "}\n");
  }
  Result<Access> Load(const std::string& file) {
    Environment environment;
    environment.file = file;
    return LoadAccess(environment);
  }

  const test::TempDir temp_;
  const std::string dir_ = temp_.path();
};

const char kCluster[] = "server: 'https://10.0.0.1:6443', certificate-authority-data: Q0E=";

TEST_F(Kubeconfig, ReadsInlineData) {
  const auto access =
      Load(File(std::string(kCluster) + ", tls-server-name: api.example",
                "client-certificate-data: Q1JU, client-key-data: S0VZ, token: 1234567"));
  ASSERT_TRUE(access.has_value()) << access.error().message;
  EXPECT_EQ(access->host, "10.0.0.1");
  EXPECT_EQ(access->port, 6443);
  EXPECT_EQ(access->server_name, "api.example");
  EXPECT_EQ(access->ca_pem, "CA");
  EXPECT_EQ(access->client_certificate_pem, "CRT");
  EXPECT_EQ(access->client_key_pem, "KEY");
  EXPECT_EQ(access->token, "1234567");
  EXPECT_EQ(access->namespace_, "shop");
}

TEST_F(Kubeconfig, FilesAtTheSizeLimitAreReadAndOneAboveAreNot) {
  static_assert(limits::kKubeconfigBytes <= limits::kConfigBytes);
  const std::string file = File("server: 'https://h', certificate-authority: ca.crt", "token: t");
  Write("ca.crt", std::string(limits::kKubeconfigBytes, 'c'));
  EXPECT_TRUE(Load(file).has_value());
  Write("ca.crt", std::string(limits::kKubeconfigBytes + 1, 'c'));
  EXPECT_EQ(Load(file).error().code, Errc::kLimit);
  Write("ca.crt", "CA");

  std::ofstream(file, std::ios::app)
      << '#' << std::string(limits::kKubeconfigBytes - std::filesystem::file_size(file) - 1, '-');
  ASSERT_EQ(std::filesystem::file_size(file), limits::kKubeconfigBytes);
  EXPECT_TRUE(Load(file).has_value());
  std::ofstream(file, std::ios::app) << '-';
  EXPECT_EQ(Load(file).error().code, Errc::kLimit);
}

TEST_F(Kubeconfig, ResolvesFilesFromItsOwnDirectory) {
  Write("pki/ca.crt", "CA");
  Write("pki/a.crt", "CRT");
  Write("pki/a.key", "KEY");
  const auto access = Load(File("server: 'https://h', certificate-authority: pki/ca.crt",
                                "client-certificate: pki/a.crt, client-key: pki/a.key, "
                                "tokenFile: pki/token"));
  ASSERT_TRUE(access.has_value()) << access.error().message;
  EXPECT_EQ(access->ca_pem, "CA");
  EXPECT_EQ(access->client_certificate_pem, "CRT");
  EXPECT_EQ(access->client_key_pem, "KEY");
  EXPECT_EQ(access->token_file, dir_ + "/pki/token");
  EXPECT_EQ(access->port, 443);
}

TEST_F(Kubeconfig, MergesAListAndTheFirstToNameAThingWins) {
  Environment environment;
  environment.kubeconfig =
      dir_ + "/missing:" +
      Write("a", "current-context: two\nusers:\n- {name: u, user: {token: first}}\n") + ":" +
      Write("b",
            "current-context: one\ncontexts:\n- {name: two, context: {cluster: c, user: u}}\n"
            "clusters:\n- name: c\n  cluster: {server: 'https://h', certificate-authority-data: "
            "Q0E=}\nusers:\n- {name: u, user: {token: second}}\n");
  const auto access = LoadAccess(environment);
  ASSERT_TRUE(access.has_value()) << access.error().message;
  EXPECT_EQ(access->token, "first");
}

TEST_F(Kubeconfig, TheFlagBeatsTheEnvironmentAndThePod) {
  Environment environment;
  environment.file = File(kCluster, "token: flag");
  environment.kubeconfig = Write("other", "current-context: x\n");
  environment.service_host = "10.1.1.1";
  const auto access = LoadAccess(environment);
  ASSERT_TRUE(access.has_value()) << access.error().message;
  EXPECT_EQ(access->token, "flag");
}

TEST_F(Kubeconfig, UsesTheServiceAccountInAPod) {
  Write("sa/ca.crt", "CA");
  Write("sa/token", "T");
  Write("sa/namespace", "dunlin-system");
  Environment environment;
  environment.service_host = "fd00::1";
  environment.service_port = "6443";
  environment.service_account_dir = dir_ + "/sa";
  const auto access = LoadAccess(environment);
  ASSERT_TRUE(access.has_value()) << access.error().message;
  EXPECT_EQ(access->host, "fd00::1");
  EXPECT_EQ(access->port, 6443);
  EXPECT_EQ(access->ca_pem, "CA");
  EXPECT_EQ(access->token_file, dir_ + "/sa/token");
  EXPECT_EQ(access->namespace_, "dunlin-system");
}

TEST_F(Kubeconfig, SaysWhatToDoInAPodWithoutAToken) {
  Write("sa/ca.crt", "CA");
  Environment environment;
  environment.service_host = "10.0.0.1";
  environment.service_account_dir = dir_ + "/sa";
  const auto access = LoadAccess(environment);
  ASSERT_FALSE(access.has_value());
  EXPECT_EQ(access.error().code, Errc::kNotFound);
  for (const char* part : {"--kubeconfig", "mount its token", "sa/token"}) {
    EXPECT_NE(access.error().message.find(part), std::string::npos) << access.error().message;
  }
}

TEST_F(Kubeconfig, SaysHowToConfigureWhenThereIsNothing) {
  Environment environment;
  environment.home = dir_;
  const auto access = LoadAccess(environment);
  ASSERT_FALSE(access.has_value());
  EXPECT_EQ(access.error().code, Errc::kNotFound);
  EXPECT_NE(access.error().message.find("--kubeconfig"), std::string::npos);
}

TEST_F(Kubeconfig, RefusesWhatWouldBeUnsafeOrIsNotSupported) {
  struct Row {
    std::string cluster, user;
    Errc code;
    const char* names;
  };
  const std::string cluster = kCluster;
  const std::vector<Row> rows = {
      {cluster + ", insecure-skip-tls-verify: true", "", Errc::kPermission, "insecure-skip"},
      {cluster + ", proxy-url: 'http://p'", "", Errc::kUnsupported, "proxy-url"},
      {cluster, "exec: {command: aws}", Errc::kUnsupported, "exec"},
      {cluster, "auth-provider: {name: gcp}", Errc::kUnsupported, "auth-provider"},
      {cluster, "username: a, password: b", Errc::kUnsupported, "username"},
      {cluster, "as: root", Errc::kUnsupported, "as "},
      {"server: 'http://10.0.0.1'", "", Errc::kUnsupported, "https"},
      {"server: 'ftp://10.0.0.1'", "", Errc::kInvalidArgument, "server"},
      {cluster, "client-certificate-data: Q1JU", Errc::kInvalidArgument, "client-key"},
      {"server: 'https://h', certificate-authority-data: '%%'", "", Errc::kInvalidArgument,
       "base64"},
      {"server: 'https://h', certificate-authority: no.crt", "", Errc::kNotFound, "no.crt"}};
  for (const Row& row : rows) {
    const auto access = Load(File(row.cluster, row.user));
    ASSERT_FALSE(access.has_value()) << row.cluster << " / " << row.user;
    EXPECT_EQ(access.error().code, row.code) << access.error().message;
    EXPECT_NE(access.error().message.find(row.names), std::string::npos) << access.error().message;
  }
}

TEST_F(Kubeconfig, ASwitchedOffOptionIsNoReasonToRefuse) {
  const auto access =
      Load(File(std::string(kCluster) + ", insecure-skip-tls-verify: false", "token: t"));
  EXPECT_TRUE(access.has_value()) << access.error().message;
}

TEST_F(Kubeconfig, NamesTheEntryThatIsMissing) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"contexts: []\n", "current-context"},
      {"current-context: x\n", "'x'"},
      {"current-context: x\ncontexts:\n- {name: x, context: {cluster: gone}}\n", "'gone'"},
      {"- a\n", "no kubeconfig"},
      {"a: [\n", "config"}};
  for (const auto& [text, names] : rows) {
    const auto access = Load(Write("config", text));
    ASSERT_FALSE(access.has_value()) << text;
    EXPECT_EQ(access.error().code, Errc::kInvalidArgument);
    EXPECT_NE(access.error().message.find(names), std::string::npos) << access.error().message;
  }
  const auto access = Load(dir_ + "/nowhere");
  ASSERT_FALSE(access.has_value());
  EXPECT_EQ(access.error().code, Errc::kNotFound);
}

TEST(ParseServer, SplitsTheAddress) {
  struct Row {
    const char* url;
    const char* host;
    uint16_t port;
    const char* prefix;
  };
  for (const Row& row : {Row{"https://h", "h", 443, ""}, Row{"https://h:6443/", "h", 6443, ""},
                         Row{"https://h/k8s/clusters/c-1/", "h", 443, "/k8s/clusters/c-1"},
                         Row{"https://[fd00::1]:6443/a", "fd00::1", 6443, "/a"},
                         Row{"https://[::1]", "::1", 443, ""}}) {
    Access access;
    ASSERT_TRUE(ParseServer(row.url, access).has_value()) << row.url;
    EXPECT_EQ(access.host, row.host);
    EXPECT_EQ(access.port, row.port);
    EXPECT_EQ(access.path_prefix, row.prefix);
  }
  for (const char* url :
       {"", "h:6443", "https://", "https://:1", "https://h:", "https://h:0", "https://h:70000",
        "https://[::1", "https://u@h", "https://h/a?b", "https://[::1]x"}) {
    Access access;
    EXPECT_FALSE(ParseServer(url, access).has_value()) << url;
  }
}

}  // namespace
}  // namespace dunlin::kube
