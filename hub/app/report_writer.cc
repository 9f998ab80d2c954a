#include "hub/app/report_writer.h"

#include <boost/asio/thread_pool.hpp>
#include <utility>

namespace dunlin::hub {

namespace {

// What one transaction stores, and who waits for it.
struct Batch {
  explicit Batch(asio::any_io_executor executor) : done(executor) {}
  std::vector<ReportRecord> records;
  std::optional<Status> outcome;
  net::Event done;
};

}  // namespace

// Shared with the tasks: they may outlive the writer.
struct ReportWriter::Impl {
  Impl(HubState& s, asio::any_io_executor e)
      : state(s), executor(e), next(std::make_shared<Batch>(e)) {}

  static TaskVoid Store(std::shared_ptr<Impl> self, ReportRecord record);
  static TaskVoid WriteAll(std::shared_ptr<Impl> self);

  HubState& state;
  asio::any_io_executor executor;
  asio::thread_pool pool{1};  // of its own: renders keep the hub's pool busy for seconds
  std::shared_ptr<Batch> next;
  bool writing = false;
  bool closed = false;
};

TaskVoid ReportWriter::Impl::Store(std::shared_ptr<Impl> self, ReportRecord record) {
  const std::shared_ptr<Batch> batch = self->next;
  batch->records.push_back(std::move(record));
  if (!std::exchange(self->writing, true)) {
    const auto on_done = [](const Status&) {};  // each batch has its own outcome
    net::Spawn(self->executor, WriteAll(self), on_done);
  }
  while (!batch->outcome) {
    auto waited = co_await batch->done.Wait(Millis::max());
    if (!waited && waited.error().code == Errc::kCancelled) co_return waited.error();
  }
  co_return *batch->outcome;
}

TaskVoid ReportWriter::Impl::WriteAll(std::shared_ptr<Impl> self) {
  while (!self->closed && !self->next->records.empty()) {
    const auto batch = std::exchange(self->next, std::make_shared<Batch>(self->executor));
    const auto records =
        std::make_shared<const std::vector<ReportRecord>>(std::exchange(batch->records, {}));
    std::function<Result<bool>()> write = [&state = self->state, records]() -> Result<bool> {
      TRY_VOID(state.PutReports(*records));
      return true;
    };
    auto stored = co_await net::RunOn(self->pool, std::move(write));
    batch->outcome = stored ? Status() : Status(stored.error());
    batch->done.Notify();
  }
  self->writing = false;
  co_return Status();
}

ReportWriter::ReportWriter(HubState& state, asio::any_io_executor executor)
    : impl_(std::make_shared<Impl>(state, executor)) {}

ReportWriter::~ReportWriter() {
  impl_->closed = true;
  impl_->pool.join();
}

TaskVoid ReportWriter::Store(ReportRecord record) { return Impl::Store(impl_, std::move(record)); }

}  // namespace dunlin::hub
