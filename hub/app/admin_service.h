// What stands behind the admin API.
#pragma once

#include <string>

#include "hub/api/admin_api.h"
#include "hub/app/agent_service.h"
#include "hub/app/documents.h"
#include "hub/app/driver.h"
#include "hub/app/enrolment.h"
#include "hub/app/fleet_catalogue.h"

namespace dunlin::hub {

class AdminService : public AdminBackend {
 public:
  struct Parts {
    FleetModel& model;
    FleetCatalogue& catalogue;
    Pipeline& pipeline;
    Driver& driver;
    Publisher& publisher;
    Enrolment& enrolment;
    render::Renderer& renderer;
    const AgentService& agents;
    const Clock& clock;
    dunlin::Metrics& metrics;
  };
  // `public_url`: where agents enrol, "https://hub.example:8443".
  AdminService(Parts parts, Log log) : parts_(parts), log_(std::move(log)) {}
  void SetPublicUrl(std::string url) { public_url_ = std::move(url); }

  object::Value FleetStatus() override;
  int64_t StatusVersion() const override { return parts_.model.version(); }
  TaskVoid WaitForChange(int64_t after, Millis limit) override;
  object::Value Clusters() override;
  Result<object::Value> Cluster(const std::string& name) override;
  Result<object::Value> AddCluster(const NewCluster& cluster) override;
  object::Value Apps() override;
  Result<object::Value> App(const std::string& name) override;
  Result<object::Value> History(const std::string& name) override;
  Task<object::Value> Sync(std::string name, bool allow_mass_prune) override;
  Task<object::Value> Rollback(std::string name, int64_t id) override;
  object::Value Sources() override;
  Task<object::Value> Refresh(std::string repo) override;
  Task<object::Value> Apply(Bytes text, std::string file) override;
  std::string Metrics() override;

 private:
  FleetView View() const;
  std::vector<std::string> ClusterNames() const;
  // kPrecondition: the bundles of a history entry are not all there any more.
  Status AllThere(const std::string& app, int64_t entry,
                  const std::map<ClusterId, OldBundle>& bundles) const;
  Status KnowApp(const std::string& name) const;
  Status EnsureCluster(const NewCluster& cluster);
  std::vector<wire::Problem> Problems() const;

  Parts parts_;
  Log log_;
  std::string public_url_;
};

}  // namespace dunlin::hub
