#include "protocol/base/metrics.h"

#include <gtest/gtest.h>

namespace dunlin {
namespace {

TEST(Metrics, TextIsThatOfPrometheus) {
  Metrics metrics;
  metrics.Counter("dunlin_steps_total", "Steps by result");
  metrics.Gauge("dunlin_clusters", "Clusters known");
  metrics.Add("dunlin_steps_total", {{"result", "created"}});
  metrics.Add("dunlin_steps_total", {{"result", "created"}}, 2);
  metrics.Add("dunlin_steps_total", {{"result", "a\"b\\c\nd"}});
  metrics.Set("dunlin_clusters", 142);
  EXPECT_EQ(metrics.Text(),
            "# HELP dunlin_clusters Clusters known\n"
            "# TYPE dunlin_clusters gauge\n"
            "dunlin_clusters 142\n"
            "# HELP dunlin_steps_total Steps by result\n"
            "# TYPE dunlin_steps_total counter\n"
            "dunlin_steps_total{result=\"a\\\"b\\\\c\\nd\"} 1\n"
            "dunlin_steps_total{result=\"created\"} 3\n");
  EXPECT_EQ(metrics.Value("dunlin_steps_total", {{"result", "created"}}), 3);
  EXPECT_EQ(metrics.Value("dunlin_steps_total", {{"result", "other"}}), 0);
}

TEST(Metrics, BucketsOfAHistogramAreCumulativeAndInclusive) {
  Metrics metrics;
  metrics.Histogram("dunlin_apply_seconds", "Time to apply");
  for (const double seconds : {0.001, 0.0011, 0.3, 100.0, 101.0}) {
    metrics.Observe("dunlin_apply_seconds", seconds, {{"app", "shop"}});
  }
  const std::string text = metrics.Text();
  const auto has = [&](const std::string& line) {
    return text.find("\ndunlin_apply_seconds" + line + "\n") != std::string::npos;
  };
  EXPECT_TRUE(has("_bucket{app=\"shop\",le=\"0.001\"} 1")) << text;
  EXPECT_TRUE(has("_bucket{app=\"shop\",le=\"0.002\"} 2"));
  EXPECT_TRUE(has("_bucket{app=\"shop\",le=\"0.2\"} 2"));
  EXPECT_TRUE(has("_bucket{app=\"shop\",le=\"0.5\"} 3"));
  EXPECT_TRUE(has("_bucket{app=\"shop\",le=\"100\"} 4"));
  EXPECT_TRUE(has("_bucket{app=\"shop\",le=\"+Inf\"} 5"));
  EXPECT_TRUE(has("_count{app=\"shop\"} 5"));
  EXPECT_EQ(metrics.Value("dunlin_apply_seconds", {{"app", "shop"}}), 5);
}

TEST(MetricsDeathTest, AnUndeclaredFamilyIsABug) {
  Metrics metrics;
  metrics.Gauge("known", "");
  EXPECT_DEATH(metrics.Add("unknown"), "invariant broken");
  EXPECT_DEATH(metrics.Add("known"), "invariant broken");
}

}  // namespace
}  // namespace dunlin
