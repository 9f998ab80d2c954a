// An apiserver as a value: a store of objects that answers the machine's requests, watches and
// discovery without any I/O. Without schemas it takes JSON merge patches only.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/sync/event.h"

namespace dunlin::sync {

object::Value Json(std::string_view text);
ApiFailure Refusal(int http, std::string reason, std::string message = "refused");

class FakeCluster {
 public:
  FakeCluster();

  ClusterFacts Facts() const;
  ApiAnswer Answer(const Request& request);
  Listed List(const plan::GroupKind& kind) const;
  // Events of watches since the last call.
  std::deque<Event> TakeEvents();
  void Open(const plan::GroupKind& kind) { watched_.insert(kind); }
  void Close(const plan::GroupKind& kind) { watched_.erase(kind); }
  const std::set<plan::GroupKind>& watched() const { return watched_; }

  // What people do behind our back.
  void Put(const object::Value& object);  // creates or replaces
  void Edit(const object::ResourceKey& key, const std::function<void(object::Value&)>& edit);
  void SetStatus(const object::ResourceKey& key, object::Value status);
  void Erase(const object::ResourceKey& key);
  const object::Value* Find(const object::ResourceKey& key) const;
  const std::map<object::ResourceKey, object::Value>& objects() const { return objects_; }

  // Asked before each request; an answer replaces the real one.
  std::function<std::optional<ApiFailure>(const Request&)> fault;
  // What admission makes of a written object: defaults, injected containers.
  std::function<void(object::Value&)> admit;
  std::map<object::GroupVersion, SchemaPtr> schemas;
  bool auto_ready = true;          // Deployments become available at once
  bool namespaces_matter = false;  // POST into a namespace that is not there is 404
  std::string kube_uid = "kube-1";
  std::string map_version = "v1";       // in which ConfigMaps are served
  std::vector<Request> log;             // every request, in order
  std::vector<Request> Writes() const;  // without GET
  std::map<std::string, object::Value> parents;
  std::vector<std::string> parent_log;  // "write app", "remove app"

 private:
  object::Value& Store(const object::ResourceKey& key, object::Value object, bool content);
  void Tell(const object::ResourceKey& key);
  ApiAnswer Create(const Request& request);
  ApiAnswer Patch(const Request& request);
  ApiAnswer Delete(const Request& request);

  std::map<object::ResourceKey, object::Value> objects_;
  std::set<plan::GroupKind> watched_;
  std::deque<Event> events_;
  int64_t version_ = 100;
  int64_t uid_ = 0;
};

}  // namespace dunlin::sync
