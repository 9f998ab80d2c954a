// The catalogue: every App, Cluster, Source and HealthRule in force, each with exactly one origin,
// and what is wrong with the documents that are not. A broken document harms only itself: the last
// good version stays in force and the problem says so. A value without I/O: the hub's driver feeds
// it documents and stores Stored().
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "hub/catalog/parse.h"

namespace dunlin::catalog {

struct Origin {
  enum class Kind { kFleet, kApplied };
  Kind kind = Kind::kFleet;
  std::string file;  // path in the fleet repository, or what `dunlin apply -f` was given
  int line = 0;

  std::string Text() const;  // "fleet repository, apps/shop.yaml:12", "applied from shop.yaml:1"
  bool operator==(const Origin&) const = default;
};

// One YAML document of a file as the worker returns it: an object, or why there is none.
struct Document {
  std::string file;
  int line = 0;
  std::optional<object::Value> object;
  std::optional<Error> error;
};

struct Problem {
  Origin origin;
  std::optional<ObjectId> id;  // nothing when the document does not say what it is
  Error error;
  bool last_good_kept = false;
  std::string hint;  // empty: to correct the document
};

// One object as the hub's database holds it. `id` stands beside the document there, so that a
// damaged document does not make its object unknown.
struct StoredObject {
  ObjectId id;
  Origin origin;
  object::Value document;  // null: its text is damaged
};

enum class ApplyResult { kCreated, kConfigured, kUnchanged };

class Catalogue {
 public:
  struct Change {
    std::vector<ObjectId> created;
    std::vector<ObjectId> configured;
    std::vector<ObjectId> removed;
    bool empty() const { return created.empty() && configured.empty() && removed.empty(); }
  };

  // Takes the documents of one fleet revision as the whole truth about objects of that origin:
  // objects that are no longer there are removed, with two exceptions that remove nothing of that
  // origin and say so. A document that says not what it is may be any object, also one that was
  // moved there from another file. A revision without any catalogue object, after one that had some
  // (kPrecondition): an emptied or mistyped path must not delete a fleet. Replaces the fleet
  // problems.
  Change ReplaceFleet(std::vector<Document> documents);

  // `dunlin apply -f`: one document, answered at once. A broken one changes nothing; an object of
  // the fleet repository is kConflict and names both origins.
  Result<ApplyResult> Apply(const Document& document);
  // Removes an applied object. kNotFound; kPrecondition for an object of the fleet repository.
  Status Remove(const ObjectId& id);

  // Null when there is none.
  std::shared_ptr<const App> FindApp(std::string_view name) const;
  std::shared_ptr<const Cluster> FindCluster(std::string_view name) const;
  // The Source that names a repository with this RepoKey.
  std::shared_ptr<const Source> SourceFor(std::string_view repo_key) const;
  std::vector<std::shared_ptr<const App>> Apps() const;                // by name
  std::vector<std::shared_ptr<const Cluster>> Clusters() const;        // by name
  std::vector<std::shared_ptr<const Source>> Sources() const;          // by name
  std::vector<std::shared_ptr<const HealthRule>> HealthRules() const;  // by name
  std::optional<Origin> OriginOf(const ObjectId& id) const;
  // The document as written, for `app get -o yaml`; null when there is none.
  const object::Value* DocumentOf(const ObjectId& id) const;
  // What is wrong with a stored object that cannot be used (Restore); null when there is no such.
  const Problem* Unreadable(const ObjectId& id) const;
  const std::vector<Problem>& problems() const { return problems_; }

  std::vector<StoredObject> Stored() const;
  // A document that this version refuses or that is damaged becomes a problem of its object, which
  // is not gone (nor is the one that it names, if that is another): it stays one until a good
  // version of it comes, or a fleet revision is read to the end and does not name it.
  static Catalogue Restore(std::vector<StoredObject> objects);

 private:
  struct Entry {
    Origin origin;
    object::Value document;
    ParsedObject object;
  };
  using Entries = std::map<ObjectId, Entry>;

  struct Intake;  // one ReplaceFleet
  bool IsEmptied(const std::vector<Document>& documents) const;
  void TakeFleetDocument(Document& document, Intake& intake);
  // Fills the entries that stay although no document names them; what is removed for good.
  std::vector<ObjectId> RemoveUnnamed(Intake& intake);
  // kConflict when another Source already names the repository.
  static Status CheckUnique(const Entries& entries, const ObjectId& id, const ParsedObject& object);
  void AddProblem(const Document& document, std::optional<ObjectId> id, Error error, bool kept);

  template <typename T>
  std::vector<std::shared_ptr<const T>> All(ObjectKind kind) const;
  template <typename T>
  std::shared_ptr<const T> Find(ObjectKind kind, std::string_view name) const;

  Entries entries_;
  std::map<ObjectId, Problem> unreadable_;  // stored, but not in a form that can be used
  std::vector<Problem> problems_;           // with those of `unreadable_`
};

}  // namespace dunlin::catalog
