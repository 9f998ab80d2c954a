// A seccomp filter for the bubblewrap sandbox, in the kernel's own form. It takes away what a
// renderer never needs and what most kernel holes of the last years were reached through; the
// namespaces do the rest. Pure.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "protocol/base/bytes.h"

namespace dunlin::render {

// struct sock_filter[], as bwrap --seccomp reads it. Forbidden calls fail with EPERM, clone3 with
// ENOSYS (libraries then use clone, whose flags can be checked), another architecture is killed.
std::vector<sock_filter> SeccompProgram();
Bytes SeccompFilter();

}  // namespace dunlin::render
