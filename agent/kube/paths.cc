#include "agent/kube/paths.h"

#include <utility>

#include "protocol/base/limits.h"

namespace dunlin::kube {

namespace {

constexpr std::string_view kFieldManager = "dunlin";
constexpr std::string_view kApplyPatch = "application/apply-patch+yaml";

bool IsUnreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

std::string Collection(const Selection& selection) {
  std::string out = GroupVersionPath(selection.group, selection.version);
  if (!selection.namespace_.empty()) out += "/namespaces/" + EscapePath(selection.namespace_);
  out += "/" + EscapePath(selection.plural) + "?";
  if (!selection.label.empty()) out += "labelSelector=" + EscapePath(selection.label) + "&";
  return out;
}

std::string ObjectPath(const sync::Request& request) {
  const size_t slash = request.api_version.find('/');
  const bool core = slash == std::string::npos;
  std::string out =
      GroupVersionPath(core ? "" : request.api_version.substr(0, slash),
                       core ? request.api_version : request.api_version.substr(slash + 1));
  if (request.namespaced) out += "/namespaces/" + EscapePath(request.key.namespace_);
  out += "/" + EscapePath(request.plural);
  if (request.verb != sync::Verb::kCreate) out += "/" + EscapePath(request.key.name);
  return out;
}

std::string WriteParameters(std::string_view validation) {
  return "?fieldManager=" + std::string(kFieldManager) +
         "&fieldValidation=" + std::string(validation);
}

}  // namespace

std::string EscapePath(std::string_view segment) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : segment) {
    if (IsUnreserved(c)) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.push_back('%');
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    }
  }
  return out;
}

std::string GroupVersionPath(std::string_view group, std::string_view version) {
  if (group.empty()) return "/api/" + EscapePath(version);
  return "/apis/" + EscapePath(group) + "/" + EscapePath(version);
}

std::string ListTarget(const Selection& selection, std::string_view more) {
  std::string out =
      Collection(selection) +
      "limit=" + std::to_string(selection.limit > 0 ? selection.limit : limits::kListPageObjects);
  if (!more.empty()) out += "&continue=" + EscapePath(more);
  return out;
}

std::string WatchTarget(const Selection& selection, std::string_view resource_version,
                        Seconds duration) {
  std::string out = Collection(selection) + "watch=1&allowWatchBookmarks=true&timeoutSeconds=" +
                    std::to_string(duration.count());
  if (resource_version.empty()) {
    out += "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
  } else {
    out += "&resourceVersion=" + EscapePath(resource_version);
  }
  return out;
}

net::HttpRequest GetRequest(std::string target) {
  net::HttpRequest out;
  out.target = std::move(target);
  // zlib is not linked; without this header the server compresses bodies of 128 KiB and more.
  out.headers = {{"accept", "application/json"}, {"accept-encoding", "identity"}};
  return out;
}

net::HttpRequest ObjectRequest(const sync::Request& request) {
  net::HttpRequest out = GetRequest(ObjectPath(request));
  std::string content_type = "application/json";
  switch (request.verb) {
    case sync::Verb::kGet:
      break;
    case sync::Verb::kCreate:
      out.method = "POST";
      out.target += WriteParameters("Strict");
      break;
    case sync::Verb::kPatch:
      out.method = "PATCH";
      out.target += WriteParameters(request.content_type == kApplyPatch ? "Strict" : "Warn");
      content_type = request.content_type;
      break;
    case sync::Verb::kDelete:
      out.method = "DELETE";
      break;
  }
  if (!request.body.empty()) out.headers.emplace_back("content-type", content_type);
  if (!request.as_user.empty()) out.headers.emplace_back("impersonate-user", request.as_user);
  out.body = request.body;
  return out;
}

}  // namespace dunlin::kube
