#include "hub/ctl/commands.h"

#include <algorithm>
#include <cstdio>
#include <functional>

#include "hub/ctl/rows.h"
#include "protocol/wire/exit_code.h"

namespace dunlin::ctl {

namespace {

void Print(const std::string& text) { std::fputs(text.c_str(), stdout); }

// Prints a document in a machine format, or lets `table` write it for people.
template <typename Table>
int Show(Session& session, const Answer<object::Value>& answer, Table table) {
  if (!answer) return PrintFailure(answer.error(), session.format);
  if (session.format != Format::kTable) {
    Print(cli::DocumentText(*answer, session.format));
  } else {
    table(*answer);
  }
  return 0;
}

std::string AppPath(const std::string& name, std::string_view verb = "") {
  return "/api/v1/apps/" + PercentEncode(name) + std::string(verb);
}

int UsageFailure(const Session& session, std::string message, std::string hint) {
  Failure failure;
  failure.code = Errc::kInvalidArgument;
  failure.body = {std::string(Name(failure.code)), std::move(message), "", std::move(hint)};
  return PrintFailure(failure, session.format);
}

std::string Member(const object::Value& row, std::string_view name) {
  return std::string(object::FindString(row, {name}));
}

// The outcome of what was asked for: its document, and with a failure the error after it. What the
// renderer says has codes of its own; they are what a person has to correct.
int Outcome(const Session& session, const object::Value& document, wire::ErrorBody error,
            bool partial, const std::function<void()>& table) {
  const Errc code = wire::ErrcOfName(error.code).value_or(Errc::kInvalidArgument);
  error.code = Name(code);
  if (session.format == Format::kTable) {
    table();
    cli::PrintError(error, session.format);
  } else {
    object::Value with_error = document;
    with_error.get_object()["error"] = wire::ToObject(error);
    Print(cli::DocumentText(with_error, session.format));
  }
  return partial ? wire::kPartialExit : wire::ExitCode(code);
}

}  // namespace

int ClusterAdd(Session& session, const ClusterAddOptions& options) {
  object::Object labels;
  for (const std::string& label : options.labels) {
    const size_t equals = label.find('=');
    if (equals == std::string::npos || equals == 0) {
      return UsageFailure(session, "--label " + label + " is not of the form key=value",
                          "for example --label tier=edge");
    }
    const std::string key = label.substr(0, equals);
    if (labels.contains(key)) {
      return UsageFailure(session, "--label " + key + " is given twice",
                          "a label has one value; leave one of them out");
    }
    labels[key] = label.substr(equals + 1);
  }
  const object::Object body{{"labels", labels},
                            {"name", options.name},
                            {"region", options.region},
                            {"server", options.server},
                            {"token_hours", options.token_hours}};
  const auto answer = session.hub.Post("/api/v1/clusters", body);
  return Show(session, answer, [](const object::Value& document) {
    // The command alone on stdout, so that it can be piped; the rest is for people.
    std::fprintf(
        stderr,
        "Run this on a machine that reaches the cluster's apiserver (the token works once):\n");
    Print(std::string(object::FindString(document, {"command"})) + "\n");
  });
}

int ClusterList(Session& session) {
  const auto answer = session.hub.Get("/api/v1/clusters");
  return Show(session, answer, [](const object::Value& document) {
    Print(
        RenderTable({TextColumn("NAME", "name"), TextColumn("REGION", "region"),
                     TextColumn("STATE", "state"), NumberColumn("APPS", "apps"),
                     TextColumn("KUBERNETES", "kube_version"), TextColumn("AGENT", "agent_version"),
                     AgeColumn("LAST SEEN", "last_seen", Number(document, "time")),
                     TextColumn("LABELS", "label_text")},
                    Items(document)));
  });
}

int ClusterGet(Session& session, const std::string& name) {
  const auto answer = session.hub.Get("/api/v1/clusters/" + PercentEncode(name));
  return Show(session, answer, [&session](const object::Value& document) {
    Print(RenderTable({TextColumn("NAME", "name"), TextColumn("ID", "id"),
                       TextColumn("REGION", "region"), TextColumn("STATE", "state"),
                       NumberColumn("SEQUENCE", "seq"), TextColumn("REASON", "reason")},
                      object::Array{document}));
    Print("\n" + RenderTable(TargetColumns(), Items(document, "targets"), session.width));
  });
}

int AppList(Session& session) {
  const auto answer = session.hub.Get("/api/v1/apps");
  return Show(session, answer, [](const object::Value& document) {
    Print(RenderTable(
        {TextColumn("NAME", "name"), TextColumn("STATE", "state"), TextColumn("HEALTH", "health"),
         NumberColumn("CLUSTERS", "clusters"), NumberColumn("OBJECTS", "objects"),
         ShortIdColumn("REVISION", "revision"), TextColumn("REPOSITORY", "repo"),
         TextColumn("PATH", "path"), TextColumn("NOTE", "note")},
        Items(document)));
  });
}

int AppGet(Session& session, const std::string& name) {
  const auto answer = session.hub.Get(AppPath(name));
  return Show(session, answer, [&session](const object::Value& document) {
    Print(RenderTable(
        {TextColumn("NAME", "name"), TextColumn("STATE", "state"), TextColumn("HEALTH", "health"),
         TextColumn("REPOSITORY", "repo"), TextColumn("REF", "ref"), TextColumn("PATH", "path"),
         ShortIdColumn("REVISION", "revision"), TextColumn("NOTE", "note")},
        object::Array{document}));
    Print("\n" + RenderTable(TargetColumns(), Items(document, "targets"), session.width));
    for (const object::Value& target : Items(document, "targets")) {
      for (const char* list : {"problems", "warnings"}) {
        for (const object::Value& problem : Items(target, list)) {
          const std::string object(object::FindString(problem, {"object"}));
          const std::string hint(object::FindString(problem, {"hint"}));
          Print("\n" + std::string(object::FindString(target, {"cluster"})) + ": " +
                (object.empty() ? "" : object + ": ") +
                std::string(object::FindString(problem, {"message"})) + "\n" +
                (hint.empty() ? "" : "  hint: " + hint + "\n"));
        }
      }
    }
  });
}

int AppSync(Session& session, const std::string& name, bool allow_mass_prune) {
  const auto answer =
      session.hub.Post(AppPath(name, "/sync"), {{"allow_mass_prune", allow_mass_prune}});
  const auto table = [&](const object::Value& document) {
    Print("app " + name + ": " + Member(document, "message") + "\n");
  };
  if (!answer || Items(*answer, "failures").empty()) return Show(session, answer, table);
  const object::Array& failures = Items(*answer, "failures");
  const object::Value& first = failures.front();
  size_t on_clusters = 0;
  for (const object::Value& failure : failures) {
    on_clusters += Member(failure, "object").starts_with("cluster ") ? 1 : 0;
  }
  const auto clusters = static_cast<size_t>(Number(*answer, "clusters"));
  const bool partial = on_clusters == failures.size() && on_clusters < clusters;
  wire::ErrorBody error;
  error.code = Member(first, "code");
  error.message = "app " + name + " is not what Git says";
  if (partial) {
    error.message +=
        " on " + std::to_string(on_clusters) + " of " + std::to_string(clusters) + " clusters";
  }
  error.cause = Member(first, "object") + ": " + Member(first, "message");
  error.hint = Member(first, "hint");
  return Outcome(session, *answer, std::move(error), partial, [&] {
    for (const object::Value& failure : failures) {
      Print(Member(failure, "object") + ": " + Member(failure, "message") + "\n");
    }
  });
}

int AppHistory(Session& session, const std::string& name) {
  const auto answer = session.hub.Get(AppPath(name, "/history"));
  return Show(session, answer, [](const object::Value& document) {
    Print(RenderTable(
        {NumberColumn("ID", "id"), ShortIdColumn("REVISION", "revision"),
         TextColumn("CAUSE", "cause"), NumberColumn("CLUSTERS", "clusters"),
         AgeColumn("AGE", "time", Number(document, "time")), TextColumn("NOTE", "note")},
        Items(document)));
  });
}

int AppRollback(Session& session, const std::string& name, int64_t id) {
  const auto answer = session.hub.Post(AppPath(name, "/rollback"), {{"id", id}});
  return Show(session, answer, [&](const object::Value& document) {
    Print("app " + name + ": " + std::string(object::FindString(document, {"message"})) + "\n");
  });
}

int SourceList(Session& session) {
  const auto answer = session.hub.Get("/api/v1/sources");
  return Show(session, answer, [](const object::Value& document) {
    Print(RenderTable({TextColumn("REPOSITORY", "repo"), TextColumn("REF", "ref"),
                       ShortIdColumn("COMMIT", "commit"), TextColumn("STATE", "state"),
                       AgeColumn("CHECKED", "checked", Number(document, "time")),
                       TextColumn("USED BY", "used_by"), TextColumn("REASON", "reason")},
                      Items(document)));
  });
}

int SourceRefresh(Session& session, const std::string& repo) {
  object::Object body;
  if (!repo.empty()) body["repo"] = repo;
  const auto answer = session.hub.Post("/api/v1/sources/refresh", body);
  if (!answer) return PrintFailure(answer.error(), session.format);
  const object::Array& rows = Items(*answer);
  const auto table = [&] {
    Print(RenderTable({TextColumn("REPOSITORY", "repo"), TextColumn("REF", "ref"),
                       ShortIdColumn("COMMIT", "commit"), TextColumn("RESULT", "result"),
                       TextColumn("REASON", "reason")},
                      rows));
  };
  const auto is_failed = [](const object::Value& row) { return Member(row, "result") == "failed"; };
  const auto first = std::find_if(rows.begin(), rows.end(), is_failed);
  if (first == rows.end()) {
    return Show(session, answer, [&](const object::Value&) { table(); });
  }
  const auto failed = static_cast<size_t>(std::count_if(rows.begin(), rows.end(), is_failed));
  wire::ErrorBody error;
  error.code = Member(*first, "code");
  error.message = std::to_string(failed) + " of " + std::to_string(rows.size()) + " sources failed";
  error.cause =
      Member(*first, "repo") + " " + Member(*first, "ref") + ": " + Member(*first, "reason");
  error.hint = Member(*first, "hint");
  if (error.hint.empty()) error.hint = "what runs stays as it is; the hub tries again by itself";
  return Outcome(session, *answer, std::move(error), failed < rows.size(), table);
}

}  // namespace dunlin::ctl
