// What has been logged and still holds: a problem is told when it appears or changes, and not with
// every look that finds it again.
#pragma once

#include <map>
#include <set>
#include <string>

namespace dunlin::hub {

class Told {
 public:
  // True when `what` of `about` is news; remembers it.
  bool News(const std::string& about, const std::string& what) {
    const auto [at, is_new] = told_.try_emplace(about, what);
    if (is_new) return true;
    if (at->second == what) return false;
    at->second = what;
    return true;
  }
  // It is over. True when there was something to be over.
  bool Over(const std::string& about) { return told_.erase(about) > 0; }
  // Everything that begins with `prefix` is over, but these.
  void OverExcept(const std::string& prefix, const std::set<std::string>& still) {
    std::erase_if(told_, [&](const auto& item) {
      return item.first.starts_with(prefix) && !still.contains(item.first);
    });
  }

 private:
  std::map<std::string, std::string> told_;
};

}  // namespace dunlin::hub
