// `dunlin-hub doctor` as a program: for each way in which `serve` fails at its start, the check
// that names the cause.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "protocol/object/json.h"
#include "tests/support/assert_ok.h"
#include "tests/support/child.h"

namespace dunlin::hub {
namespace {

constexpr char kApp[] =
    "apiVersion: dunlin.dev/v1\nkind: App\nmetadata: {name: shop}\n"
    "spec:\n  source: {repo: https://git.example/a.git, path: a}\n  clusters: {}\n";

// A listening socket of this process on a free port of the loopback address.
class Listener {
 public:
  Listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(fd_, raw, size), 0);
    EXPECT_EQ(::listen(fd_, 8), 0);
    EXPECT_EQ(::getsockname(fd_, raw, &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { ::close(fd_); }
  std::string port() const { return std::to_string(port_); }

 private:
  int fd_;
  uint16_t port_ = 0;
};

class DoctorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(std::filesystem::exists(DUNLIN_BINARY_DIR "/bin/dunlin-render"))
        << "dunlin-render is not built: run scripts/setup";
    ASSERT_OK(Git({"init", "-q", "--bare", "-b", "main", fleet_}));
    ASSERT_OK(Git({"init", "-q", "-b", "main", work_}));
    Commit("catalogue/app.yaml", kApp);
    ASSERT_EQ(Hub({"init", "--data", data_, "--fleet", fleet_, "--fleet-path", "catalogue",
                   "--agents-port", "0", "--public-port", "0"})
                  .status,
              0)
        << Stderr();
    Edit("listen:", "render:\n  ready: 1\nlisten:");
  }

  static Status Git(std::vector<std::string> arguments) {
    support::ChildOptions options;
    options.command = {"git"};
    options.command.insert(options.command.end(), arguments.begin(), arguments.end());
    TRY(const support::Finished finished, support::Run(options));
    if (finished.status == 0) return {};
    return MakeError(Errc::kInternal, "git " + arguments.front() + " failed");
  }
  void Commit(const std::string& file, const std::string& text) {
    const std::filesystem::path path = work_ + "/" + file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    ASSERT_OK(Git({"-C", work_, "add", "."}));
    ASSERT_OK(Git({"-C", work_, "-c", "user.name=t", "-c", "user.email=t@example", "commit", "-qm",
                   "change"}));
    ASSERT_OK(Git({"-C", work_, "push", "-q", fleet_, "main"}));
  }

  std::vector<std::string> Command(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), DUNLIN_BINARY_DIR "/bin/dunlin-hub");
    return arguments;
  }
  support::Finished Hub(std::vector<std::string> arguments) {
    std::filesystem::remove(temp_ / "stderr");
    const auto finished = support::Run(
        {.command = Command(std::move(arguments)), .log = temp_ / "stderr"}, {}, Seconds(20));
    EXPECT_OK(finished);
    return finished ? *finished : support::Finished{-1, ""};
  }
  std::string Stderr() const {
    std::ifstream in(temp_ / "stderr");
    return {std::istreambuf_iterator<char>(in), {}};
  }

  // A part of hub.yaml says something else.
  void Edit(const std::string& from, const std::string& to) {
    std::ifstream in(config_);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << text;
    std::ofstream(config_) << text.replace(at, from.size(), to);
  }

  // A line of it.
  static std::string Port(const std::string& field, const std::string& port) {
    return field + ": \"127.0.0.1:" + port + "\"";
  }

  struct Found {
    bool ok = false;
    std::string found, hint;
  };
  std::map<std::string, Found> Doctor() {
    const support::Finished finished = Hub({"doctor", "-o", "json", "--config", config_});
    const auto document = object::ParseJson(finished.out);
    EXPECT_OK(document);
    std::map<std::string, Found> checks;
    if (!document) return checks;
    for (const object::Value& item : *object::FindArray(*document, {"items"})) {
      checks[std::string(object::FindString(item, {"name"}))] = {
          object::FindBool(item, {"ok"}).value_or(false),
          std::string(object::FindString(item, {"found"})),
          std::string(object::FindString(item, {"hint"}))};
    }
    return checks;
  }
  // The check fails, says `cause`, and its hint does not lead back here.
  void ExpectFailure(const std::string& name, const std::string& cause) {
    std::map<std::string, Found> checks = Doctor();
    const Found& check = checks[name];
    EXPECT_FALSE(check.ok) << name;
    EXPECT_NE(check.found.find(cause), std::string::npos) << check.found;
    EXPECT_NE(check.hint, "");
    EXPECT_EQ(check.hint.find("doctor"), std::string::npos) << check.hint;
  }
  void ExpectServeFails() { EXPECT_NE(Hub({"serve", "--config", config_}).status, 0) << Stderr(); }
  // Until the hub says that it serves.
  Result<support::Child> Serve() {
    TRY(auto hub, support::Child::Start({.command = Command({"serve", "--config", config_}),
                                         .log = temp_ / "serve.log"}));
    TRY(const std::string line, hub.ReadLine(Seconds(60)));
    EXPECT_NE(line.find("serves agents"), std::string::npos) << line;
    return hub;
  }

  support::TempDir temp_;
  const std::string fleet_ = temp_ / "fleet.git", work_ = temp_ / "work", data_ = temp_ / "hub";
  const std::string config_ = data_ + "/hub.yaml";
};

