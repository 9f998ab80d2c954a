#include "tests/arch/source_tree.h"

#include <algorithm>
#include <fstream>
#include <regex>
#include <sstream>

namespace dunlin::arch {

namespace fs = std::filesystem;

std::map<std::string, Module> ReadModules(const fs::path& file) {
  std::map<std::string, Module> modules;
  std::ifstream in(file);
  std::string line;
  while (std::getline(in, line)) {
    std::istringstream words(line);
    Module module;
    std::string dep;
    words >> module.name >> module.kind;
    if (module.kind.ends_with(':')) module.kind.pop_back();
    while (words >> dep) module.deps.insert(dep);
    modules[module.name] = module;
  }
  return modules;
}

std::string ModuleOf(const std::string& path) {
  const size_t first = path.find('/');
  if (first == std::string::npos) return {};
  const size_t second = path.find('/', first + 1);
  if (second == std::string::npos) return {};
  std::string name = path.substr(0, second);
  name[first] = '_';
  return name;
}

std::vector<SourceFile> ReadSources(const fs::path& root,
                                    const std::vector<std::string>& directories) {
  static const std::regex kInclude(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::vector<SourceFile> files;
  for (const std::string& directory : directories) {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / directory)) {
      const std::string extension = entry.path().extension().string();
      if (!entry.is_regular_file() || (extension != ".h" && extension != ".cc")) continue;
      SourceFile file;
      file.path = fs::relative(entry.path(), root).generic_string();
      file.module = ModuleOf(file.path);
      std::ifstream in(entry.path());
      std::string line;
      while (std::getline(in, line)) {
        file.lines.push_back(line);
        std::smatch match;
        if (std::regex_search(line, match, kInclude)) {
          file.includes.push_back(
              {static_cast<int>(file.lines.size()), match[2].str(), match[1].str() == "<"});
        }
      }
      files.push_back(std::move(file));
    }
  }
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

}  // namespace dunlin::arch
