// The catalogue with its durable copy, and the cluster records that follow from it: every Cluster
// object of the catalogue has a record with a UUID, from the moment it appears.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "hub/app/model.h"
#include "hub/catalog/catalogue.h"
#include "protocol/base/random.h"

namespace dunlin::hub {

class FleetCatalogue {
 public:
  // All references outlive it.
  FleetCatalogue(FleetModel& model, const Clock& clock, Random& random)
      : model_(model), clock_(clock), random_(random) {}

  // The last good objects, as stored. Objects that this version refuses become problems.
  void Load(const std::vector<ObjectRecord>& objects);

  const catalog::Catalogue& catalogue() const { return catalogue_; }
  std::map<std::string, ClusterId> ClusterIds() const;

  // One revision of the fleet repository. Nothing changes when it cannot be stored.
  Result<catalog::Catalogue::Change> ReplaceFleet(std::vector<catalog::Document> documents);

  struct Applied {
    catalog::ObjectId id;  // of what could be read of it
    std::string place;
    Result<catalog::ApplyResult> result = catalog::ApplyResult::kUnchanged;
  };
  // Each document by itself: a broken one does not keep the others out.
  Result<std::vector<Applied>> Apply(const std::vector<catalog::Document>& documents);

 private:
  Status Store(catalog::Catalogue next, const std::vector<catalog::ObjectId>& put,
               const std::vector<catalog::ObjectId>& remove);
  Status SyncClusters();

  FleetModel& model_;
  const Clock& clock_;
  Random& random_;
  catalog::Catalogue catalogue_;
  // Rows (kind, name) of a kind that there is not, by the object that they count as: they go when
  // that is written or removed.
  std::multimap<catalog::ObjectId, std::pair<std::string, std::string>> strays_;
};

}  // namespace dunlin::hub
