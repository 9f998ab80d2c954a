// Configuration YAML: no input crashes, and what was read comes back through the writer.
#include <cstddef>
#include <cstdint>

#include "protocol/base/check.h"
#include "protocol/yaml/config_yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dunlin;
  const auto value = yaml::ParseConfig({reinterpret_cast<const char*>(data), size});
  if (!value) {
    CHECK(!value.error().message.empty());
    return 0;
  }
  const auto back = yaml::ParseConfig(yaml::ToYaml(*value));
  CHECK(back && object::Equal(*back, *value));
  return 0;
}
