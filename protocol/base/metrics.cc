#include "protocol/base/metrics.h"

#include <fmt/format.h>

#include <array>

#include "protocol/base/check.h"

namespace dunlin {

namespace {

constexpr std::array<double, 16> kBuckets = {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2,
                                             0.5,   1,     2,     5,    10,   20,   50,  100};

// `name="value",…` with the escapes of the exposition format.
std::string Render(const MetricLabels& labels) {
  std::string out;
  for (const auto& [name, value] : labels) {
    if (!out.empty()) out += ',';
    out += name + "=\"";
    for (const char c : value) {
      if (c == '\\' || c == '"') {
        out += '\\';
        out += c;
      } else if (c == '\n') {
        out += "\\n";
      } else {
        out += c;
      }
    }
    out += '"';
  }
  return out;
}

void Line(std::string& out, const std::string& name, const std::string& labels, double value) {
  out += name;
  if (!labels.empty()) out += '{' + labels + '}';
  out += fmt::format(" {}\n", value);
}

}  // namespace

void Metrics::Declare(const std::string& name, const std::string& help, Type type) {
  const auto [family, is_new] = families_.try_emplace(name, Family{type, help, {}});
  CHECK(is_new || family->second.type == type);
}

void Metrics::Counter(const std::string& name, const std::string& help) {
  Declare(name, help, Type::kCounter);
}
void Metrics::Gauge(const std::string& name, const std::string& help) {
  Declare(name, help, Type::kGauge);
}
void Metrics::Histogram(const std::string& name, const std::string& help) {
  Declare(name, help, Type::kHistogram);
}

Metrics::Family& Metrics::Use(const std::string& name, Type type) {
  const auto family = families_.find(name);
  CHECK(family != families_.end() && family->second.type == type);
  return family->second;
}

void Metrics::Add(const std::string& name, const MetricLabels& labels, double value) {
  Use(name, Type::kCounter).series[Render(labels)].value += value;
}

void Metrics::Set(const std::string& name, double value, const MetricLabels& labels) {
  Use(name, Type::kGauge).series[Render(labels)].value = value;
}

void Metrics::Observe(const std::string& name, double seconds, const MetricLabels& labels) {
  Series& series = Use(name, Type::kHistogram).series[Render(labels)];
  series.buckets.resize(kBuckets.size() + 1);
  size_t i = 0;
  while (i < kBuckets.size() && seconds > kBuckets[i]) ++i;
  ++series.buckets[i];
  series.value += seconds;
}

double Metrics::Value(const std::string& name, const MetricLabels& labels) const {
  const auto family = families_.find(name);
  if (family == families_.end()) return 0;
  const auto series = family->second.series.find(Render(labels));
  if (series == family->second.series.end()) return 0;
  if (family->second.type != Type::kHistogram) return series->second.value;
  uint64_t count = 0;
  for (const uint64_t bucket : series->second.buckets) count += bucket;
  return static_cast<double>(count);
}

std::string Metrics::Text() const {
  std::string out;
  for (const auto& [name, family] : families_) {
    const char* type = family.type == Type::kCounter ? "counter"
                       : family.type == Type::kGauge ? "gauge"
                                                     : "histogram";
    out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, family.help, name, type);
    for (const auto& [labels, series] : family.series) {
      if (family.type != Type::kHistogram) {
        Line(out, name, labels, series.value);
        continue;
      }
      uint64_t count = 0;
      const std::string prefix = labels.empty() ? "" : labels + ",";
      for (size_t i = 0; i < series.buckets.size(); ++i) {
        count += series.buckets[i];
        const std::string bound = i < kBuckets.size() ? fmt::format("{}", kBuckets[i]) : "+Inf";
        Line(out, name + "_bucket", prefix + "le=\"" + bound + "\"", static_cast<double>(count));
      }
      Line(out, name + "_sum", labels, series.value);
      Line(out, name + "_count", labels, static_cast<double>(count));
    }
  }
  return out;
}

}  // namespace dunlin
