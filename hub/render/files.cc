#include "hub/render/files.h"

#include <fstream>

namespace dunlin::render {
namespace {

namespace fs = std::filesystem;

Error IoError(const std::string& what, const std::string& path, const std::error_code& error) {
  return MakeError(Errc::kIo, what + " " + path + ": " + error.message());
}

}  // namespace

Status MakeDirectory(const std::string& path, fs::perms mode) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!error) fs::permissions(path, mode, error);
  if (error) return IoError("cannot make the directory", path, error);
  return {};
}

Status WriteFile(const std::string& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << content;
  file.close();
  if (!file) return MakeError(Errc::kIo, "cannot write " + path);
  return {};
}

Status InstallProgram(const std::string& program, const std::string& target) {
  std::error_code error;
  const std::string temporary = target + ".new";
  fs::copy_file(program, temporary, fs::copy_options::overwrite_existing, error);
  if (!error) fs::permissions(temporary, fs::perms(0555), error);
  if (!error) fs::rename(temporary, target, error);
  if (error) return IoError("cannot install the render worker as", target, error);
  return {};
}

}  // namespace dunlin::render
