#include "hub/app/config.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "hub/catalog/repo_url.h"
#include "protocol/object/value.h"
#include "protocol/yaml/config_yaml.h"

namespace dunlin::hub {

namespace {

using Reader = std::function<Status(const object::Value&)>;

Error Expected(const std::string& field, const std::string& what) {
  return MakeError(Errc::kInvalidArgument, field + ": expected " + what);
}

// Reads the known members of a block and refuses the others by name.
Status ReadBlock(const object::Value& value, const std::string& block,
                 const std::map<std::string, Reader>& members) {
  if (!value.is_object()) return Expected(block, "a block of fields");
  for (const auto& [name, member] : value.as_object()) {
    const std::string field = (block.empty() ? "" : block + ".") + std::string(name);
    const auto reader = members.find(std::string(name));
    if (reader == members.end()) {
      std::string known;
      for (const auto& [other, unused] : members) known += (known.empty() ? "" : ", ") + other;
      return MakeError(Errc::kInvalidArgument, field + ": no such field; known here: " + known);
    }
    auto read = reader->second(member);
    if (!read) return std::move(read).WithContext(field);
  }
  return {};
}

Reader Text(std::string& out) {
  return [&out](const object::Value& value) -> Status {
    if (!value.is_string()) return MakeError(Errc::kInvalidArgument, "expected text");
    out = std::string(object::View(value.as_string()));
    return {};
  };
}

Reader Texts(std::vector<std::string>& out) {
  return [&out](const object::Value& value) -> Status {
    if (!value.is_array()) return MakeError(Errc::kInvalidArgument, "expected a list of texts");
    for (const object::Value& element : value.as_array()) {
      if (!element.is_string())
        return MakeError(Errc::kInvalidArgument, "expected a list of texts");
      out.emplace_back(object::View(element.as_string()));
    }
    return {};
  };
}

Reader Flag(bool& out) {
  return [&out](const object::Value& value) -> Status {
    if (!value.is_bool()) return MakeError(Errc::kInvalidArgument, "expected true or false");
    out = value.as_bool();
    return {};
  };
}

Reader Number(int& out, int least, int most) {
  return [&out, least, most](const object::Value& value) -> Status {
    if (!value.is_int64() || value.as_int64() < least || value.as_int64() > most) {
      return MakeError(Errc::kInvalidArgument, "expected a number from " + std::to_string(least) +
                                                   " to " + std::to_string(most));
    }
    out = static_cast<int>(value.as_int64());
    return {};
  };
}

// "500ms", "30s", "15m", "24h".
Result<Millis> ParseDuration(std::string_view text) {
  int64_t count = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit(stop, static_cast<size_t>(text.data() + text.size() - stop));
  static const std::map<std::string_view, int64_t> kUnits = {
      {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
  const auto factor = kUnits.find(unit);
  if (error != std::errc() || factor == kUnits.end() || count <= 0 || count > 1'000'000) {
    return MakeError(Errc::kInvalidArgument, "expected a duration such as 500ms, 30s, 15m or 24h");
  }
  return Millis(count * factor->second);
}

// In the largest unit that ParseDuration reads and that says it exactly.
std::string DurationText(Millis duration) {
  const int64_t ms = duration.count();
  if (ms % 3'600'000 == 0) return std::to_string(ms / 3'600'000) + "h";
  if (ms % 60'000 == 0) return std::to_string(ms / 60'000) + "m";
  if (ms % 1000 == 0) return std::to_string(ms / 1000) + "s";
  return std::to_string(ms) + "ms";
}

Reader Duration(Millis& out, Millis least, Millis most) {
  return [&out, least, most](const object::Value& value) -> Status {
    if (!value.is_string())
      return MakeError(Errc::kInvalidArgument, "expected a duration such as 30s");
    TRY(const Millis duration, ParseDuration(object::View(value.as_string())));
    if (duration < least || duration > most) {
      return MakeError(Errc::kInvalidArgument,
                       "expected " + DurationText(least) + " to " + DurationText(most));
    }
    out = duration;
    return {};
  };
}

// "127.0.0.1:7443", "[::1]:7443", port 0 for any.
Reader Address(Listen& out) {
  return [&out](const object::Value& value) -> Status {
    const std::string text =
        value.is_string() ? std::string(object::View(value.as_string())) : std::string();
    const size_t colon = text.rfind(':');
    const Error wrong = MakeError(Errc::kInvalidArgument, "expected address:port");
    if (colon == std::string::npos || colon == 0) return wrong;
    out.host = text.substr(0, colon);
    if (out.host.front() == '[' && out.host.back() == ']')
      out.host = out.host.substr(1, out.host.size() - 2);
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, out.port);
    if (error != std::errc() || stop != end) return wrong;
    return {};
  };
}

Reader Sandbox(SandboxChoice& out) {
  return [&out](const object::Value& value) -> Status {
    static const std::map<std::string, SandboxChoice> kChoices = {
        {"auto", SandboxChoice::kAuto},
        {"gvisor", SandboxChoice::kGvisor},
        {"bubblewrap", SandboxChoice::kBubblewrap},
        {"none", SandboxChoice::kNone}};
    const auto choice =
        kChoices.find(value.is_string() ? std::string(object::View(value.as_string())) : "");
    if (choice == kChoices.end()) {
      return MakeError(Errc::kInvalidArgument, "expected auto, gvisor, bubblewrap or none");
    }
    out = choice->second;
    return {};
  };
}

Reader Block(std::string name, std::map<std::string, Reader> members) {
  return [name = std::move(name), members = std::move(members)](const object::Value& value) {
    return ReadBlock(value, "", members);
  };
}

std::string Resolved(const std::string& path, const std::string& directory) {
  if (path.empty()) return path;
  std::string out = (std::filesystem::path(directory) / path).lexically_normal().string();
  if (out.size() > 1 && out.back() == '/') out.pop_back();  // "." leaves one
  return out;
}

}  // namespace

Result<HubConfig> ParseHubConfig(const std::string& text, const std::string& directory) {
  TRY(const object::Value document, yaml::ParseConfig(text));
  HubConfig out;
  std::string log = "text";
  const auto log_format = [&out](const object::Value& value) -> Status {
    const std::string_view word = value.is_string() ? object::View(value.as_string()) : "";
    if (word != "json" && word != "text")
      return MakeError(Errc::kInvalidArgument, "expected text or json");
    out.json_log = word == "json";
    return {};
  };
  const std::map<std::string, Reader> members = {
      {"data", Text(out.data)},
      {"listen", Block("listen", {{"agents", Address(out.agents)},
                                  {"public", Address(out.public_)},
                                  {"admin", Text(out.admin_socket)}})},
      {"advertise", Text(out.advertise_host)},
      {"names", Texts(out.names)},
      {"catalog", Block("catalog", {{"repo", Text(out.catalog.repo)},
                                    {"revision", Text(out.catalog.revision)},
                                    {"path", Text(out.catalog.path)}})},
      {"git", Block("git", {{"poll", Duration(out.git.poll, Millis(200), Millis(86'400'000))},
                            {"localRoots", Texts(out.git.local_roots)},
                            {"allowNetworks", Texts(out.git.allow_networks)},
                            {"allowHttp", Flag(out.git.allow_http)},
                            {"deadline", Duration(out.git.deadline, Seconds(1), Seconds(3600))}})},
      {"render", Block("render", {{"sandbox", Sandbox(out.render.sandbox)},
                                  {"ready", Number(out.render.ready, 1, 64)},
                                  {"limit", Duration(out.render.limit, Seconds(1), Seconds(600))},
                                  {"worker", Text(out.render.worker)},
                                  {"runsc", Text(out.render.runsc)},
                                  {"kubeVersion", Text(out.render.kube_version)}})},
      {"headLife", Duration(out.head_life, Seconds(60), Seconds(86'400))},
      {"log", log_format},
  };
  TRY_VOID(ReadBlock(document, "", members));
  if (!out.catalog.repo.empty()) {
    // Here, before any log or screen shows it: it may hold a password.
    TRY_VOID(catalog::ParseRepoUrl(out.catalog.repo).WithContext("catalog.repo"));
  }
  if (out.data.empty())
    return MakeError(Errc::kInvalidArgument, "data: the state directory is missing");
  out.data = Resolved(out.data, directory);
  out.admin_socket =
      out.admin_socket.empty() ? out.data + "/admin.sock" : Resolved(out.admin_socket, directory);
  out.render.worker = Resolved(out.render.worker, directory);
  out.render.runsc = Resolved(out.render.runsc, directory);
  for (std::string& root : out.git.local_roots) root = Resolved(root, directory);
  if (out.advertise_host.empty()) {
    const bool any = out.agents.host == "0.0.0.0" || out.agents.host == "::";
    out.advertise_host = !any ? out.agents.host : out.names.empty() ? "127.0.0.1" : out.names[0];
  }
  return out;
}

Result<HubConfig> LoadHubConfig(const std::string& file) {
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  if (!in && errno == ENOENT) {
    return MakeError(Errc::kNotFound,
                     "cannot read " + file + "; make one with: dunlin-hub init --data DIR");
  }
  if (!in) {
    const int reason = errno;
    return MakeError(reason == EACCES ? Errc::kPermission : Errc::kIo,
                     "cannot read " + file + ": " + std::strerror(reason));
  }
  std::ostringstream text;
  text << in.rdbuf();
  const std::string directory = std::filesystem::absolute(file).parent_path().string();
  return ParseHubConfig(text.str(), directory).WithContext(file);
}

}  // namespace dunlin::hub
