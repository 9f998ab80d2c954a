// The few file operations of the sandboxes' state directory.
#pragma once

#include <filesystem>
#include <string>

#include "protocol/base/result.h"

namespace dunlin::render {

// With its parents; `mode` is of the last one, also when it exists.
Status MakeDirectory(const std::string& path, std::filesystem::perms mode);
// Replaces the file.
Status WriteFile(const std::string& path, const std::string& content);
// Puts a copy (or a hard link) of an executable at `target`, in one step.
Status InstallProgram(const std::string& program, const std::string& target);

}  // namespace dunlin::render
