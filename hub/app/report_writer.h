// Stores the agents' reports beside the io thread, so that no held poll waits for their fsync.
// Reports that come while a write is under way share the next transaction.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "hub/state/hub_state.h"
#include "protocol/net/runtime.h"

namespace dunlin::hub {

// REQUIRES: one thread calls (the io thread); `state` outlives it.
class ReportWriter {
 public:
  ReportWriter(HubState& state, asio::any_io_executor executor);
  ~ReportWriter();  // after the write that is under way; what waited behind it is not stored
  ReportWriter(const ReportWriter&) = delete;
  ReportWriter& operator=(const ReportWriter&) = delete;

  // Returns when it is stored, or why it is not. Reports are stored in the order of the calls. A
  // caller that is cancelled does not keep its report from being stored.
  TaskVoid Store(ReportRecord record);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dunlin::hub
