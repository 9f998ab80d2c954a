// A HubState that can lose its disk: while `full` is set every write fails and changes nothing.
#pragma once

#include "hub/state/hub_state.h"

namespace dunlin::hub {

class FlakyState : public HubState {
 public:
  explicit FlakyState(HubState& real) : real_(real) {}
  bool full = false;
  bool pins_stay = false;  // only SetPin fails

  Result<HubSnapshot> Load() override { return real_.Load(); }
  Status PutCluster(const ClusterRecord& c) override { return full ? Full() : real_.PutCluster(c); }
  Status RemoveCluster(const ClusterId& id) override {
    return full ? Full() : real_.RemoveCluster(id);
  }
  Status PutAgent(const AgentRecord& a) override { return full ? Full() : real_.PutAgent(a); }
  Status AddToken(const TokenRecord& t) override { return full ? Full() : real_.AddToken(t); }
  Result<TokenRecord> FindToken(const std::string& id) override { return real_.FindToken(id); }
  Status Enroll(const std::string& token, const ClusterRecord& c, const AgentRecord& a) override {
    return full ? Full() : real_.Enroll(token, c, a);
  }
  Status PutObjects(const std::vector<ObjectRecord>& put,
                    const std::vector<std::pair<std::string, std::string>>& remove) override {
    return full ? Full() : real_.PutObjects(put, remove);
  }
  Status PutSource(const SourceRecord& s) override { return full ? Full() : real_.PutSource(s); }
  Status Publish(const PublishRecord& r) override { return full ? Full() : real_.Publish(r); }
  Result<std::optional<Digest>> FindMade(const ClusterId& cluster, int64_t seq) override {
    return real_.FindMade(cluster, seq);
  }
  Status PutReports(const std::vector<ReportRecord>& r) override {
    return full ? Full() : real_.PutReports(r);
  }
  Status SetPin(const std::string& app, const std::optional<std::string>& id) override {
    return full || pins_stay ? Full() : real_.SetPin(app, id);
  }
  Status RaiseFloor(int64_t floor) override { return full ? Full() : real_.RaiseFloor(floor); }

 private:
  static Status Full() { return MakeError(Errc::kIo, "disk full"); }
  HubState& real_;
};

}  // namespace dunlin::hub
