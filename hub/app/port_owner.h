// Who listens on a TCP port of this machine.
#pragma once

#include <cstdint>
#include <string>

namespace dunlin::hub {

// "nginx (pid 812)"; of a process that this user may not look into "another program". Reads /proc.
std::string PortOwner(uint16_t port);

}  // namespace dunlin::hub
