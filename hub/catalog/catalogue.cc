#include "hub/catalog/catalogue.h"

#include <algorithm>
#include <utility>

#include "hub/catalog/repo_url.h"
#include "protocol/base/check.h"
#include "protocol/base/limits.h"

namespace dunlin::catalog {
namespace {

Origin FleetOrigin(const Document& document) {
  return Origin{Origin::Kind::kFleet, document.file, document.line};
}

Error TwoOrigins(const ObjectId& id, const Origin& first, const Origin& second) {
  return MakeError(Errc::kConflict, id.Text() + " has two origins: " + first.Text() + " and " +
                                        second.Text() + "; the first stays in force, remove one");
}

// `kept`: what no document of the revision names.
Problem NothingRemoved(const Origin& unclear, const std::vector<ObjectId>& kept) {
  std::string names;
  for (size_t i = 0; i < kept.size() && i < limits::kCatalogueProblems; ++i) {
    names += (i == 0 ? "" : ", ") + kept[i].Text();
  }
  if (kept.size() > limits::kCatalogueProblems) {
    names += " and " + std::to_string(kept.size() - limits::kCatalogueProblems) + " more";
  }
  return {unclear, std::nullopt,
          MakeError(Errc::kPrecondition,
                    "this document may be any object, so nothing is removed: " + names +
                        " cannot be found any more and stays"),
          true, "correct it; what is gone then is removed"};
}

std::string KeyOf(const Source& source) {
  const auto url = ParseRepoUrl(source.repo);
  CHECK(url.has_value());  // ReadSource checked it
  return RepoKey(*url);
}

// What is not from a file has no line.
std::string PlaceIn(const std::string& file, int line) {
  return line == 0 ? file : file + ":" + std::to_string(line);
}

}  // namespace

std::string Origin::Text() const {
  const std::string place = PlaceIn(file, line);
  return kind == Kind::kFleet ? "fleet repository, " + place : "applied from " + place;
}

// The next set of entries while a fleet revision is read, and what keeps old ones alive.
struct Catalogue::Intake {
  Entries next;
  std::set<std::string> broken_files;  // with a document that is no object of the catalogue
  std::optional<Origin> unclear;       // of the first document that may be any object of it
};

void Catalogue::AddProblem(const Document& document, std::optional<ObjectId> id, Error error,
                           bool kept) {
  if (id) error.message = id->Text() + ": " + error.message;
  problems_.push_back({FleetOrigin(document), std::move(id), std::move(error), kept, ""});
}

Status Catalogue::CheckUnique(const Entries& entries, const ObjectId& id,
                              const ParsedObject& object) {
  const auto* source = std::get_if<std::shared_ptr<const Source>>(&object);
  if (source == nullptr) return {};
  const std::string key = KeyOf(**source);
  for (const auto& [other_id, entry] : entries) {
    const auto* other = std::get_if<std::shared_ptr<const Source>>(&entry.object);
    if (other == nullptr || other_id == id || KeyOf(**other) != key) continue;
    return MakeError(Errc::kConflict, "the repository " + key + " already belongs to " +
                                          other_id.Text() + " (" + entry.origin.Text() + ")");
  }
  return {};
}

bool Catalogue::IsEmptied(const std::vector<Document>& documents) const {
  const auto of_fleet = [](const auto& item) {
    return item.second.origin.kind == Origin::Kind::kFleet;
  };
  const bool had_some = std::any_of(entries_.begin(), entries_.end(), of_fleet) ||
                        std::any_of(unreadable_.begin(), unreadable_.end(), of_fleet);
  const bool has_some = std::any_of(documents.begin(), documents.end(), [](const Document& d) {
    return d.error || (d.object && IdOf(*d.object));
  });
  return had_some && !has_some;
}

void Catalogue::TakeFleetDocument(Document& document, Intake& intake) {
  if (!document.object) {
    intake.broken_files.insert(document.file);
    if (!intake.unclear) intake.unclear = FleetOrigin(document);
    Error error = document.error.value_or(MakeError(Errc::kInvalidArgument, "empty document"));
    return AddProblem(document, std::nullopt, std::move(error), true);
  }
  const auto id = IdOf(*document.object);
  if (!id) {
    if (!IsForeignKind(*document.object)) intake.broken_files.insert(document.file);
    if (!intake.unclear && MayBeOurs(*document.object)) intake.unclear = FleetOrigin(document);
    return AddProblem(document, std::nullopt, id.error(), false);
  }
  const Origin origin = FleetOrigin(document);
  const auto rival = intake.next.find(*id);
  if (rival != intake.next.end()) {
    return AddProblem(document, *id, TwoOrigins(*id, rival->second.origin, origin), false);
  }
  if (const Problem* stored = Unreadable(*id);
      stored != nullptr && stored->origin.kind == Origin::Kind::kApplied) {
    return AddProblem(document, *id, TwoOrigins(*id, stored->origin, origin), false);
  }
  const auto old = entries_.find(*id);
  if (old != entries_.end() && object::Equal(old->second.document, *document.object)) {
    // The same object stays the same pointer: whoever compares pointers sees that nothing changed.
    intake.next.emplace(*id, Entry{origin, std::move(*document.object), old->second.object});
    return;
  }
  auto parsed = ParseObject(*document.object);
  Status usable = parsed ? CheckUnique(intake.next, *id, *parsed) : Status(parsed.error());
  if (usable && intake.next.size() >= limits::kCatalogueObjects) {
    usable = MakeError(Errc::kLimit, "the catalogue holds more than " +
                                         std::to_string(limits::kCatalogueObjects) + " objects");
  }
  if (usable) {
    intake.next.emplace(*id, Entry{origin, std::move(*document.object), std::move(*parsed)});
    return;
  }
  const bool kept = old != entries_.end();
  if (kept) intake.next.insert(*old);
  AddProblem(document, *id, usable.error(), kept);
}

std::vector<ObjectId> Catalogue::RemoveUnnamed(Intake& intake) {
  std::vector<ObjectId> removed;
  std::vector<ObjectId> kept;
  for (const auto& [id, entry] : entries_) {
    if (intake.next.contains(id)) continue;
    if (intake.unclear) kept.push_back(id);
    if (intake.unclear || intake.broken_files.contains(entry.origin.file)) {
      intake.next.emplace(id, entry);
    } else {
      removed.push_back(id);
    }
  }
  for (auto it = unreadable_.begin(); it != unreadable_.end();) {
    const bool of_fleet = it->second.origin.kind == Origin::Kind::kFleet;
    const bool named = std::any_of(problems_.begin(), problems_.end(),
                                   [&](const Problem& problem) { return problem.id == it->first; });
    const bool taken = intake.next.contains(it->first);
    if (taken || (of_fleet && !named && !intake.unclear)) {
      if (!taken) removed.push_back(it->first);
      it = unreadable_.erase(it);
      continue;
    }
    ++it;
  }
  if (!kept.empty()) problems_.push_back(NothingRemoved(*intake.unclear, kept));
  for (const auto& [id, problem] : unreadable_) problems_.push_back(problem);
  return removed;
}

Catalogue::Change Catalogue::ReplaceFleet(std::vector<Document> documents) {
  problems_.clear();
  if (IsEmptied(documents)) {
    problems_.push_back(
        {Origin{}, std::nullopt,
         MakeError(Errc::kPrecondition,
                   "the fleet repository holds no catalogue object any more; the last good "
                   "catalogue stays in force"),
         true, "check catalog.path and catalog.revision in the hub's configuration"});
    for (const auto& [id, problem] : unreadable_) problems_.push_back(problem);
    return {};
  }
  Intake intake;
  for (const auto& [id, entry] : entries_) {
    if (entry.origin.kind == Origin::Kind::kApplied) intake.next.emplace(id, entry);
  }
  // A file that already held an object comes before a new claimant; then by place, so that the
  // outcome does not depend on the order in which files are read.
  const auto is_holder = [this](const Document& document) {
    const auto id = document.object ? IdOf(*document.object) : Error{};
    const auto old = id ? entries_.find(*id) : entries_.end();
    return old != entries_.end() && old->second.origin.file == document.file;
  };
  std::vector<std::pair<bool, Document>> ordered;
  for (Document& document : documents) {
    const bool holder = is_holder(document);
    ordered.emplace_back(!holder, std::move(document));
  }
  std::sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) {
    return std::tie(a.first, a.second.file, a.second.line) <
           std::tie(b.first, b.second.file, b.second.line);
  });
  for (auto& [order, document] : ordered) TakeFleetDocument(document, intake);

  Change change;
  change.removed = RemoveUnnamed(intake);
  for (const auto& [id, entry] : intake.next) {
    const auto old = entries_.find(id);
    if (old == entries_.end()) {
      change.created.push_back(id);
    } else if (old->second.object != entry.object) {
      change.configured.push_back(id);
    }
  }
  entries_ = std::move(intake.next);
  return change;
}

