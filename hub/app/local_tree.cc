#include "hub/app/local_tree.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace dunlin::hub {

namespace {

namespace fs = std::filesystem;

constexpr uint64_t kTarBlock = 512;  // a file takes its size in whole blocks, and one for its name

Result<Bytes> ReadWhole(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return MakeError(Errc::kIo, "cannot read " + path.string());
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

// Calls visit(entry) -> Status for each link and regular file below `root`, without what Git keeps
// for itself. A failure of visit ends the walk.
template <typename Visit>
Status Walk(const fs::path& root, Visit visit) {
  std::error_code error;
  fs::recursive_directory_iterator walk(root, error), end;
  for (; !error && walk != end; walk.increment(error)) {
    if (walk->path().filename() == ".git") {
      walk.disable_recursion_pending();
      continue;
    }
    std::error_code gone;
    if (!walk->is_symlink(gone) && !walk->is_regular_file(gone)) continue;
    TRY_VOID(visit(*walk));
  }
  if (error) return MakeError(Errc::kIo, "cannot read " + root.string() + ": " + error.message());
  return {};
}

// kLimit as soon as it is too much: a work tree may hold build output of any size.
Status CheckSize(const fs::path& root, uint64_t most_bytes, uint64_t most_files) {
  uint64_t files = 0, bytes = 0;
  return Walk(root, [&](const fs::directory_entry& entry) -> Status {
    std::error_code gone;
    const uint64_t size = entry.is_symlink(gone) ? 0 : entry.file_size(gone);
    bytes += kTarBlock + (gone ? 0 : (size + kTarBlock - 1) / kTarBlock * kTarBlock);
    if (++files <= most_files && bytes <= most_bytes) return {};
    return MakeError(Errc::kLimit, root.string() + " holds more than " +
                                       std::to_string(most_files) + " files or " +
                                       std::to_string(most_bytes >> 20) + " MiB");
  });
}

Result<std::vector<render::TreeFile>> ReadFiles(const fs::path& root) {
  std::vector<render::TreeFile> files;
  TRY_VOID(Walk(root, [&](const fs::directory_entry& entry) -> Status {
    render::TreeFile file;
    file.path = entry.path().lexically_relative(root).string();
    if (entry.is_symlink()) {
      std::error_code error;
      file.kind = render::TreeFile::Kind::kSymlink;
      file.bytes = fs::read_symlink(entry.path(), error).string();
      if (error) return MakeError(Errc::kIo, entry.path().string() + ": " + error.message());
    } else {
      TRY(file.bytes, ReadWhole(entry.path()));
    }
    files.push_back(std::move(file));
    return {};
  }));
  return files;
}

// From the work tree down to `directory`; only `directory` without a work tree.
std::vector<fs::path> RootsFor(const fs::path& directory) {
  std::vector<fs::path> roots;
  for (fs::path at = directory;; at = at.parent_path()) {
    roots.push_back(at);
    std::error_code error;
    if (fs::exists(at / ".git", error)) break;
    if (at == at.root_path()) return {directory};
  }
  std::reverse(roots.begin(), roots.end());
  return roots;
}

}  // namespace

Result<LocalTree> ReadLocalTree(const std::string& directory, uint64_t bytes, uint64_t files) {
  std::error_code error;
  const fs::path target = fs::canonical(directory, error);
  if (error || !fs::is_directory(target, error)) {
    return MakeError(Errc::kNotFound, directory + " is not a directory");
  }
  LocalTree tree;
  for (const fs::path& root : RootsFor(target)) {
    const Status fits = CheckSize(root, bytes, files);
    if (!fits && (fits.error().code != Errc::kLimit || root == target)) return fits.error();
    if (!fits) {
      if (tree.note.empty()) tree.note = fits.error().message;
      continue;
    }
    tree.root = root.string();
    if (root != target) tree.path = target.lexically_relative(root).string();
    if (!tree.note.empty()) tree.note += ": files above " + tree.root + " are not seen";
    TRY(tree.files, ReadFiles(root));
    break;
  }
  return tree;
}

Result<std::string> NameInTree(const std::string& file, LocalTree& tree) {
  std::error_code error;
  const fs::path path = fs::canonical(file, error);
  if (error || !fs::is_regular_file(path, error)) {
    return MakeError(Errc::kNotFound, "there is no file " + file +
                                          " (relative paths start at the "
                                          "current directory)");
  }
  const std::string inside = path.lexically_relative(tree.root).string();
  const auto is_it = [&](const render::TreeFile& one) { return one.path == inside; };
  if (std::any_of(tree.files.begin(), tree.files.end(), is_it)) return "/" + inside;
  fs::path reserved(kAddedFiles);
  if (fs::exists(fs::path(tree.root) / reserved, error)) {
    return MakeError(Errc::kConflict, tree.root + " has a " + kAddedFiles +
                                          ", which is where files from outside of it go; move " +
                                          file + " into the tree");
  }
  render::TreeFile added;
  added.path =
      (reserved / (std::to_string(tree.files.size()) + "-" + path.filename().string())).string();
  TRY(added.bytes, ReadWhole(path));
  tree.files.push_back(added);
  return "/" + added.path;
}

}  // namespace dunlin::hub
