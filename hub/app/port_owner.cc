#include "hub/app/port_owner.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <vector>

namespace dunlin::hub {

namespace {

namespace fs = std::filesystem;

constexpr const char* kListening = "0A";  // TCP_LISTEN in /proc/net/tcp

// "  0: 0100007F:1D13 00000000:0000 0A … inode": local address, peer, state, and six more before
// the inode.
void AddListeners(const std::string& table, uint16_t port, std::set<std::string>& inodes) {
  std::ifstream in(table);
  std::string line;
  std::getline(in, line);  // the heading
  while (std::getline(in, line)) {
    std::istringstream words(line);
    std::vector<std::string> columns;
    for (std::string word; words >> word;) columns.push_back(word);
    if (columns.size() < 10 || columns[3] != kListening) continue;
    const std::string hex = columns[1].substr(columns[1].rfind(':') + 1);
    uint16_t number = 0;
    std::from_chars(hex.data(), hex.data() + hex.size(), number, 16);
    if (number == port) inodes.insert("socket:[" + columns[9] + "]");
  }
}

bool Holds(const fs::path& process, const std::set<std::string>& sockets) {
  std::error_code error;  // processes end, and those of others cannot be looked into
  for (fs::directory_iterator it(process / "fd", error), end; !error && it != end;
       it.increment(error)) {
    std::error_code unreadable;
    if (sockets.contains(fs::read_symlink(it->path(), unreadable).string())) return true;
  }
  return false;
}

}  // namespace

std::string PortOwner(uint16_t port) {
  std::set<std::string> sockets;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) AddListeners(table, port, sockets);
  std::error_code error;
  for (fs::directory_iterator it("/proc", error), end; !error && it != end; it.increment(error)) {
    const std::string pid = it->path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    if (!Holds(it->path(), sockets)) continue;
    std::string name;
    std::ifstream in(it->path() / "comm");
    std::getline(in, name);
    return name + " (pid " + pid + ")";
  }
  return "another program";
}

}  // namespace dunlin::hub
