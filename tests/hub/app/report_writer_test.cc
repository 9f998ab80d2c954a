#include "hub/app/report_writer.h"

#include <gtest/gtest.h>

#include <semaphore>

#include "tests/hub/support/flaky_state.h"
#include "tests/hub/support/run.h"
#include "tests/support/assert_ok.h"
#include "tests/support/child.h"

namespace dunlin::hub {
namespace {

// A disk that takes its time: each write of reports waits to be let through.
class SlowState : public FlakyState {
 public:
  using FlakyState::FlakyState;
  Status PutReports(const std::vector<ReportRecord>& reports) override {
    std::string ids;
    for (const ReportRecord& report : reports) ids += report.report.id;
    batches.push_back(ids);
    begun.release();
    let.acquire();
    return FlakyState::PutReports(reports);
  }
  std::vector<std::string> batches;  // ids; read between two writes
  std::counting_semaphore<> begun{0};
  std::counting_semaphore<> let{0};
};

class ReportWriterTest : public ::testing::Test {
 protected:
  using Stored = testing_support::Started<void>;
  Stored Store(const std::string& id, const std::string& cluster) {
    ReportRecord record{ClusterId(cluster), TimePoint(), {}};
    record.report.id = id;
    Stored stored(context, writer->Store(std::move(record)));
    context.restart();
    context.poll();
    return stored;
  }
  std::map<std::string, std::string> Kept() {
    std::map<std::string, std::string> kept;
    const HubSnapshot snapshot = real->Load().value();
    for (const ReportRecord& report : snapshot.reports) {
      kept[report.cluster.str()] = report.report.id;
    }
    return kept;
  }

  support::TempDir dir;
  asio::io_context context{1};
  std::unique_ptr<HubState> real = OpenSqliteHubState(dir / "hub.db").value();
  SlowState state{*real};
  std::optional<ReportWriter> writer{std::in_place, state, context.get_executor()};
};

TEST_F(ReportWriterTest, ReportsThatComeDuringAWriteShareTheNextInTheirOrder) {
  Stored first = Store("1", "a");
  state.begun.acquire();
  std::vector<Stored> others;
  others.push_back(Store("2", "b"));
  others.push_back(Store("3", "a"));
  others.push_back(Store("4", "b"));
  EXPECT_FALSE(first.done()) << "and the io thread was free to take the others";
  state.let.release(2);
  EXPECT_OK(first.Wait());
  for (Stored& other : others) EXPECT_OK(other.Wait());
  EXPECT_EQ(state.batches, (std::vector<std::string>{"1", "234"}));
  EXPECT_EQ(Kept(), (std::map<std::string, std::string>{{"a", "3"}, {"b", "4"}}));
}

TEST_F(ReportWriterTest, AFailedWriteFailsItsOwnReportsOnly) {
  state.full = true;
  Stored lost = Store("1", "a");
  state.begun.acquire();
  state.let.release();
  EXPECT_EQ(lost.Wait().error().code, Errc::kIo);
  state.full = false;
  state.let.release();
  EXPECT_OK(Store("2", "a").Wait());
  EXPECT_EQ(Kept(), (std::map<std::string, std::string>{{"a", "2"}}));
}

TEST_F(ReportWriterTest, ItsEndWaitsForTheWriteThatIsUnderWay) {
  Stored under_way = Store("1", "a");
  state.begun.acquire();
  Stored behind = Store("2", "b");
  state.let.release();
  writer.reset();
  EXPECT_EQ(Kept(), (std::map<std::string, std::string>{{"a", "1"}}));
  EXPECT_OK(under_way.Wait());
  EXPECT_FALSE(behind.done());
}

}  // namespace
}  // namespace dunlin::hub
