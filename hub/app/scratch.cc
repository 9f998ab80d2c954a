#include "hub/app/scratch.h"

#include <sys/mount.h>

#include <filesystem>

#include "protocol/base/random.h"

namespace dunlin::hub {

namespace fs = std::filesystem;

Scratch::Scratch(const std::string& purpose) {
  SystemRandom random;
  path_ = (fs::temp_directory_path() / ("dunlin-" + purpose + "-" + random.Uuid())).string();
}

Scratch::~Scratch() {
  std::error_code ignored;  // what cannot be removed is in the system's temporary directory
  fs::recursive_directory_iterator walk(path_, ignored), end;
  for (; !ignored && walk != end; walk.increment(ignored)) {
    if (walk->is_regular_file(ignored)) {
      (void)umount2(walk->path().c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
    }
  }
  fs::remove_all(path_, ignored);
}

}  // namespace dunlin::hub
