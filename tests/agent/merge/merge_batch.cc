// Our side of the comparison with upstream: the batch protocol (merge.md 8.3) over stdin and
// stdout, with schemas read from the files that requests name.
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>

#include "agent/merge/batch.h"

namespace {

using dunlin::Errc;
using dunlin::MakeError;
using dunlin::Result;
using dunlin::merge::ResolvedSchema;
using dunlin::merge::Schema;
using dunlin::merge::SchemaQuery;
using dunlin::merge::SchemaRef;

class Files {
 public:
  Result<ResolvedSchema> Find(const SchemaQuery& query) {
    auto it = schemas_.find(query.file);
    if (it == schemas_.end()) {
      std::ifstream file(query.file);
      if (!file) return MakeError(Errc::kNotFound, "cannot read the schema " + query.file);
      std::stringstream text;
      text << file.rdbuf();
      TRY(Schema schema, Schema::FromOpenApi(text.str()));
      it = schemas_.emplace(query.file, std::move(schema)).first;
    }
    const auto type = it->second.Named(query.type);
    if (!type) return MakeError(Errc::kNotFound, query.file + " has no type " + query.type);
    return ResolvedSchema{SchemaRef{&it->second, *type}, true};
  }

 private:
  std::map<std::string, Schema> schemas_;
};

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  Files files;
  const auto find = [&files](const SchemaQuery& query) { return files.Find(query); };
  std::string line;
  while (std::getline(std::cin, line)) {
    std::cout << dunlin::merge::AnswerLine(line, find) << std::endl;
  }
  return 0;
}
