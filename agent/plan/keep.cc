#include "agent/plan/keep.h"

namespace dunlin::plan {

std::map<std::string, std::vector<object::ResourceKey>> UnnamedRecords(
    const std::set<std::string>& named, const Inventory& inventory) {
  std::map<std::string, std::vector<object::ResourceKey>> out;
  for (const auto& [key, record] : inventory) {
    if (!named.contains(record.app)) out[record.app].push_back(key);
  }
  return out;
}

}  // namespace dunlin::plan
