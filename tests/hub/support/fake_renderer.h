// A renderer for trees whose files hold one JSON object each (with single quotes). The path of a
// target is a directory; a file that is no JSON is the fault of the targets that read it.
#pragma once

#include <algorithm>
#include <string>

#include "hub/render/renderer.h"
#include "protocol/net/runtime.h"
#include "protocol/object/json.h"

namespace dunlin::render {

class FakeRenderer : public Renderer {
 public:
  Task<RenderAnswer> Render(RenderRequest request) override {
    if (error) co_return *error;
    if (hangs) {
      ++hanging;
      auto slept = co_await net::Sleep(std::chrono::hours(1));
      --hanging;
      co_return slept.error();
    }
    RenderAnswer answer;
    for (const RenderTarget& target : request.targets) {
      if (target.kind != "catalog") ++renders;
      answer.targets.push_back(One(target, request.files));
    }
    co_return answer;
  }
  std::string Isolation() const override { return "fake"; }
  TaskVoid Stop() override { co_return Status(); }

  std::optional<Error> error;
  bool hangs = false;  // until it is cancelled
  int hanging = 0;
  int renders = 0;

 private:
  static TargetAnswer One(const RenderTarget& target, const std::vector<TreeFile>& files) {
    TargetAnswer answer;
    answer.id = target.id;
    answer.kind = target.kind == "catalog" ? "catalog" : "plain";
    const std::string prefix = target.path.empty() ? "" : target.path + "/";
    bool found = false;
    for (const TreeFile& file : files) {
      if (file.path.compare(0, prefix.size(), prefix) != 0) continue;
      found = true;
      answer.read.push_back(file.path);
      std::string text = file.bytes;
      std::replace(text.begin(), text.end(), '\'', '"');
      auto object = object::ParseJson(text);
      if (target.kind == "catalog") {
        CatalogDocument document;
        document.file = file.path;
        document.line = 1;
        if (object) {
          document.object = std::move(*object);
        } else {
          document.fault = RenderFault{"YAML_INVALID", object.error().message, file.path, 1};
        }
        answer.documents.push_back(std::move(document));
      } else if (object) {
        answer.objects.push_back(std::move(*object));
      } else {
        answer.fault = RenderFault{"YAML_INVALID", object.error().message, file.path, 1};
      }
    }
    answer.read.push_back(target.path);
    if (!found && target.kind != "catalog") {
      answer.fault = RenderFault{"RENDER_MISSING", "no such directory: " + target.path, "", 0};
    }
    return answer;
  }
};

}  // namespace dunlin::render
