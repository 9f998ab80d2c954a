#include "hub/ctl/commands.h"

#include <cstdio>

#include "hub/ctl/rows.h"

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

}  // namespace

int ClusterAdd(Session& session, const ClusterAddOptions& options) {
  object::Object labels;
  for (const std::string& label : options.labels) {
    const size_t equals = label.find('=');
    if (equals == std::string::npos || equals == 0) {
      return UsageFailure(session, "--label " + label + " is not of the form key=value",
                          "for example --label tier=edge");
    }
    labels[label.substr(0, equals)] = label.substr(equals + 1);
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
  return Show(session, answer, [&](const object::Value& document) {
    Print("app " + name + ": " + std::string(object::FindString(document, {"message"})) + "\n");
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
    Print(RenderTable(
        {TextColumn("REPOSITORY", "repo"), TextColumn("REF", "ref"),
         ShortIdColumn("COMMIT", "commit"), TextColumn("STATE", "state"),
         AgeColumn("CHECKED", "checked", Number(document, "time")), TextColumn("REASON", "reason")},
        Items(document)));
  });
}

int SourceRefresh(Session& session, const std::string& repo) {
  object::Object body;
  if (!repo.empty()) body["repo"] = repo;
  const auto answer = session.hub.Post("/api/v1/sources/refresh", body);
  return Show(session, answer, [](const object::Value& document) {
    Print(std::to_string(Number(document, "refreshed")) + " source(s) refreshed\n");
  });
}

}  // namespace dunlin::ctl
