// `dunlin-hub git-worker` alone, and its misbehaving twins.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string_view>

#include "hub/git/worker.h"

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "git-worker") return dunlin::git::RunGitWorker();
  if (mode == "crash") std::abort();
  if (mode == "hang") pause();
  if (mode == "nonsense") {
    const char text[] = "this is no frame at all";
    return write(STDOUT_FILENO, text, sizeof text) > 0 ? 0 : 1;
  }
  return 9;
}
