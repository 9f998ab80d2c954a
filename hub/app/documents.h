// The documents of the admin API, from what is in memory. Pure functions: no write, no wait. Times
// are milliseconds since 1970, 0 for "never"; names are those that the CLI's tables read.
#pragma once

#include <string>
#include <vector>

#include "hub/app/driver.h"
#include "hub/app/model.h"
#include "hub/catalog/catalogue.h"
#include "hub/pipeline/pipeline.h"
#include "hub/publish/publisher.h"
#include "protocol/object/value.h"

namespace dunlin::hub {

struct FleetView {
  const FleetModel& model;
  const Pipeline& pipeline;
  const catalog::Catalogue& catalogue;
  const Publisher& publisher;
  TimePoint now{};
};

// What is known of a cluster's agent; a poll that is held is contact now. `contact` may be null.
AgentSeen SeenOf(const Contact* contact, TimePoint now);
AgentSeen SeenOf(const FleetView& view, const ClusterId& cluster);
bool IsConnected(const FleetView& view, const ClusterId& cluster);

// Targets that the catalogue does not have any more while their agents still report them: objects
// are left there. The agents' last reports say which.
std::vector<TargetKey> LeftTargets(const FleetView& view);

// State and reason of one target, or of one that has left (OutOfSync, with what the agent says).
TargetStatus StatusOf(const FleetView& view, const TargetKey& key);

// {"app","cluster","region","state","reason","health","revision","pending","bundle","objects",
//  "seq","counts","conflicts","problems":[{"code","message","hint","object"}],"warnings",
//  "times":{"noticed","resolved","rendered","published","received","verified","applied","reported"}}
object::Object TargetDocument(const FleetView& view, const TargetKey& key);

// {"version","time","summary":{"targets","synced","clusters","connected","states":{…}},"targets",
//  "problems"}
object::Object StatusDocument(const FleetView& view, const std::vector<wire::Problem>& problems,
                              int64_t version);

object::Object ClusterDocument(const FleetView& view, const ClusterRecord& cluster);
object::Object ClustersDocument(const FleetView& view);

// An app by name; it may be in the catalogue, or only have targets that stay.
object::Object AppDocument(const FleetView& view, const std::string& name);
object::Object AppsDocument(const FleetView& view);
std::vector<std::string> AppNames(const FleetView& view);

object::Object HistoryDocument(const FleetView& view, const std::string& app);
// One row for each reference, whoever uses it.
object::Object SourcesDocument(const FleetView& view,
                               const std::vector<Driver::SourceView>& sources);
// What came of a look at the sources (of one repository, or ""): "result" of each row is
// "refreshed" or "failed", the latter also when what was fetched could not be rendered.
object::Object RefreshDocument(const FleetView& view,
                               const std::vector<Driver::SourceView>& sources,
                               const std::string& repo_key);
// What keeps an app from what Git says, after a look at its sources: problems, without repeats.
object::Array SyncFailures(const FleetView& view, const std::vector<Driver::SourceView>& sources,
                           const std::string& app);

// What ends the rollback of an app, for people.
std::string EndOfPin(const FleetView& view, const std::string& app);

// Repositories that cannot be followed now, each once, with how many targets that concerns.
std::vector<wire::Problem> SourceProblems(const Pipeline& pipeline);

// What is wrong with catalogue documents: file and line, object, cause.
std::vector<wire::Problem> CatalogueProblems(const catalog::Catalogue& catalogue);

object::Object ProblemDocument(const wire::Problem& problem);

}  // namespace dunlin::hub