Result<ApplyResult> Catalogue::Apply(const Document& document) {
  if (document.error) return *document.error;
  if (!document.object) return MakeError(Errc::kInvalidArgument, "the document is empty");
  const Origin origin{Origin::Kind::kApplied, document.file, document.line};
  const std::string place = PlaceIn(document.file, document.line);
  TRY(const ObjectId id, IdOf(*document.object).WithContext(place));
  const auto old = entries_.find(id);
  if (old != entries_.end() && old->second.origin.kind == Origin::Kind::kFleet) {
    return TwoOrigins(id, old->second.origin, origin);
  }
  if (const Problem* stored = Unreadable(id);
      stored != nullptr && stored->origin.kind == Origin::Kind::kFleet) {
    return TwoOrigins(id, stored->origin, origin);
  }
  TRY(ParsedObject parsed, ParseObject(*document.object).WithContext(place + ": " + id.Text()));
  TRY_VOID(CheckUnique(entries_, id, parsed).WithContext(place + ": " + id.Text()));
  if (old == entries_.end() && entries_.size() >= limits::kCatalogueObjects) {
    return MakeError(Errc::kLimit, "the catalogue already holds " +
                                       std::to_string(limits::kCatalogueObjects) + " objects");
  }
  if (old == entries_.end()) {
    entries_.emplace(id, Entry{origin, *document.object, std::move(parsed)});
    if (unreadable_.erase(id) > 0) {
      std::erase_if(problems_, [&](const Problem& problem) { return problem.id == id; });
      return ApplyResult::kConfigured;
    }
    return ApplyResult::kCreated;
  }
  const bool same = object::Equal(old->second.document, *document.object);
  old->second.origin = origin;
  if (same) return ApplyResult::kUnchanged;
  old->second.document = *document.object;
  old->second.object = std::move(parsed);
  return ApplyResult::kConfigured;
}

