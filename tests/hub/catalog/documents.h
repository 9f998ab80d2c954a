// JSON text with single quotes for catalogue tests: what the worker makes of a YAML document.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "hub/catalog/catalogue.h"
#include "protocol/object/json.h"

namespace dunlin::catalog {

inline object::Value Json(std::string text) {
  std::replace(text.begin(), text.end(), '\'', '"');
  auto value = object::ParseJson(text);
  EXPECT_TRUE(value.has_value()) << text << ": " << (value ? "" : value.error().message);
  return value ? *value : object::Value();
}

// An App with these members of spec besides its source.
inline std::string AppText(const std::string& name, const std::string& more = "",
                           const std::string& path = "apps") {
  return "{'apiVersion':'dunlin.dev/v1','kind':'App','metadata':{'name':'" + name +
         "'},'spec':{'source':{'repo':'https://git.example/shop.git','path':'" + path + "'}" +
         (more.empty() ? "" : "," + more) + "}}";
}

inline std::string ClusterText(const std::string& name, const std::string& region = "eu",
                               const std::string& labels = "{}", const std::string& more = "") {
  return "{'apiVersion':'dunlin.dev/v1','kind':'Cluster','metadata':{'name':'" + name +
         "','labels':" + labels + "},'spec':{'region':'" + region + "'" +
         (more.empty() ? "" : "," + more) + "}}";
}

inline std::string SourceText(const std::string& name, const std::string& repo,
                              const std::string& more = "") {
  return "{'apiVersion':'dunlin.dev/v1','kind':'Source','metadata':{'name':'" + name +
         "'},'spec':{'repo':'" + repo + "'" + (more.empty() ? "" : "," + more) + "}}";
}

// An Application with this source (without repoURL) and these members of spec.
inline std::string ApplicationText(const std::string& source = "",
                                   const std::string& more = "'destination':{'name':'c1'}") {
  return "{'apiVersion':'argoproj.io/v1alpha1','kind':'Application','metadata':{'name':'web',"
         "'namespace':'argocd','finalizers':['x']},'spec':{'project':'default','source':{"
         "'repoURL':'https://git.example/shop.git'" +
         (source.empty() ? "" : "," + source) + "}," + more + "}}";
}

inline Document Doc(const std::string& file, int line, const std::string& text) {
  return Document{file, line, Json(text), std::nullopt};
}

inline App MustParseApp(const std::string& text) {
  auto parsed = ParseObject(Json(text));
  EXPECT_TRUE(parsed.has_value()) << (parsed ? "" : parsed.error().message);
  return parsed ? *std::get<std::shared_ptr<const App>>(*parsed) : App{};
}

inline Error MustFail(const std::string& text) {
  auto parsed = ParseObject(Json(text));
  EXPECT_FALSE(parsed.has_value()) << text;
  return parsed ? Error{} : parsed.error();
}

}  // namespace dunlin::catalog
