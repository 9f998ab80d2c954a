#include "hub/ctl/commands.h"

#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>

#include "hub/ctl/rows.h"
#include "protocol/base/limits.h"
#include "protocol/wire/exit_code.h"

namespace dunlin::ctl {

namespace {

void Print(const std::string& text) { std::fputs(text.c_str(), stdout); }

// Prints a document in a machine format, or lets `table` write it for people.
template <typename Table>
int Show(Session& session, const Answer<object::Value>& answer, Table table) {
  if (!answer) return PrintFailure(answer.error(), session.format);
  if (session.format != Format::kTable) {
    Print(RenderDocument(*answer, session.format));
  } else {
    table(*answer);
  }
  return 0;
}

std::string AppPath(const std::string& name, std::string_view verb = "") {
  return "/api/v1/apps/" + PercentEncode(name) + std::string(verb);
}

// The code of a name that the hub wrote; kInternal for one that this version does not know.
Errc ErrcOf(std::string_view name) {
  for (int code = 0; code <= static_cast<int>(Errc::kInternal); ++code) {
    if (Name(static_cast<Errc>(code)) == name) return static_cast<Errc>(code);
  }
  return Errc::kInternal;
}

int UsageFailure(const Session& session, std::string message, std::string hint) {
  Failure failure;
  failure.code = Errc::kInvalidArgument;
  failure.body = {std::string(Name(failure.code)), std::move(message), "", std::move(hint)};
  return PrintFailure(failure, session.format);
}

Result<Bytes> ReadInput(const std::string& file) {
  std::ostringstream text;
  if (file == "-") {
    char buffer[65536];
    for (size_t n; (n = std::fread(buffer, 1, sizeof buffer, stdin)) > 0;) {
      text.write(buffer, static_cast<std::streamsize>(n));
    }
    return std::move(text).str();
  }
  std::ifstream in(file, std::ios::binary);
  if (!in) return MakeError(Errc::kNotFound, "cannot read " + file);
  text << in.rdbuf();
  return std::move(text).str();
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
  return Show(session, answer, [](const object::Value& document) {
    Print(RenderTable({TextColumn("NAME", "name"), TextColumn("ID", "id"),
                       TextColumn("REGION", "region"), TextColumn("STATE", "state"),
                       NumberColumn("SEQUENCE", "seq"), TextColumn("REASON", "reason")},
                      object::Array{document}));
    Print("\n" + RenderTable(TargetColumns(), Items(document, "targets")));
  });
}

int Apply(Session& session, const std::vector<std::string>& files) {
  int exit_code = 0;
  for (const std::string& file : files) {
    auto bytes = ReadInput(file);
    if (!bytes)
      return UsageFailure(session, bytes.error().message, "give a readable file, or - for stdin");
    const auto answer =
        session.hub.PostBytes("/api/v1/apply?file=" + PercentEncode(file), std::move(*bytes));
    const int code = Show(session, answer, [](const object::Value& document) {
      for (const object::Value& row : Items(document)) {
        const std::string_view message = object::FindString(row, {"message"});
        Print(std::string(object::FindString(row, {"kind"})) + "/" +
              std::string(object::FindString(row, {"name"})) + " " +
              std::string(object::FindString(row, {"result"})) +
              (message.empty() ? "" : ": " + std::string(message)) + "\n");
      }
    });
    if (code != 0) return code;
    for (const object::Value& row : Items(*answer)) {
      if (object::FindString(row, {"result"}) != "failed" || exit_code != 0) continue;
      exit_code = wire::ExitCode(ErrcOf(object::FindString(row, {"code"})));
    }
  }
  return exit_code;
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
  return Show(session, answer, [](const object::Value& document) {
    Print(RenderTable(
        {TextColumn("NAME", "name"), TextColumn("STATE", "state"), TextColumn("HEALTH", "health"),
         TextColumn("REPOSITORY", "repo"), TextColumn("REF", "ref"), TextColumn("PATH", "path"),
         ShortIdColumn("REVISION", "revision"), TextColumn("NOTE", "note")},
        object::Array{document}));
    Print("\n" + RenderTable(TargetColumns(), Items(document, "targets")));
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
