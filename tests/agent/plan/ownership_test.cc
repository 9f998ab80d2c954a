#include "agent/plan/ownership.h"

#include <gtest/gtest.h>

#include "tests/agent/plan/scene.h"

namespace dunlin::plan {
namespace {

const std::map<std::string, std::string> kOurs = {{"id-shop", "shop"}, {"id-web", "web"}};

Ownership Of(std::string_view metadata) { return OwnerOf(Json(metadata), "shop", kOurs); }

TEST(Ownership, NoMarkIsNobodys) {
  EXPECT_EQ(Of(R"({"labels":{"app.kubernetes.io/managed-by":"Helm"}})").owner, Owner::kNobody);
  EXPECT_EQ(Of("{}").owner, Owner::kNobody);
}

TEST(Ownership, PartOfLabel) {
  const auto label = [](std::string id) {
    return Of(R"({"labels":{"applyset.kubernetes.io/part-of":")" + id + "\"}}");
  };
  EXPECT_EQ(label("id-shop").owner, Owner::kThisApp);
  EXPECT_EQ(label("id-web").owner, Owner::kOurs);
  EXPECT_EQ(label("id-web").by, "web");
  EXPECT_EQ(label("id-other").owner, Owner::kForeign);
  EXPECT_EQ(label("id-other").by, "ApplySet id-other");
}

TEST(Ownership, MarksOfOtherTools) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {R"({"annotations":{"meta.helm.sh/release-name":"web","meta.helm.sh/release-namespace":"shop"}})",
       "Helm release shop/web"},
      {R"({"name":"cart","annotations":{"argocd.argoproj.io/tracking-id":"shop:apps/Deployment:ns/cart"}})",
       "Argo CD application shop"},
      {R"({"labels":{"kustomize.toolkit.fluxcd.io/name":"apps","kustomize.toolkit.fluxcd.io/namespace":"flux"}})",
       "Flux Kustomization flux/apps"},
      {R"({"labels":{"helm.toolkit.fluxcd.io/name":"apps"}})", "Flux HelmRelease apps"},
      {R"({"annotations":{"config.k8s.io/owning-inventory":"inv-1"}})", "inventory inv-1"},
      {R"({"ownerReferences":[{"kind":"Deployment","name":"web"}]})", "owner Deployment web"},
  };
  for (const auto& [metadata, by] : rows) {
    EXPECT_EQ(Of(metadata).owner, Owner::kForeign) << metadata;
    EXPECT_EQ(Of(metadata).by, by) << metadata;
    EXPECT_EQ(ForeignMark(Json(metadata)), by);
  }
}

TEST(Ownership, ATrackingIdThatNamesAnotherObjectWasCopied) {
  EXPECT_EQ(Of(R"({"name":"cart-7d","annotations":{)"
               R"("argocd.argoproj.io/tracking-id":"shop:apps/Deployment:ns/cart"}})")
                .owner,
            Owner::kNobody);
}

TEST(Ownership, AnOwnerReferenceToOurParentIsNoConflict) {
  EXPECT_EQ(Of(R"({"ownerReferences":[{"kind":"ConfigMap","name":"dunlin-shop"}]})").owner,
            Owner::kNobody);
}

TEST(Ownership, OurLabelWinsOverALeftoverMark) {
  const auto metadata = R"({"labels":{"applyset.kubernetes.io/part-of":"id-shop"},)"
                        R"("annotations":{"meta.helm.sh/release-name":"web"}})";
  EXPECT_EQ(Of(metadata).owner, Owner::kThisApp);
  EXPECT_EQ(ForeignMark(Json(metadata)), "Helm release web");
}

TEST(Ownership, Adoption) {
  const Ownership nobody{Owner::kNobody, ""}, mine{Owner::kThisApp, ""}, ours{Owner::kOurs, "web"},
      foreign{Owner::kForeign, "Helm"};
  const auto row = [&](Adoption adoption) {
    return std::vector<bool>{MayAdopt(nobody, adoption), MayAdopt(mine, adoption),
                             MayAdopt(ours, adoption), MayAdopt(foreign, adoption)};
  };
  EXPECT_EQ(row(Adoption::kAdoptIfUnowned), (std::vector<bool>{true, true, false, false}));
  EXPECT_EQ(row(Adoption::kMustMatch), (std::vector<bool>{false, true, false, false}));
  EXPECT_EQ(row(Adoption::kAdoptAll), (std::vector<bool>{true, true, false, true}));
}

TEST(Ownership, PruneOptOuts) {
  const auto opt_out = [](std::string annotation, std::string value) {
    return PruneOptOut(Json(R"({"annotations":{")" + annotation + "\":\"" + value + "\"}}"));
  };
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"dunlin.dev/prune", "disabled"},
      {"cli-utils.sigs.k8s.io/on-remove", "keep"},
      {"client.lifecycle.config.k8s.io/deletion", "detach"},
      {"argocd.argoproj.io/sync-options", "Validate=false, Prune=false"},
      {"kustomize.toolkit.fluxcd.io/prune", "disabled"},
      {"helm.sh/resource-policy", "keep"},
  };
  for (const auto& [annotation, value] : rows) {
    EXPECT_EQ(opt_out(annotation, value), annotation);
    EXPECT_EQ(opt_out(annotation, "yes"), "");
  }
  EXPECT_EQ(opt_out("argocd.argoproj.io/sync-options", "Prune=falsey"), "");
  EXPECT_EQ(PruneOptOut(Json("{}")), "");
}

}  // namespace
}  // namespace dunlin::plan
