// sd_notify by hand: one datagram to the socket that systemd names. No static libsystemd exists.
#pragma once

#include <string>
#include <string_view>

#include "protocol/base/time.h"

namespace dunlin::app {

// `socket`: NOTIFY_SOCKET ("@name" is abstract); empty: does nothing. Best effort.
void NotifySystemd(const std::string& socket, std::string_view state);

// How often "WATCHDOG=1" is due: half of WATCHDOG_USEC; 0: not wanted.
Millis WatchdogEvery(std::string_view watchdog_usec);

}  // namespace dunlin::app
