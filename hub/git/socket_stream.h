// The TCP connection below libgit2's HTTP: it resolves the name once, checks every address
// (address.h) and connects to the very address that passed, so that no second DNS answer can move
// it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hub/git/address.h"
#include "protocol/base/result.h"
#include "protocol/base/time.h"

namespace dunlin::git {

// Makes libgit2 use it for all connections, plain and below TLS. `silence`: how long the server may
// send or take nothing.
Status RegisterSocketStream(const std::vector<std::string>& allow_networks, Millis silence);

// The only server that libgit2 may connect to from now on. It follows redirects on one host even
// when told not to, to another port as well, and would take the credentials along. What is left is
// a new path on the same server, which is how hosters answer for a repository that was renamed.
void PinServer(const std::string& host, uint16_t port);

struct Connection {
  int fd = -1;  // the caller closes it
  IpAddress address;
};

// kPermission: the name only has addresses that are not allowed; kNotFound: no address;
// kUnavailable, kTimeout: nobody answers there.
Result<Connection> ConnectChecked(const std::string& host, const std::string& port);

}  // namespace dunlin::git
