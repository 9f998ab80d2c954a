#include <array>

#include "agent/sync/event.h"

namespace dunlin::sync {

namespace {

constexpr std::array<std::string_view, std::variant_size_v<Event>> kEventNames = {
    "Started",       "StateLoaded",    "StateFailed",   "PollAnswered", "PollFailed",
    "BundlesLoaded", "BundleFetched",  "FetchFailed",   "IntentStored", "IntentFailed",
    "Discovered",    "DiscoverFailed", "SchemaLoaded",  "SchemaFailed", "Listed",
    "ListFailed",    "WatchBroken",    "WatchResumed",  "LiveChanged",  "LiveDeleted",
    "Answered",      "ParentWritten",  "ParentRemoved", "LookedInto",   "RecordsStored",
    "RecordsFailed", "ReportSent",     "ReportFailed",  "Tick"};

constexpr std::array<std::string_view, std::variant_size_v<Action>> kActionNames = {
    "LoadState",  "Poll",         "LoadBundles", "FetchBundle", "StoreIntent", "Discover",
    "LoadSchema", "Watch",        "Unwatch",     "Request",     "WriteParent", "RemoveParent",
    "LookInto",   "StoreRecords", "SendReport",  "DropReport"};

}  // namespace

std::string_view Name(const Event& event) { return kEventNames[event.index()]; }
std::string_view Name(const Action& action) { return kActionNames[action.index()]; }

}  // namespace dunlin::sync
