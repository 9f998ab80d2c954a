// Where the hub's helper programs are: beside dunlin-hub, in ../lib/dunlin, in /usr/lib/dunlin.
#pragma once

#include <string>

namespace dunlin::hub {

// The path of a helper, or its plain name (to be looked up in PATH) when none of the places has it.
std::string HelperProgram(const std::string& name);

}  // namespace dunlin::hub