TEST_F(DoctorTest, AHubThatCanStartPassesAndNothingOfItIsTouched) {
  for (const auto& [name, check] : Doctor()) {
    EXPECT_TRUE(check.ok) << name << ": " << check.found;
  }
  EXPECT_FALSE(std::filesystem::exists(data_ + "/hub.db"));
  EXPECT_FALSE(std::filesystem::exists(data_ + "/mirrors"));
  EXPECT_NE(Doctor()["catalogue"].found.find("1 app"), std::string::npos);
}

TEST_F(DoctorTest, NamesWhoHoldsAPort) {
  const Listener other;
  for (const auto& [field, name] :
       {std::pair("agents", "agents' port"), std::pair("public", "public port")}) {
    Edit(Port(field, "0"), Port(field, other.port()));
    ExpectServeFails();
    ExpectFailure(name, "port " + other.port() + " is taken by hub_commands_te (pid " +
                            std::to_string(getpid()) + ")");
    Edit(Port(field, other.port()), Port(field, "0"));
  }
}

TEST_F(DoctorTest, AddressesThatCannotBeListenedOn) {
  Edit(Port("agents", "0"), "agents: \"192.0.2.1:0\"");  // of nobody
  Edit(Port("public", "0"), "public: hub.example:0");
  ExpectServeFails();
  ExpectFailure("agents' port", "192.0.2.1");
  ExpectFailure("public port", "hub.example is not an IP address");
}

TEST_F(DoctorTest, OnePortForBothDoors) {
  std::string port;
  {
    const Listener free;
    port = free.port();
  }
  Edit(Port("agents", "0"), Port("agents", port));
  Edit(Port("public", "0"), Port("public", port));
  ExpectServeFails();
  ExpectFailure("public port", "both name port");
}

TEST_F(DoctorTest, AFileInThePlaceOfTheAdminSocket) {
  std::ofstream(data_ + "/admin.sock") << "x";
  ExpectServeFails();
  ExpectFailure("admin socket", "a file that is no socket");
}

TEST_F(DoctorTest, DamagedKeysAndDatabase) {
  std::ofstream(data_ + "/hub.db") << std::string(8192, 'x');
  ExpectServeFails();
  ExpectFailure("database", "hub.db");
  std::filesystem::remove(data_ + "/keys/ca.key");
  ExpectServeFails();
  ExpectFailure("keys", "ca.key");
}

TEST_F(DoctorTest, AServerNameThatNoCertificateCanHold) {
  Edit("- localhost", "- " + std::string(70000, 'x'));
  ExpectServeFails();
  ExpectFailure("keys", "server certificate");
}

TEST_F(DoctorTest, SaysWhatIsWrongWithTheFleetRepository) {
  Commit("catalogue/broken.yaml", "apiVersion: dunlin.dev/v1\nkind: App\nmetadata: {name: A}\n");
  ExpectFailure("catalogue", "catalogue/broken.yaml:1");
  Edit("path: catalogue", "path: elsewhere");
  ExpectFailure("catalogue", "no file there");
  Edit("revision: HEAD", "revision: nowhere");
  ExpectFailure("catalogue", "nowhere");
  std::filesystem::remove_all(fleet_);
  ExpectFailure("catalogue", fleet_);
}

TEST_F(DoctorTest, ARunningHubIsNoObstacleToItself) {
  auto hub = Serve();
  ASSERT_OK(hub);
  std::map<std::string, Found> checks = Doctor();
  const std::string pid = "(pid " + std::to_string(hub->pid()) + ")";
  EXPECT_TRUE(checks["database"].ok);
  EXPECT_NE(checks["database"].found.find(pid), std::string::npos) << checks["database"].found;
  EXPECT_TRUE(checks["admin socket"].ok);
  // A second one from the same directory is refused, and told why.
  Edit("listen:", "listen:\n  admin: other.sock");
  ExpectServeFails();
  ExpectFailure("database", "in use by another process");
}

TEST_F(DoctorTest, ARunningHubIsKnownByItsCertificateOnBothPorts) {
  std::string agents, public_port;
  {
    const Listener one, two;
    agents = Port("agents", one.port());
    public_port = Port("public", two.port());
  }
  Edit(Port("agents", "0"), agents);
  Edit(Port("public", "0"), public_port);
  auto hub = Serve();
  ASSERT_OK(hub);
  std::map<std::string, Found> checks = Doctor();
  for (const char* name : {"agents' port", "public port"}) {
    EXPECT_TRUE(checks[name].ok) << checks[name].found;
    EXPECT_NE(checks[name].found.find("running hub"), std::string::npos) << checks[name].found;
  }
  const Listener elsewhere;
  Edit(agents, Port("agents", "0"));
  Edit(public_port, Port("public", elsewhere.port()));
  ExpectFailure("public port", "is taken by");
}

}  // namespace
}  // namespace dunlin::hub
