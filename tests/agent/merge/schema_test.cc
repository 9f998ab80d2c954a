#include "agent/merge/schema.h"

#include "protocol/base/limits.h"
#include "tests/agent/merge/documents.h"

namespace dunlin::merge {
namespace {

std::optional<Field> FieldAt(std::string_view gvk, std::initializer_list<std::string_view> path) {
  SchemaRef ref = KubernetesType(gvk);
  std::optional<Field> field;
  for (const std::string_view name : path) {
    field = ref.schema->Find(ref.type, name);
    if (!field) return field;
    ref.type = field->child;
  }
  return field;
}

TEST(Schema, ListsHaveMergeKeysAndMapKeys) {
  const auto ports = FieldAt("v1/Service", {"spec", "ports"});
  ASSERT_TRUE(ports.has_value());
  EXPECT_EQ(ports->strategy, Strategy::kMerge);
  EXPECT_EQ(ports->merge_key, "port");
  EXPECT_EQ(ports->list_type, ListType::kMap);
  ASSERT_EQ(ports->map_keys_count, 2u);
  EXPECT_EQ(Kubernetes().MapKey(*ports, 0), "port");
  EXPECT_EQ(Kubernetes().MapKey(*ports, 1), "protocol");
  EXPECT_EQ(FieldAt("v1/Service", {"spec", "ports", "protocol"})->default_text, "TCP");
}

TEST(Schema, StrategiesOfRealKinds) {
  const char* pod = "v1/Pod";
  EXPECT_EQ(FieldAt(pod, {"spec", "containers"})->merge_key, "name");
  EXPECT_EQ(FieldAt(pod, {"spec", "tolerations"})->strategy, Strategy::kNone);
  EXPECT_EQ(FieldAt(pod, {"metadata", "finalizers"})->strategy, Strategy::kMerge);
  EXPECT_TRUE(FieldAt(pod, {"spec", "volumes"})->retain_keys);
  EXPECT_EQ(FieldAt(pod, {"spec", "volumes"})->strategy, Strategy::kMerge);
  EXPECT_TRUE(FieldAt("apps/v1/Deployment", {"spec", "strategy"})->retain_keys);
  EXPECT_EQ(FieldAt("policy/v1/PodDisruptionBudget", {"spec", "selector"})->strategy,
            Strategy::kReplace);
  EXPECT_FALSE(FieldAt(pod, {"spec", "nonsense"}).has_value());
}

TEST(Schema, ScalarClasses) {
  const auto limits = FieldAt("v1/Pod", {"spec", "containers", "resources", "limits"});
  ASSERT_TRUE(limits.has_value());
  EXPECT_EQ(Kubernetes().MapValue(limits->child)->scalar, ScalarClass::kQuantity);
  EXPECT_EQ(FieldAt("v1/Service", {"spec", "ports", "targetPort"})->scalar,
            ScalarClass::kIntOrString);
}

TEST(Schema, KindsAndPatchTypes) {
  const Gvk deployment{"apps", "v1", "Deployment"};
  EXPECT_TRUE(Kubernetes().SupportsStrategic(deployment));
  EXPECT_EQ(Kubernetes().Root(deployment), Kubernetes().Named("io.k8s.api.apps.v1.Deployment"));
  EXPECT_FALSE(Kubernetes().Root({"apps", "v1", "Nothing"}).has_value());
  EXPECT_FALSE(Kubernetes().SupportsStrategic({"apps", "v1", "Nothing"}));
}

TEST(Schema, SurvivesItsBytes) {
  const Bytes bytes = Kubernetes().ToBytes();
  EXPECT_LT(bytes.size(), 128u * 1024);
  const Result<Schema> again = Schema::FromBytes(bytes);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->ToBytes(), bytes);
}

TEST(Schema, ADocumentAtTheSizeLimitIsReadAndOneAboveIsNot) {
  std::string json = R"({"components":{"schemas":{}}})";
  json.insert(1, limits::kOpenApiBytes - json.size(), ' ');
  EXPECT_TRUE(Schema::FromOpenApi(json).has_value());
  EXPECT_EQ(Schema::FromOpenApi(json + " ").error().code, Errc::kLimit);
}

// Types with long names, the last one so long that the table has this size.
Bytes TableOf(size_t size) {
  constexpr size_t kLongName = 60'000;
  std::string schemas;
  const auto table = [&schemas](size_t last) {
    const std::string json = R"({"components":{"schemas":{)" + schemas + "\"" +
                             std::string(last, 'z') + R"(":{"type":"object"}}}})";
    return Schema::FromOpenApi(json).value().ToBytes();
  };
  for (size_t i = 0; (i + 1) * (kLongName + 100) < size; ++i) {
    std::string name = std::to_string(i);
    name.resize(kLongName, 'n');
    schemas += "\"" + name + R"(":{"type":"object"},)";
  }
  const size_t around = table(1).size() - 1;
  return table(size - around);
}

TEST(Schema, ATableAtTheSizeLimitIsReadAndOneAboveIsNot) {
  const Bytes at = TableOf(limits::kSchemaTableBytes);
  ASSERT_EQ(at.size(), limits::kSchemaTableBytes);
  EXPECT_TRUE(Schema::FromBytes(at).has_value());
  EXPECT_EQ(Schema::FromBytes(at + "x").error().code, Errc::kLimit);
}

TEST(Schema, DamagedBytesAreRefused) {
  const Bytes bytes = Kubernetes().ToBytes();
  for (const size_t size : {size_t{0}, size_t{8}, bytes.size() / 2, bytes.size() - 1}) {
    EXPECT_FALSE(Schema::FromBytes(BytesView(bytes).substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(Schema::FromBytes(bytes + "x").has_value());
  for (size_t i = 0; i < bytes.size(); i += 97) {
    Bytes changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 0xff);
    const Result<Schema> read = Schema::FromBytes(changed);
    if (!read) continue;  // what is accepted must be safe to use
    const auto root = read->Root({"apps", "v1", "Deployment"});
    if (root) (void)read->Find(*root, "spec");
  }
}

TEST(Schema, DocumentsThatAreNone) {
  for (const char* text :
       {"", "[]", "{}", "{\"components\":{}}", "{\"components\":{\"schemas\":1}}"}) {
    EXPECT_FALSE(Schema::FromOpenApi(text).has_value()) << text;
  }
}

TEST(Gvk, Texts) {
  EXPECT_EQ(Gvk::Parse("apps/v1/Deployment")->Text(), "apps/v1/Deployment");
  EXPECT_EQ(Gvk::Parse("v1/Service")->group, "");
  for (const char* text : {"", "Service", "/Service", "v1/"}) {
    EXPECT_FALSE(Gvk::Parse(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace dunlin::merge
