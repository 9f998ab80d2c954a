// A moment before which no right clock can be: a machine without a battery starts in 1970.
#pragma once

#include "protocol/base/time.h"

namespace dunlin::app {

// Of the source: SOURCE_DATE_EPOCH where the build was given it, else the time of the commit that
// was configured, else the release date of the version. Equal sources give equal programs.
TimePoint BuildTime();

}  // namespace dunlin::app
