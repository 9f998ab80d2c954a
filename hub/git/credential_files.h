// The files of the hub's credentials directory that Sources name.
#pragma once

#include <string>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace dunlin::git {

class CredentialFiles {
 public:
  explicit CredentialFiles(std::string directory) : directory_(std::move(directory)) {}

  // The absolute path of a plain name; empty for an empty name. kInvalidArgument: a '/', a leading
  // '.' or '-', a quote or a control character in it; kNotFound: no such regular file.
  Result<std::string> Path(const std::string& name) const;
  // Its content without the line end that editors add; at most limits::kCredentialBytes.
  Result<Bytes> Read(const std::string& name) const;

 private:
  std::string directory_;
};

}  // namespace dunlin::git
