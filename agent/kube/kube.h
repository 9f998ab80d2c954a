// The apiserver of our own cluster, at the level at which the agent thinks. The real one is
// ApiserverKube; tests use FakeKube (tests/support).
//
// Two kinds of failure: an Error of the Result means that there was no usable answer (kUnavailable,
// kTimeout, kSignature …); a refusal by the apiserver is a value (sync::ApiFailure with the reason,
// causes and retry-after of its metav1.Status). REQUIRES: one io thread; the Kube outlives its
// calls.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/kube/watch_parser.h"
#include "agent/merge/schema.h"
#include "agent/plan/kinds.h"
#include "agent/sync/event.h"
#include "protocol/net/task.h"
#include "protocol/object/resource_key.h"

namespace dunlin::kube {

// What to list or watch. Only objects that carry the label are seen; an empty one selects all.
struct Selection {
  std::string group;
  std::string version;
  std::string plural;
  std::string label = "applyset.kubernetes.io/part-of";
  std::string namespace_;      // lists only; empty: of all
  int limit = 0;               // of a page; 0: kListPageObjects
  bool metadata_only = false;  // lists only: PartialObjectMetadata
};

struct ListPage {
  std::vector<object::Value> items;  // with apiVersion and kind, without managedFields
  std::string resource_version;
  std::string more;  // continue token; empty: the last page
};

// Either a page, or why not: 410 means begin again without the token.
using ListAnswer = std::variant<ListPage, sync::ApiFailure>;

class WatchStream {
 public:
  virtual ~WatchStream() = default;
  // The next events, at least one; empty when the server ended the watch (it does, regularly).
  virtual Task<std::vector<WatchEvent>> Next(Millis idle) = 0;
};
using WatchAnswer = std::variant<std::unique_ptr<WatchStream>, sync::ApiFailure>;

class Kube {
 public:
  virtual ~Kube() = default;
  // Version, UID of kube-system, all kinds; the UID alone when it is another cluster than ours.
  // kNotFound/kPermission when kube-system is not readable.
  virtual Task<sync::ClusterFacts> Discover() = 0;
  // The merge table of one group-version; null when the server has no document for it. Cached by
  // the document's hash.
  virtual Task<sync::SchemaPtr> Schema(object::GroupVersion version) = 0;
  virtual Task<ListAnswer> List(Selection selection, std::string more) = 0;
  virtual Task<WatchAnswer> Watch(Selection selection, std::string resource_version,
                                  Seconds duration) = 0;
  // GET, POST, PATCH or DELETE of one object.
  virtual Task<sync::ApiAnswer> Send(sync::Request request) = 0;
};

}  // namespace dunlin::kube
