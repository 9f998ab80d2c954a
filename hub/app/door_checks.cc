// The three doors of the hub, for `doctor`: each is opened for a moment as serve would, or whoever
// is in the way is asked who it is.
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "hub/app/check.h"
#include "hub/app/port_owner.h"
#include "protocol/net/http_client.h"

namespace dunlin::hub {

namespace {

using Tcp = asio::ip::tcp;

constexpr Millis kAnswerLimit{2000};      // of this machine
constexpr size_t kSocketPathBytes = 107;  // sockaddr_un

std::string Text(const Listen& listen) {
  const bool v6 = listen.host.find(':') != std::string::npos;
  return (v6 ? "[" + listen.host + "]" : listen.host) + ":" + std::to_string(listen.port);
}

// Any connection shows it: our server certificate, whether or not it goes on with us.
TaskVoid IsOurHub(asio::any_io_executor executor, const HubKeys& keys, Listen listen,
                  std::string name) {
  tls::Config::Options options;
  options.ca_pem = keys.ca_pem;
  options.own_chain_rules = true;
  options.alpn = {"h2"};
  net::Origin origin;
  CO_TRY(origin.tls, tls::Config::Make(std::move(options)));
  const auto address = asio::ip::make_address(listen.host);
  origin.host = !address.is_unspecified() ? listen.host : address.is_v6() ? "::1" : "127.0.0.1";
  origin.port = listen.port;
  origin.server_name = std::move(name);
  origin.connect_limit = kAnswerLimit;
  const std::unique_ptr<net::HttpClient> client = net::MakeHttpClient(executor, std::move(origin));
  net::HttpRequest request;
  request.target = "/";
  auto answer = co_await client->Send(std::move(request), kAnswerLimit);
  // The agents' port has proved itself when it misses our certificate.
  if (answer || answer.error().code == Errc::kUnauthenticated) co_return Status();
  co_return answer.error();
}

struct Door {
  std::string name;    // of the check
  std::string field;   // of the configuration
  std::string option;  // of init
  const Listen& listen;
};

class DoorChecks {
 public:
  DoorChecks(const HubConfig& config, const HubKeys* keys, std::optional<pid_t> hub)
      : config_(config), keys_(keys), hub_(hub) {}

  Check Port(const Door& door) {
    boost::system::error_code error;
    const auto address = asio::ip::make_address(door.listen.host, error);
    if (error) {
      return Failed(door.name, door.listen.host + " is not an IP address",
                    "name the address to listen on in " + door.field + "; 0.0.0.0 is all of them");
    }
    const Tcp::endpoint endpoint(address, door.listen.port);
    // Kept open until all doors were tried: two of them may name one port.
    Tcp::acceptor& acceptor = open_.emplace_back(context_);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    const std::string where = Text(door.listen);
    if (!error && hub_ && door.listen.port != 0) {
      return Failed(door.name,
                    "nothing listens on " + where + ", though a hub runs here (pid " +
                        std::to_string(*hub_) + ")",
                    "the configuration was changed since it started: restart it");
    }
    if (!error) return Passed(door.name, where + " can be listened on");
    if (error == asio::error::address_in_use) return InUse(door);
    if (error == asio::error::access_denied) {
      return Failed(door.name, where + ": this user may not listen on this port",
                    "choose a port above 1023 in " + door.field +
                        ", or give the hub the right CAP_NET_BIND_SERVICE");
    }
    return Failed(door.name, where + ": " + error.message(),
                  "name an address of this machine in " + door.field + "; 0.0.0.0 is all of them");
  }

  Check AdminSocket() const {
    const std::string& path = config_.admin_socket;
    const std::string name = "admin socket";
    const std::string hint = "name another path in listen.admin";
    if (hub_) {
      return Passed(name, path + ", served by the running hub (pid " + std::to_string(*hub_) + ")");
    }
    if (path.size() > kSocketPathBytes) {
      return Failed(name,
                    path + " is longer than the " + std::to_string(kSocketPathBytes) +
                        " bytes that a socket's path may have",
                    hint);
    }
    struct stat info {};
    if (::lstat(path.c_str(), &info) == 0 && !S_ISSOCK(info.st_mode)) {
      return Failed(name, path + ": a file that is no socket is in the way", "move it away");
    }
    const std::string directory = std::filesystem::path(path).parent_path().string();
    if (::access(directory.c_str(), W_OK) != 0) {
      return Failed(name, directory + ": " + std::strerror(errno), "make it writable, or " + hint);
    }
    return Passed(name, path + " can be made");
  }

 private:
  Check InUse(const Door& door) {
    const std::string where = Text(door.listen);
    if (config_.agents.port == config_.public_.port) {
      return Failed(
          door.name,
          "listen.agents and listen.public both name port " + std::to_string(door.listen.port),
          "give them two ports");
    }
    const std::string choose = "choose another port in " + door.field + " (" + door.option + ")";
    if (keys_ != nullptr) {
      const std::string name = config_.names.empty() ? "" : config_.names.front();
      const Status ours =
          RunToEnd(context_, IsOurHub(context_.get_executor(), *keys_, door.listen, name));
      if (ours && hub_) {
        return Passed(door.name,
                      where + ", served by the running hub (pid " + std::to_string(*hub_) + ")");
      }
      if (ours) {
        return Failed(
            door.name,
            "on " + where + " a hub with these keys runs already: " + PortOwner(door.listen.port),
            "end it before another one is started; its admin socket is not " +
                config_.admin_socket);
      }
    }
    return Failed(door.name,
                  "port " + std::to_string(door.listen.port) + " is taken by " +
                      PortOwner(door.listen.port) + " (" + where + ")",
                  "end it, or " + choose);
  }

  const HubConfig& config_;
  const HubKeys* keys_;
  std::optional<pid_t> hub_;
  asio::io_context context_{1};
  std::vector<Tcp::acceptor> open_;
};

}  // namespace

std::vector<Check> CheckDoors(const HubConfig& config, const HubKeys* keys,
                              std::optional<pid_t> hub) {
  DoorChecks doors(config, keys, hub);
  std::vector<Check> checks;
  checks.push_back(
      doors.Port({"agents' port", "listen.agents", "init --agents-port", config.agents}));
  checks.push_back(
      doors.Port({"public port", "listen.public", "init --public-port", config.public_}));
  checks.push_back(doors.AdminSocket());
  return checks;
}

}  // namespace dunlin::hub
