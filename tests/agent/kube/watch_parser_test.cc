#include "agent/kube/watch_parser.h"

#include <gtest/gtest.h>

#include "protocol/base/limits.h"

namespace dunlin::kube {
namespace {

const std::string kStream =
    R"({"type":"ADDED","object":{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a",)"
    R"("resourceVersion":"7","managedFields":[{"manager":"x"}]},"data":{"k":"ü\n"}}})"
    "\n"
    R"({"type":"MODIFIED","object":{"metadata":{"name":"a","resourceVersion":"8"}}})"
    "\n"
    R"({"type":"DELETED","object":{"metadata":{"name":"a","resourceVersion":"9"}}})"
    "\n"
    R"({"type":"BOOKMARK","object":{"kind":"ConfigMap","metadata":{"resourceVersion":"12",)"
    R"("annotations":{"k8s.io/initial-events-end":"true"}},"data":null}})"
    "\n"
    R"({"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"old"}})"
    "\n";

void ExpectStream(const std::vector<WatchEvent>& events) {
  ASSERT_EQ(events.size(), 5u);
  EXPECT_EQ(events[0].type, WatchType::kAdded);
  EXPECT_EQ(events[0].resource_version, "7");
  EXPECT_EQ(object::FindString(events[0].object, {"data", "k"}), "ü\n");
  EXPECT_EQ(object::Find(events[0].object, {"metadata", "managedFields"}), nullptr);
  EXPECT_EQ(events[1].type, WatchType::kModified);
  EXPECT_EQ(events[2].type, WatchType::kDeleted);
  EXPECT_EQ(events[3].type, WatchType::kBookmark);
  EXPECT_EQ(events[3].resource_version, "12");
  EXPECT_EQ(object::FindString(events[3].object,
                               {"metadata", "annotations", "k8s.io/initial-events-end"}),
            "true");
  EXPECT_EQ(object::Find(events[3].object, {"data"}), nullptr);
  EXPECT_EQ(events[4].type, WatchType::kError);
  EXPECT_EQ(events[4].failure.http, 410);
  EXPECT_EQ(events[4].failure.reason, "Expired");
}

TEST(WatchParser, GivesTheSameEventsWhereverTheStreamIsCut) {
  for (size_t cut = 0; cut <= kStream.size(); ++cut) {
    WatchParser parser;
    std::vector<WatchEvent> events;
    for (const std::string& piece : {kStream.substr(0, cut), kStream.substr(cut)}) {
      auto got = parser.Feed(piece);
      ASSERT_TRUE(got.has_value()) << "cut at " << cut << ": " << got.error().message;
      for (WatchEvent& event : *got) events.push_back(std::move(event));
    }
    ExpectStream(events);
    EXPECT_EQ(parser.buffered(), 0u);
  }
}

TEST(WatchParser, TakesOneByteAtATime) {
  WatchParser parser;
  std::vector<WatchEvent> events;
  for (const char c : kStream) {
    auto got = parser.Feed(std::string_view(&c, 1));
    ASSERT_TRUE(got.has_value());
    for (WatchEvent& event : *got) events.push_back(std::move(event));
  }
  ExpectStream(events);
}

TEST(WatchParser, KeepsAnUnfinishedLineAndSkipsEmptyOnes) {
  WatchParser parser;
  auto got = parser.Feed("\n\n{\"type\":");
  ASSERT_TRUE(got.has_value());
  EXPECT_TRUE(got->empty());
  EXPECT_EQ(parser.buffered(), 8u);
}

TEST(WatchParser, RefusesWhatIsNoWatchEvent) {
  for (const char* line :
       {"not json\n", "[]\n", "{\"type\":\"ADDED\"}\n", "{\"type\":\"CHANGED\",\"object\":{}}\n",
        "{\"type\":\"ADDED\",\"object\":7}\n", "{\"object\":{}}\n"}) {
    const auto got = WatchParser().Feed(line);
    ASSERT_FALSE(got.has_value()) << line;
    EXPECT_EQ(got.error().code, Errc::kCorrupt) << line;
  }
}

TEST(WatchParser, RefusesALineAboveTheLimit) {
  const std::string at_limit(limits::kWatchLineBytes, ' ');
  WatchParser parser;
  ASSERT_TRUE(parser.Feed(at_limit).has_value());
  const auto got = parser.Feed(" ");
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, Errc::kLimit);
  const auto whole = WatchParser().Feed(at_limit + " \n");
  ASSERT_FALSE(whole.has_value());
  EXPECT_EQ(whole.error().code, Errc::kLimit);
}

}  // namespace
}  // namespace dunlin::kube
