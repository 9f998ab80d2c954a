// A metrics registry as a value: the composition root owns one and passes it down; the text that
// Prometheus scrapes (exposition format 0.0.4) is a pure function of it. REQUIRES: one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace dunlin {

// ("result", "created"): label pairs in the order in which they are shown.
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

class Metrics {
 public:
  // Declares a family; using an undeclared one is a broken invariant. Declaring twice is the same.
  void Counter(const std::string& name, const std::string& help);
  void Gauge(const std::string& name, const std::string& help);
  // Seconds; buckets from 1 ms to 100 s, three a decade.
  void Histogram(const std::string& name, const std::string& help);

  void Add(const std::string& name, const MetricLabels& labels = {}, double value = 1);
  void Set(const std::string& name, double value, const MetricLabels& labels = {});
  void Observe(const std::string& name, double seconds, const MetricLabels& labels = {});

  // The current value of a counter or gauge, the count of a histogram; 0 when never touched.
  double Value(const std::string& name, const MetricLabels& labels = {}) const;
  std::string Text() const;

 private:
  enum class Type { kCounter, kGauge, kHistogram };
  struct Series {
    double value = 0;  // of a histogram: the sum
    std::vector<uint64_t> buckets;
  };
  struct Family {
    Type type = Type::kCounter;
    std::string help;
    std::map<std::string, Series> series;  // by rendered labels
  };

  void Declare(const std::string& name, const std::string& help, Type type);
  Family& Use(const std::string& name, Type type);

  std::map<std::string, Family> families_;
};

}  // namespace dunlin
