// How requests to the apiserver look: targets and headers. Pure.
#pragma once

#include <string>
#include <string_view>

#include "agent/kube/kube.h"
#include "protocol/net/http.h"

namespace dunlin::kube {

// Percent-encodes everything but unreserved characters (RFC 3986): RBAC names hold ':'.
std::string EscapePath(std::string_view segment);

std::string GroupVersionPath(std::string_view group, std::string_view version);
std::string ListTarget(const Selection& selection, std::string_view more);
// An empty resource_version asks for a streaming list (sendInitialEvents).
std::string WatchTarget(const Selection& selection, std::string_view resource_version,
                        Seconds duration);
// Field manager and validation as merge.md section 14 wants: Strict for POST and server-side apply,
// Warn for other patches (an unknown field of an old object must not block its repair).
net::HttpRequest ObjectRequest(const sync::Request& request);

net::HttpRequest GetRequest(std::string target);

}  // namespace dunlin::kube