Status Catalogue::Remove(const ObjectId& id) {
  const auto entry = entries_.find(id);
  if (entry == entries_.end()) return MakeError(Errc::kNotFound, "there is no " + id.Text());
  if (entry->second.origin.kind == Origin::Kind::kFleet) {
    return MakeError(Errc::kPrecondition, id.Text() + " comes from the " +
                                              entry->second.origin.Text() + "; remove it there");
  }
  entries_.erase(entry);
  return {};
}

template <typename T>
std::shared_ptr<const T> Catalogue::Find(ObjectKind kind, std::string_view name) const {
  const auto entry = entries_.find(ObjectId{kind, std::string(name)});
  if (entry == entries_.end()) return nullptr;
  return std::get<std::shared_ptr<const T>>(entry->second.object);
}

template <typename T>
std::vector<std::shared_ptr<const T>> Catalogue::All(ObjectKind kind) const {
  std::vector<std::shared_ptr<const T>> all;
  for (const auto& [id, entry] : entries_) {
    if (id.kind == kind) all.push_back(std::get<std::shared_ptr<const T>>(entry.object));
  }
  return all;
}

std::shared_ptr<const App> Catalogue::FindApp(std::string_view name) const {
  return Find<App>(ObjectKind::kApp, name);
}

std::shared_ptr<const Cluster> Catalogue::FindCluster(std::string_view name) const {
  return Find<Cluster>(ObjectKind::kCluster, name);
}

