// A Kube over a cluster that is a value (tests/agent/sync/fake_cluster.h): lists, watches and
// single-object requests as coroutines, with the ways in which a real one breaks.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/kube/kube.h"
#include "protocol/net/runtime.h"
#include "tests/agent/sync/fake_cluster.h"

namespace dunlin {

class FakeKube : public kube::Kube {
 public:
  FakeKube(asio::any_io_executor executor, sync::FakeCluster& cluster);

  Task<sync::ClusterFacts> Discover() override;
  Task<sync::SchemaPtr> Schema(object::GroupVersion version) override;
  Task<kube::ListAnswer> List(kube::Selection selection, std::string more) override;
  Task<kube::WatchAnswer> Watch(kube::Selection selection, std::string resource_version,
                                Seconds duration) override;
  Task<sync::ApiAnswer> Send(sync::Request request) override;

  // What people changed in the cluster reaches the watches.
  void Pump();
  // Every watch ends, as the server does regularly.
  void EndWatches();
  // The same, and a later one from an old version is answered 410.
  void CutWatches();
  // Every call from now on, and every watch, ends with kCancelled.
  void Close();

  bool streaming_lists = true;
  bool away = false;                        // new calls give kUnavailable
  int refused = 0;                          // calls that did
  std::optional<sync::ApiFailure> refusal;  // of every watch from now on
  std::vector<std::string> watch_log;       // "configmaps from ''", "configmaps list", …

 private:
  struct Channel;
  class Stream;
  Status Reachable();
  plan::GroupKind KindOf(const kube::Selection& selection) const;
  std::vector<kube::WatchEvent> InitialEvents(const plan::GroupKind& kind) const;

  asio::any_io_executor executor_;
  sync::FakeCluster& cluster_;
  std::vector<std::shared_ptr<Channel>> channels_;
  bool closed_ = false;
  int epoch_ = 0;  // versions of an earlier one are too old
};

}  // namespace dunlin
