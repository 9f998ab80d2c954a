#include "agent/merge/drift.h"

#include "tests/agent/merge/documents.h"

namespace dunlin::merge {
namespace {

struct Row {
  const char* rule;
  const char* last;
  const char* desired;
  const char* live;
  std::vector<std::string> paths;
  DriftCause cause;
};

TEST(Drift, PathsAndCause) {
  const Row rows[] = {
      {"nothing", "{'a':1}", "{'a':1}", "{'a':1,'theirs':2}", {}, DriftCause::kNone},
      {"desired moved", "{'a':1}", "{'a':2}", "{'a':1}", {"/a"}, DriftCause::kUser},
      {"live moved", "{'a':1}", "{'a':1}", "{'a':3}", {"/a"}, DriftCause::kCluster},
      {"both moved", "{'a':1}", "{'a':2}", "{'a':3}", {"/a"}, DriftCause::kBoth},
      {"both, in two places",
       "{'a':1,'b':1}",
       "{'a':2,'b':1}",
       "{'a':1,'b':3}",
       {"/a", "/b"},
       DriftCause::kBoth},
      {"a field was taken away",
       "{'a':{'b':1}}",
       "{'a':{'b':1}}",
       "{'a':{}}",
       {"/a/b"},
       DriftCause::kCluster},
      {"we take a field away",
       "{'a':1,'b':1}",
       "{'a':1}",
       "{'a':1,'b':1}",
       {"/b"},
       DriftCause::kUser},
      {"both ended at the same", "{'a':1}", "{'a':2}", "{'a':2}", {}, DriftCause::kNone},
  };
  for (const Row& row : rows) {
    const object::Value last = Json(row.last);
    const object::Value desired = Json(row.desired);
    const object::Value live = Json(row.live);
    MergeInput input;
    input.last = &last;
    input.desired = &desired;
    input.live = &live;
    const Result<DriftReport> report = Drift(input);
    ASSERT_TRUE(report.has_value()) << row.rule;
    EXPECT_EQ(report->changed_paths, row.paths) << row.rule;
    EXPECT_EQ(Name(report->cause), Name(row.cause)) << row.rule;
  }
}

TEST(Drift, WithoutLastEverythingIsTheUsers) {
  const object::Value desired = Json("{'a':1}");
  const object::Value live = Json("{'a':2}");
  MergeInput input;
  input.desired = &desired;
  input.live = &live;
  const Result<DriftReport> report = Drift(input);
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->cause, DriftCause::kUser);
}

TEST(Drift, NeedsDesiredAndLive) {
  const object::Value document = Json("{'a':1}");
  MergeInput input;
  input.desired = &document;
  EXPECT_FALSE(Drift(input).has_value());
  input.desired = nullptr;
  input.live = &document;
  EXPECT_FALSE(Drift(input).has_value());
}

}  // namespace
}  // namespace dunlin::merge
