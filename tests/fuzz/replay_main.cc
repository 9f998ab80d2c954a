// Without libFuzzer: runs the target over every file of a corpus, over every cut of it and over
// every file with one byte changed. Deterministic and quick; what fuzzing finds joins the corpus.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

// Neighbours of larger files would take minutes and say nothing new.
constexpr size_t kNeighbourBytes = 1024;

void Run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

void RunWithNeighbours(const std::string& input) {
  Run(input);
  if (input.size() > kNeighbourBytes) return;
  for (size_t i = 0; i < input.size(); ++i) {
    Run(input.substr(0, i));
    for (const unsigned char change : {0x01, 0x20, 0x80, 0xff}) {
      std::string changed = input;
      changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ change);
      Run(changed);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::filesystem::path> files;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  for (const auto& path : files) {
    std::ifstream file(path, std::ios::binary);
    RunWithNeighbours({std::istreambuf_iterator<char>(file), {}});
  }
  std::printf("%zu files\n", files.size());
  return files.empty() ? 1 : 0;
}
