#include "agent/app/build_time.h"

namespace dunlin::app {

TimePoint BuildTime() { return TimePoint(Seconds(DUNLIN_SOURCE_SECONDS)); }

}  // namespace dunlin::app
