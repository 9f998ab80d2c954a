#include "protocol/wire/report.h"

#include "protocol/base/limits.h"
#include "protocol/object/json.h"
#include "protocol/wire/json_fields.h"

namespace dunlin::wire {

namespace {

object::Array ToJson(const std::vector<Problem>& problems, size_t most) {
  object::Array out;
  for (const Problem& problem : problems) {
    if (out.size() == most) break;
    out.push_back(object::Object{{"code", problem.code},
                                 {"hint", problem.hint},
                                 {"message", problem.message},
                                 {"object", problem.object}});
  }
  return out;
}

Result<std::vector<Problem>> ParseProblems(const object::Object& message, std::string_view field) {
  TRY(const std::vector<object::Object> objects, GetObjects(message, field));
  if (objects.size() > static_cast<size_t>(limits::kReportErrors)) {
    return MakeError(Errc::kLimit, "field " + std::string(field) + ": more than " +
                                       std::to_string(limits::kReportErrors) + " entries");
  }
  std::vector<Problem> out;
  for (const object::Object& object : objects) {
    Problem problem;
    TRY(problem.code, GetString(object, "code"));
    TRY(problem.hint, GetString(object, "hint"));
    TRY(problem.message, GetString(object, "message"));
    TRY(problem.object, GetString(object, "object"));
    out.push_back(std::move(problem));
  }
  return out;
}

int64_t Ms(TimePoint time) { return time.time_since_epoch().count(); }

object::Object ToJson(const TargetReport& target, size_t most_problems) {
  return {{"app", target.app},
          {"applied", Ms(target.applied)},
          {"bundle", target.bundle},
          {"conflicts", target.conflicts},
          {"counts", object::Object{{"configured", target.counts.configured},
                                    {"created", target.counts.created},
                                    {"deleted", target.counts.deleted},
                                    {"failed", target.counts.failed},
                                    {"skipped", target.counts.skipped},
                                    {"unchanged", target.counts.unchanged}}},
          {"drift_repaired", target.drift_repaired},
          {"health", target.health},
          {"objects", target.objects},
          {"problems", ToJson(target.problems, most_problems)},
          {"received", Ms(target.received)},
          {"revision", target.revision},
          {"seq", target.seq},
          {"state", target.state},
          {"verified", Ms(target.verified)},
          {"warnings", ToJson(target.warnings, most_problems)}};
}

Result<Counts> ParseCounts(const object::Object& object) {
  Counts out;
  TRY(out.created, GetInt(object, "created"));
  TRY(out.configured, GetInt(object, "configured"));
  TRY(out.unchanged, GetInt(object, "unchanged"));
  TRY(out.deleted, GetInt(object, "deleted"));
  TRY(out.skipped, GetInt(object, "skipped"));
  TRY(out.failed, GetInt(object, "failed"));
  return out;
}

Result<TargetReport> ParseTarget(const object::Object& object) {
  TargetReport out;
  TRY(out.app, NeedString(object, "app"));
  TRY(out.state, NeedString(object, "state"));
  TRY(out.health, GetString(object, "health"));
  TRY(out.seq, NeedInt(object, "seq"));
  TRY(out.bundle, GetString(object, "bundle"));
  TRY(out.revision, GetString(object, "revision"));
  TRY(out.objects, GetInt(object, "objects"));
  TRY(const object::Object counts, GetObject(object, "counts"));
  TRY(out.counts, ParseCounts(counts));
  TRY(out.conflicts, GetInt(object, "conflicts"));
  TRY(out.drift_repaired, GetInt(object, "drift_repaired"));
  TRY(out.problems, ParseProblems(object, "problems"));
  TRY(out.warnings, ParseProblems(object, "warnings"));
  TRY(out.received, GetMillis(object, "received"));
  TRY(out.verified, GetMillis(object, "verified"));
  TRY(out.applied, GetMillis(object, "applied"));
  return out;
}

Bytes EncodeWith(const Report& report, size_t most_problems) {
  object::Array targets;
  for (const TargetReport& target : report.targets) {
    targets.push_back(ToJson(target, most_problems));
  }
  return object::CanonicalJson(object::Object{{"agent_version", report.agent_version},
                                              {"epoch", report.epoch},
                                              {"id", report.id},
                                              {"number", report.number},
                                              {"problems", ToJson(report.problems, most_problems)},
                                              {"seq", report.seq},
                                              {"targets", std::move(targets)},
                                              {"time", Ms(report.time)}});
}

}  // namespace

Bytes Encode(const Report& report) {
  size_t most_problems = limits::kReportErrors;
  Bytes json = EncodeWith(report, most_problems);
  while (json.size() > limits::kReportBytes && most_problems > 0) {
    most_problems /= 2;
    json = EncodeWith(report, most_problems);
  }
  return json;
}

Result<Report> ParseReport(BytesView json) {
  TRY(const object::Object message, ParseMessage(json, limits::kReportBytes, "report"));
  Report out;
  TRY(out.id, NeedString(message, "id"));
  TRY(out.epoch, GetInt(message, "epoch"));
  TRY(out.number, GetInt(message, "number"));
  TRY(out.seq, GetInt(message, "seq"));
  TRY(out.agent_version, GetString(message, "agent_version"));
  TRY(out.problems, ParseProblems(message, "problems"));
  TRY(out.time, GetMillis(message, "time"));
  TRY(const std::vector<object::Object> targets, GetObjects(message, "targets"));
  for (const object::Object& object : targets) {
    TRY(TargetReport target, ParseTarget(object));
    out.targets.push_back(std::move(target));
  }
  return out;
}

}  // namespace dunlin::wire
