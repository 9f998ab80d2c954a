// The checkout as the architecture tests see it: modules as CMake declared them, files, includes.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace dunlin::arch {

struct Module {
  std::string name;  // "agent_merge"
  std::string kind;  // pure, shell, app
  std::set<std::string> deps;
};

// <build>/modules.txt, written by dunlin_module().
std::map<std::string, Module> ReadModules(const std::filesystem::path& file);

struct Include {
  int line = 0;
  std::string header;
  bool system = false;  // <…>
};

struct SourceFile {
  std::string path;    // from the root, "agent/merge/merge.cc"
  std::string module;  // "agent_merge"
  std::vector<std::string> lines;
  std::vector<Include> includes;
  bool IsHeader() const { return path.ends_with(".h"); }
};

// All .h and .cc files below the given directories of `root`.
std::vector<SourceFile> ReadSources(const std::filesystem::path& root,
                                    const std::vector<std::string>& directories);

// "agent/merge/merge.h" -> "agent_merge"; empty for a path with fewer than three parts.
std::string ModuleOf(const std::string& path);

}  // namespace dunlin::arch