std::shared_ptr<const Source> Catalogue::SourceFor(std::string_view repo_key) const {
  for (const auto& source : Sources()) {
    if (KeyOf(*source) == repo_key) return source;
  }
  return nullptr;
}

std::vector<std::shared_ptr<const App>> Catalogue::Apps() const {
  return All<App>(ObjectKind::kApp);
}

std::vector<std::shared_ptr<const Cluster>> Catalogue::Clusters() const {
  return All<Cluster>(ObjectKind::kCluster);
}

std::vector<std::shared_ptr<const Source>> Catalogue::Sources() const {
  return All<Source>(ObjectKind::kSource);
}

std::vector<std::shared_ptr<const HealthRule>> Catalogue::HealthRules() const {
  return All<HealthRule>(ObjectKind::kHealthRule);
}

std::optional<Origin> Catalogue::OriginOf(const ObjectId& id) const {
  const auto entry = entries_.find(id);
  if (entry == entries_.end()) return std::nullopt;
  return entry->second.origin;
}

const object::Value* Catalogue::DocumentOf(const ObjectId& id) const {
  const auto entry = entries_.find(id);
  return entry == entries_.end() ? nullptr : &entry->second.document;
}

const Problem* Catalogue::Unreadable(const ObjectId& id) const {
  const auto found = unreadable_.find(id);
  return found == unreadable_.end() ? nullptr : &found->second;
}

std::vector<StoredObject> Catalogue::Stored() const {
  std::vector<StoredObject> stored;
  for (const auto& [id, entry] : entries_) stored.push_back({id, entry.origin, entry.document});
  return stored;
}

Catalogue Catalogue::Restore(std::vector<StoredObject> objects) {
  Catalogue catalogue;
  for (StoredObject& stored : objects) {
    auto parsed = ParseObject(stored.document);
    if (stored.document.is_null()) parsed = MakeError(Errc::kCorrupt, "its text is damaged");
    std::set<ObjectId> broken = {stored.id};
    if (parsed && IdOf(stored.document).value() != stored.id) {
      // Whichever of the two is right: neither object is gone.
      broken.insert(IdOf(stored.document).value());
      parsed = MakeError(Errc::kCorrupt, "it is stored under another name than it has");
    }
    if (parsed) {
      catalogue.entries_.emplace(stored.id, Entry{std::move(stored.origin),
                                                  std::move(stored.document), std::move(*parsed)});
      continue;
    }
    const bool of_fleet = stored.origin.kind == Origin::Kind::kFleet;
    Error error = std::move(parsed.error());
    error.message = stored.id.Text() + ": the hub's database holds it in a form that cannot be " +
                    "used; what runs of it stays: " + error.message;
    for (const ObjectId& id : broken) {
      catalogue.unreadable_.emplace(
          id,
          Problem{stored.origin, id, error, true,
                  of_fleet ? "nothing to do; the next good read of the fleet repository mends it"
                           : "apply it again"});
    }
  }
  for (const auto& [id, entry] : catalogue.entries_) catalogue.unreadable_.erase(id);
  for (const auto& [id, problem] : catalogue.unreadable_) catalogue.problems_.push_back(problem);
  return catalogue;
}

}  // namespace dunlin::catalog
