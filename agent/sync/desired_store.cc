#include "agent/sync/desired_store.h"

#include <algorithm>

namespace dunlin::sync {

void DesiredStore::Load(const trust::Statement& statement, const BundlePool& pool,
                        const InventoryStore& inventory, const plan::KindTable& kinds,
                        std::string_view agent_namespace) {
  std::map<object::ResourceKey, std::string> holders;
  for (const auto& [key, wanted] : wanted_) {
    if (set_.shared.contains(key)) holders[key] = wanted.app;
  }
  rules_.clear();
  wanted_.clear();
  lost_.clear();
  std::vector<bundle::Bundle> opened;
  opened.reserve(statement.apps.size());
  std::vector<plan::AppInput> inputs;
  for (const auto& [name, entry] : statement.apps) {
    plan::AppInput input;
    input.name = name.str();
    input.expected_objects = entry.objects;
    input.complete = false;
    const auto stored = pool.find(entry.bundle);
    auto bundle = stored == pool.end()
                      ? Result<bundle::Bundle>(MakeError(Errc::kNotFound, "bundle not held"))
                      : OpenBundle(stored->second);
    if (bundle) {
      input.complete = true;
      AppRules rules = RulesOf(*bundle, entry);
      input.policy = rules.plan;
      opened.push_back(std::move(*bundle));
      for (const object::Value& value : opened.back().objects) input.objects.push_back(&value);
      rules_[input.name] = std::move(rules);
    } else {
      lost_.insert(entry.bundle);
    }
    inputs.push_back(std::move(input));
  }
  set_ = plan::Prepare(inputs, kinds, agent_namespace);
  for (const plan::PreparedApp& app : set_.apps) {
    for (const plan::DesiredPtr& object : app.objects) {
      const auto holder = holders.find(object->key);
      const bool other_holds = holder != holders.end() && holder->second != app.name;
      if (!other_holds || !wanted_.contains(object->key)) Hold(object);
    }
  }
  loaded_ = true;
  LoadAnnounced(statement, pool, inventory, kinds, agent_namespace);
}

void DesiredStore::LoadAnnounced(const trust::Statement& statement, const BundlePool& pool,
                                 const InventoryStore& inventory, const plan::KindTable& kinds,
                                 std::string_view agent_namespace) {
  announced_.clear();
  const std::vector<Announcement>& all = inventory.announced();
  for (size_t i = 0; i < all.size(); ++i) {
    const Announcement& one = all[i];
    const bool newest = i + 1 == all.size() || all[i + 1].app != one.app;
    const auto entry = statement.apps.find(AppName(one.app));
    const bool wanted = entry != statement.apps.end() && entry->second.bundle == one.bundle;
    const auto stored = pool.find(one.bundle);
    if ((newest && wanted) || stored == pool.end()) continue;
    const auto bundle = OpenBundle(stored->second);
    if (!bundle) continue;  // damaged on disk: what it held is not known any more
    plan::AppInput input;
    input.name = one.app;
    input.policy = RulesOf(*bundle, trust::StatementApp{}).plan;
    input.expected_objects = static_cast<int64_t>(bundle->objects.size());
    for (const object::Value& value : bundle->objects) input.objects.push_back(&value);
    for (const plan::PreparedApp& app : plan::Prepare({input}, kinds, agent_namespace).apps) {
      for (const plan::DesiredPtr& desired : app.objects) {
        const Record* record = inventory.Find(desired->key);
        const bool settled =
            record != nullptr && (record->seq >= one.seq || record->desired_hash == desired->hash);
        if (!settled) announced_[desired->key].push_back({one.seq, desired});
      }
    }
  }
  for (auto& [key, documents] : announced_) {  // of several apps, if it moved between them
    std::sort(documents.begin(), documents.end(),
              [](const auto& a, const auto& b) { return a.seq < b.seq; });
  }
}

void DesiredStore::Hold(const plan::DesiredPtr& desired) {
  wanted_[desired->key] = Wanted{desired->app,   desired->api_version, desired->hash, desired->wave,
                                 desired->stage, desired->implied,     desired};
}

void DesiredStore::Drop() {
  for (plan::PreparedApp& app : set_.apps) std::vector<plan::DesiredPtr>().swap(app.objects);
  for (auto& [key, wanted] : wanted_) wanted.desired.reset();
  loaded_ = false;
}

void DesiredStore::Settle(const std::string& app) {
  for (auto& [key, documents] : announced_) {
    std::erase_if(documents, [&](const auto& one) { return one.desired->app == app; });
  }
  std::erase_if(announced_, [](const auto& item) { return item.second.empty(); });
}

const plan::PreparedApp* DesiredStore::Find(const std::string& app) const {
  const auto found = std::find_if(set_.apps.begin(), set_.apps.end(),
                                  [&](const plan::PreparedApp& one) { return one.name == app; });
  return found == set_.apps.end() ? nullptr : &*found;
}

const AppRules* DesiredStore::Rules(const std::string& app) const {
  const auto found = rules_.find(app);
  return found == rules_.end() ? nullptr : &found->second;
}

std::vector<health::FleetRule> DesiredStore::HealthRules() const {
  std::vector<health::FleetRule> out;
  for (const auto& [app, rules] : rules_) {
    for (const bundle::HealthRule& rule : rules.health_rules) {
      const health::FleetRule one{rule.name, rule.spec};
      if (std::find(out.begin(), out.end(), one) == out.end()) out.push_back(one);
    }
  }
  return out;
}

const Wanted* DesiredStore::Find(const object::ResourceKey& key) const {
  const auto found = wanted_.find(key);
  return found == wanted_.end() ? nullptr : &found->second;
}

plan::DesiredPtr DesiredStore::Get(const object::ResourceKey& key,
                                   const DecodedRecord* record) const {
  const Wanted* wanted = Find(key);
  if (wanted == nullptr || wanted->desired != nullptr) {
    return wanted == nullptr ? nullptr : wanted->desired;
  }
  if (record == nullptr || record->view.last_applied == nullptr ||
      record->view.desired_hash != wanted->hash) {
    return nullptr;
  }
  auto out = std::make_shared<plan::Desired>();
  out->key = key;
  out->app = wanted->app;
  out->api_version = wanted->api_version;
  out->object = record->last;
  out->hash = wanted->hash;
  out->wave = wanted->wave;
  out->stage = wanted->stage;
  out->implied = wanted->implied;
  return out;
}

}  // namespace dunlin::sync
