#include "hub/render/job_codec.h"

#include <gtest/gtest.h>

#include "hub/render/sandbox_pool.h"
#include "protocol/base/limits.h"

namespace dunlin::render {
namespace {

const RenderFault kLost{std::string(kFaultLost), "gone"};

std::vector<RenderTarget> Targets(std::vector<std::string> ids) {
  std::vector<RenderTarget> targets;
  for (std::string& id : ids) targets.push_back({.id = std::move(id)});
  return targets;
}

TEST(EncodeJob, IsOneLineOfTheProtocol) {
  const RenderTarget target{.id = "a",
                            .path = "apps/shop",
                            .kind = "helm",
                            .options = R"({"helm":{"releaseName":"x"}})",
                            .namespace_ = "shop",
                            .kube_version = "v1.36.3",
                            .api_versions = {"apps/v1"}};
  const auto line = EncodeJob({target}, {.time = Millis(7), .memory_bytes = 9});
  ASSERT_TRUE(line);
  EXPECT_EQ(*line,
            R"({"limits":{"memoryBytes":9,"timeoutMs":7},"targets":[{"apiVersions":["apps/v1"],)"
            R"("id":"a","kind":"helm","kubeVersion":"v1.36.3","namespace":"shop",)"
            R"("options":{"helm":{"releaseName":"x"}},"path":"apps/shop"}]})"
            "\n");
}

TEST(EncodeJob, RefusesBadTargets) {
  EXPECT_FALSE(EncodeJob(Targets({"a", "a"}), {}));
  EXPECT_FALSE(EncodeJob(Targets({""}), {}));
  for (const char* options : {"[]", "{", "1", "{\"a\":1,\"a\":2}"}) {
    EXPECT_FALSE(EncodeJob({{.id = "a", .options = options}}, {})) << options;
  }
}

TEST(EncodeJob, ALineAtTheLimitIsSentAndOneAboveIsNot) {
  std::vector<RenderTarget> targets = Targets({"a"});
  targets[0].path.assign(limits::kRenderRequestBytes - EncodeJob(targets, {})->size(), 'p');
  EXPECT_EQ(EncodeJob(targets, {})->size(), limits::kRenderRequestBytes);
  targets[0].path += 'p';
  EXPECT_EQ(EncodeJob(targets, {}).error().code, Errc::kLimit);
}

TEST(EncodeJob, OptionsHaveADepth) {
  const auto nested = [](int depth) {
    const auto lists = static_cast<size_t>(depth) - 1;
    return R"({"a":)" + std::string(lists, '[') + std::string(lists, ']') + "}";
  };
  EXPECT_TRUE(EncodeJob({{.id = "a", .options = nested(limits::kRenderOptionsDepth)}}, {}));
  EXPECT_EQ(
      EncodeJob({{.id = "a", .options = nested(limits::kRenderOptionsDepth + 1)}}, {}).error().code,
      Errc::kLimit);
}

TEST(ReadyLine, HasALimit) {
  std::string line = R"({"ready":true,"protocol":1})";
  line.insert(1, limits::kReadyLineBytes - line.size(), ' ');
  EXPECT_TRUE(CheckReadyLine(line));
  EXPECT_EQ(CheckReadyLine(line + " ").error().code, Errc::kCorrupt);
}

TEST(ReadyLine, OnlyOurProtocol) {
  EXPECT_TRUE(CheckReadyLine(R"({"ready":true,"protocol":1,"helm":"v3"})"));
  EXPECT_EQ(CheckReadyLine(R"({"ready":true,"protocol":2})").error().code, Errc::kUnsupported);
  for (const char* line : {"", "hello", "{}", R"({"ready":false,"protocol":1})", "[1]"}) {
    EXPECT_EQ(CheckReadyLine(line).error().code, Errc::kCorrupt) << line;
  }
}

TEST(DecodeAnswers, AnAnswerAtTheLimitIsReadAndOneAboveIsNot) {
  std::string line = R"({"id":"a","kind":"plain","objects":[]})";
  line.insert(1, limits::kRenderOutputBytes - line.size(), ' ');
  EXPECT_TRUE(DecodeAnswers(line + "\n", Targets({"a"}), kLost));
  EXPECT_EQ(DecodeAnswers(line + " \n", Targets({"a"}), kLost).error().code, Errc::kLimit);
}

TEST(DecodeAnswers, ObjectsDocumentsErrors) {
  const std::string output =
      R"({"id":"a","kind":"helm","objects":[{"kind":"X"}],"warnings":["w"],"read":["r"],"missing":["m"]})"
      "\n"
      R"({"id":"b","kind":"plain","error":{"code":"RENDER_MISSING","message":"no","path":"p","line":3},"warnings":[],"read":[],"missing":[]})"
      "\n"
      R"({"id":"c","kind":"catalog","documents":[{"file":"f","line":1,"object":{"kind":"App"}},{"file":"f","line":9,"error":{"code":"YAML_INVALID","message":"bad"}}]})"
      "\n";
  const auto answer = DecodeAnswers(output, Targets({"a", "b", "c", "d"}), kLost);
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer->targets.size(), 4u);
  const TargetAnswer& a = answer->targets[0];
  EXPECT_EQ(a.objects.size(), 1u);
  EXPECT_TRUE(a.uses_api_versions);
  EXPECT_EQ(a.warnings.at(0) + a.read.at(0) + a.missing.at(0), "wrm");
  const TargetAnswer& b = answer->targets[1];
  EXPECT_EQ(b.fault->ToError().code, Errc::kNotFound);
  EXPECT_EQ(b.fault->ToError().message, "RENDER_MISSING: p:3: no");
  EXPECT_FALSE(b.uses_api_versions);
  const TargetAnswer& c = answer->targets[2];
  ASSERT_EQ(c.documents.size(), 2u);
  EXPECT_EQ(object::FindString(c.documents[0].object, {"kind"}), "App");
  EXPECT_EQ(c.documents[1].fault->code, "YAML_INVALID");
  EXPECT_EQ(c.documents[1].line, 9);
  EXPECT_EQ(answer->targets[3].id, "d");
  EXPECT_EQ(answer->targets[3].fault->code, kFaultLost);
}

TEST(DecodeAnswers, HalfALineIsNoAnswer) {
  const std::string line = R"({"id":"a","kind":"plain","objects":[]})"
                           "\n";
  for (size_t cut = 0; cut < line.size(); ++cut) {
    const auto answer = DecodeAnswers(line.substr(0, cut), Targets({"a"}), kLost);
    ASSERT_TRUE(answer) << cut;
    EXPECT_TRUE(answer->targets[0].fault) << cut;
  }
  EXPECT_FALSE(DecodeAnswers(line, Targets({"a"}), kLost)->targets[0].fault);
}

TEST(DecodeAnswers, FatalIsTheJobsError) {
  const auto answer =
      DecodeAnswers(R"({"fatal":{"code":"SOURCE_LIMIT","message":"too many files"}})"
                    "\n",
                    Targets({"a"}), kLost);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::kLimit);
}

