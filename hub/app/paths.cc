#include "hub/app/paths.h"

#include <unistd.h>

#include <filesystem>

namespace dunlin::hub {

std::string HelperProgram(const std::string& name) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path own = self.parent_path();
  for (const std::filesystem::path& place :
       {own, own / "../lib/dunlin", std::filesystem::path("/usr/lib/dunlin")}) {
    const std::filesystem::path program = place / name;
    if (access(program.c_str(), X_OK) == 0) return program.lexically_normal().string();
  }
  return name;
}

}  // namespace dunlin::hub
