#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <string>

#include "agent/app/commands.h"
#include "agent/app/output.h"
#include "agent/health/judge.h"
#include "agent/merge/batch.h"
#include "protocol/base/limits.h"
#include "protocol/store/files.h"

namespace dunlin::app {

namespace {

// Schemas by file, kept for the whole batch.
class SchemaFiles {
 public:
  Result<merge::ResolvedSchema> Resolve(const merge::SchemaQuery& query) {
    if (query.file.empty()) {
      return MakeError(Errc::kUnsupported, "name the OpenAPI document with schema.file");
    }
    TRY(const merge::Schema* schema, Load(query.file));
    merge::ResolvedSchema out;
    out.ref.schema = schema;
    if (!query.type.empty()) {
      const auto type = schema->Named(query.type);
      if (!type) return Missing(query.file, query.type);
      out.ref.type = *type;
      return out;
    }
    TRY(const merge::Gvk gvk, merge::Gvk::Parse(query.gvk));
    const auto root = schema->Root(gvk);
    if (!root) return Missing(query.file, query.gvk);
    out.ref.type = *root;
    out.strategic = schema->SupportsStrategic(gvk);
    return out;
  }

 private:
  static Error Missing(const std::string& file, const std::string& name) {
    return MakeError(Errc::kNotFound, file + " does not define " + name);
  }

  Result<const merge::Schema*> Load(const std::string& file) {
    auto& place = schemas_[file];
    if (!place) {
      TRY(const Bytes text, ReadFile(file, limits::kOpenApiBytes));
      TRY(merge::Schema schema, merge::Schema::FromOpenApi(text).WithContext(file));
      place = std::make_unique<merge::Schema>(std::move(schema));
    }
    return place.get();
  }

  std::map<std::string, std::unique_ptr<merge::Schema>> schemas_;
};

Result<object::Value> JudgeHealth(health::Judge& judge, const object::Value& object,
                                  std::string_view now) {
  TimePoint time = SystemClock().Now();
  if (!now.empty()) {
    TRY(time, ParseTime(now));
  }
  const health::Health health = judge.Evaluate(object, time);
  return object::Object{{"message", health.message},
                        {"reason", health.reason},
                        {"status", health::Name(health.status)}};
}

}  // namespace

int MergeBatch(const std::string& file) {
  std::ifstream opened;
  if (file != "-" && !file.empty()) {
    opened.open(file);
    if (!opened) {
      const Error error = MakeError(Errc::kIo, std::strerror(errno));
      PrintFailure({"cannot read " + file, error, "name a readable file, or - for stdin"}, false);
      return 1;
    }
  }
  std::istream& input = opened.is_open() ? static_cast<std::istream&>(opened) : std::cin;
  std::ios::sync_with_stdio(false);
  std::cin.tie(nullptr);
  SchemaFiles files;
  const merge::SchemaSource source = [&files](const merge::SchemaQuery& query) {
    return files.Resolve(query);
  };
  health::Judge judge;
  const auto judge_health = [&judge](const object::Value& object, std::string_view now) {
    return JudgeHealth(judge, object, now);
  };
  std::string line;
  while (std::getline(input, line)) {
    if (line.empty()) continue;
    std::cout << merge::AnswerLine(line, source, judge_health) << '\n';
    // A program that waits for each answer must get it; one that pipes a file pays no flush a line.
    if (input.rdbuf()->in_avail() <= 0) std::cout.flush();
  }
  std::cout.flush();
  if (std::cout) return 0;
  PrintFailure({"cannot write to standard output", MakeError(Errc::kIo, "a write failed"),
                "make room, or send it elsewhere"},
               false);
  return 1;
}

}  // namespace dunlin::app