TEST(DecodeAnswers, WhatNoWorkerOfOursWrites) {
  for (const char* line :
       {"hello", "[]", R"({"id":"b","objects":[]})", R"({"id":"a"})", R"({"id":"a","objects":{}})",
        R"({"id":"a","objects":[1]})", R"({"id":"a","kind":"catalog","documents":[{"file":"f"}]})",
        R"({"id":"a","kind":"catalog","documents":[7]})", R"({"id":"a","id":"a","objects":[]})",
        R"({"id":"a","objects":[]}
{"id":"a","objects":[]})"}) {
    const auto answer = DecodeAnswers(std::string(line) + "\n", Targets({"a"}), kLost);
    ASSERT_FALSE(answer) << line;
    EXPECT_EQ(answer.error().code, Errc::kCorrupt) << line;
  }
}

TEST(RenderFault, OnlyALostSandboxIsWorthAnotherTry) {
  for (const std::string_view code :
       {kFaultTimeout, kFaultMemory, kFaultLimit, std::string_view("RENDER_CRASH"),
        std::string_view("YAML_INVALID"), std::string_view("RENDER_REMOTE")}) {
    EXPECT_FALSE(IsRetryable(RenderFault{std::string(code), ""}.ToError().code)) << code;
  }
  EXPECT_TRUE(IsRetryable(kLost.ToError().code));
}

TEST(MembersToStart, FillsWithTwoAtATime) {
  const PoolConfig config{.ready = 3, .leased = 4};
  const struct {
    PoolState state;
    int starts;
  } rows[] = {
      {{.ready = 0}, 2},
      {{.ready = 0, .starting = 1}, 1},
      {{.ready = 0, .starting = 2}, 0},
      {{.ready = 2}, 1},
      {{.ready = 3}, 0},
      {{.ready = 2, .starting = 1}, 0},
      {{.ready = 3, .waiting = 4}, 2},  // all leased out, and somebody waits
      {{.ready = 3, .waiting = 4, .leased = 4}, 0},
      {{.ready = 2, .waiting = 4, .leased = 4}, 1},
      {{.ready = 9}, 0},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(MembersToStart(config, row.state), row.starts)
        << row.state.ready << " " << row.state.starting << " " << row.state.waiting;
  }
}

}  // namespace
}  // namespace dunlin::render
