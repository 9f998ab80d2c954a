// Three-way merge of one 10 KB Deployment on one core (merge.md 16: at most 40 us).
//
//   merge_three_way SCHEMA.json [iterations]     (tests/oracle/schemas/kubernetes.json)
//
// Shape: what a mesh-injected web application looks like in a cluster: two own containers with 40
// environment variables, probes, resources and mounts, one injected sidecar, all server defaults,
// managedFields left out (the agent's cache drops them). The three cases are those of a fleet:
// nearly always nothing changed, sometimes an image did, rarely somebody edited the object. Beside
// each, as the baseline, upstream's algorithm (kubectl mode), which makes two diffs and a merge and
// cannot tell server defaults apart.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>

#include "agent/merge/merge.h"
#include "protocol/object/json.h"

namespace {

using dunlin::Result;
using dunlin::object::Value;
namespace merge = dunlin::merge;

std::string Container(const std::string& name, const std::string& image, bool live) {
  std::string env;
  for (int i = 0; i < 40; ++i) {
    const std::string n = std::to_string(i);
    env += (i > 0 ? "," : "") + std::string("{\"name\":\"SETTING_") + n +
           "\",\"value\":\"http://service-" + n + ".shop.svc.cluster.local:8080/\"}";
  }
  const std::string defaults =
      live ? ",\"imagePullPolicy\":\"IfNotPresent\",\"terminationMessagePath\":"
             "\"/dev/termination-log\",\"terminationMessagePolicy\":\"File\""
           : "";
  const std::string probe = live ? ",\"failureThreshold\":3,\"successThreshold\":1" : "";
  const std::string scheme = live ? ",\"scheme\":\"HTTP\"" : "";
  const std::string protocol = live ? ",\"protocol\":\"TCP\"" : "";
  return "{\"name\":\"" + name + "\",\"image\":\"" + image + "\",\"env\":[" + env +
         "],\"ports\":[{\"containerPort\":8080" + protocol +
         "}],\"resources\":{\"limits\":{\"cpu\":\"" + (live ? "1" : "1000m") +
         "\",\"memory\":\"512Mi\"},\"requests\":{\"cpu\":\"100m\",\"memory\":\"64Mi\"}},"
         "\"livenessProbe\":{\"httpGet\":{\"path\":\"/healthz\",\"port\":8080" +
         scheme + "},\"periodSeconds\":10" + probe +
         "},\"volumeMounts\":[{\"name\":\"config\",\"mountPath\":\"/etc/app\"},{\"name\":\"tmp\","
         "\"mountPath\":\"/tmp\"}]" +
         defaults + "}";
}

std::string Deployment(const std::string& image, int replicas, bool live) {
  const std::string sidecar = live ? "," + Container("proxy", "proxy:1", true) : "";
  const std::string defaults =
      live ? ",\"progressDeadlineSeconds\":600,\"revisionHistoryLimit\":10,\"strategy\":{"
             "\"type\":\"RollingUpdate\",\"rollingUpdate\":{\"maxSurge\":\"25%\","
             "\"maxUnavailable\":\"25%\"}}"
           : "";
  const std::string pod = live ? ",\"dnsPolicy\":\"ClusterFirst\",\"restartPolicy\":\"Always\","
                                 "\"schedulerName\":\"default-scheduler\",\"securityContext\":{}"
                               : "";
  return "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"web\","
         "\"namespace\":\"shop\",\"labels\":{\"app\":\"web\",\"tier\":\"front\"}},\"spec\":{"
         "\"replicas\":" +
         std::to_string(replicas) + defaults +
         ",\"selector\":{\"matchLabels\":{\"app\":\"web\"}},\"template\":{\"metadata\":{\"labels\":"
         "{"
         "\"app\":\"web\"}},\"spec\":{\"containers\":[" +
         Container("web", image, live) + "," + Container("log", "log:1", live) + sidecar +
         "],\"volumes\":[{\"name\":\"config\",\"configMap\":{\"name\":\"web\"" +
         (live ? ",\"defaultMode\":420" : "") + "}},{\"name\":\"tmp\",\"emptyDir\":{}}]" + pod +
         "}}}}";
}

Value Parse(const std::string& text) {
  Result<Value> value = dunlin::object::ParseJson(text);
  if (!value) std::abort();
  return *std::move(value);
}

// CPU time: a busy machine must not look like a slow merge.
double MicrosecondsEach(const merge::MergeInput& input, int iterations) {
  const std::clock_t begin = std::clock();
  for (int i = 0; i < iterations; ++i) {
    if (!merge::Merge(input)) std::abort();
  }
  return 1e6 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC / iterations;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: merge_three_way SCHEMA.json [iterations]\n");
    return 1;
  }
  const int iterations = argc > 2 ? std::atoi(argv[2]) : 5000;
  std::ifstream file(argv[1]);
  std::stringstream text;
  text << file.rdbuf();
  const Result<merge::Schema> schema = merge::Schema::FromOpenApi(text.str());
  if (!schema) {
    std::fprintf(stderr, "%s\n", schema.error().message.c_str());
    return 1;
  }
  const auto type = schema->Root({"apps", "v1", "Deployment"});
  if (!type) {
    std::fprintf(stderr, "%s has no Deployment\n", argv[1]);
    return 1;
  }
  const std::string desired_text = Deployment("web:1", 3, false);
  const Value desired = Parse(desired_text);
  const Value next = Parse(Deployment("web:2", 3, false));
  const Value live = Parse(Deployment("web:1", 3, true));
  const Value scaled = Parse(Deployment("web:1", 9, true));
  std::printf("desired %zu bytes, live %zu bytes, schema table %zu bytes\n", desired_text.size(),
              dunlin::object::CanonicalJson(live).size(), schema->MemoryBytes());
  const struct {
    const char* name;
    const Value* desired;
    const Value* live;
  } cases[] = {
      {"unchanged", &desired, &live}, {"one image", &next, &live}, {"drift", &desired, &scaled}};
  for (const auto& row : cases) {
    merge::MergeInput input;
    input.last = &desired;
    input.desired = row.desired;
    input.live = row.live;
    input.schema = {&*schema, *type};
    input.strategic = true;
    const double native = MicrosecondsEach(input, iterations);
    input.compat = merge::Compat::kKubectl;
    std::printf("%-10s native %7.1f us   kubectl mode %7.1f us\n", row.name, native,
                MicrosecondsEach(input, iterations));
  }
  return 0;
}
