// What `dunlin help CODE` says about each error code: a table, so that no code is without a topic.
#pragma once

#include <string>

#include "protocol/base/result.h"

namespace dunlin::wire {

struct ErrorTopic {
  const char* meaning;
  const char* causes;  // the usual ones
  const char* action;  // what to do
};

const ErrorTopic& TopicOf(Errc code);

// The topic as a page: code, exit code, then the three texts.
std::string TopicText(Errc code);

}  // namespace dunlin::wire
