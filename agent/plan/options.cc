#include "agent/plan/options.h"

#include <algorithm>
#include <iterator>

#include "agent/plan/annotations.h"

namespace dunlin::plan {

namespace {

// What the agent does anyway, does not need, or reads elsewhere.
constexpr std::string_view kFulfilled[] = {
    "Prune=false",
    "Prune=true",
    "Prune=confirm",  // ownership.h
    "Delete=false",
    "Delete=true",
    "Delete=confirm",
    "CreateNamespace=true",
    "CreateNamespace=false",             // of the App; an object has no use for it
    "ApplyOutOfSyncOnly=true",           // nothing else is ever sent
    "SkipDryRunOnMissingResource=true",  // there is no dry run; a kind is waited for
    "RespectIgnoreDifferences=true",     // ignored fields are never written
    "PruneLast=true",                    // always
    "Validate=true",
    "Replace=false",
    "Force=false"};

}  // namespace

ObjectOptions OptionsOf(const object::Value& object) {
  ObjectOptions out;
  ForEachWord(AnnotationOf(object, "argocd.argoproj.io/sync-options"), [&](std::string_view word) {
    if (word == "ServerSideApply=true") {
      out.apply_mode = ApplyMode::kServerSide;
    } else if (word == "ServerSideApply=false") {
      out.apply_mode = ApplyMode::kMerge3;
    } else if (std::find(std::begin(kFulfilled), std::end(kFulfilled), word) ==
               std::end(kFulfilled)) {
      out.not_done.emplace_back(word);
    }
  });
  const std::string_view apply = AnnotationOf(object, "dunlin.dev/apply");
  if (apply == "ssa") {
    out.apply_mode = ApplyMode::kServerSide;
  } else if (apply == "merge3") {
    out.apply_mode = ApplyMode::kMerge3;
  } else if (!apply.empty()) {
    out.not_done.push_back("dunlin.dev/apply: " + std::string(apply));
  }
  const std::string_view prune = AnnotationOf(object, "dunlin.dev/prune");
  if (!prune.empty() && prune != "disabled" && prune != "enabled" && prune != "confirm") {
    out.not_done.push_back("dunlin.dev/prune: " + std::string(prune));
  }
  return out;
}

}  // namespace dunlin::plan
