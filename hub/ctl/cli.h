// The command line of `dunlin`: the tree of verbs, declared once.
#pragma once

namespace dunlin::ctl {

// As main() gets it; returns the exit code (users.md 1.3).
int Main(int argc, const char* const* argv);

}  // namespace dunlin::ctl
