// Small files that must survive a crash: keys, certificates, root documents.
#pragma once

#include <string>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace dunlin {

// The whole file. kNotFound, kPermission, kLimit (larger than max_bytes), kIo; each names the file.
Result<Bytes> ReadFile(const std::string& path, size_t max_bytes);

// Replaces the file so that a reader, and a machine after power loss, sees the old or the new bytes
// whole: temporary file in the same directory, fsync, rename, fsync of the directory. `mode` is the
// final mode. A full disk is kIo "disk full" and leaves the old file as it was.
Status WriteFileDurably(const std::string& path, BytesView bytes, unsigned mode);

// Makes files and directories that were created in, or removed from, `path` survive power loss.
Status SyncDirectory(const std::string& path);

}  // namespace dunlin
