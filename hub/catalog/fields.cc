#include "hub/catalog/fields.h"

#include "hub/catalog/names.h"
#include "protocol/base/limits.h"
#include "protocol/base/nearest.h"

namespace dunlin::catalog {

void Problems::Add(Errc code, const std::string& path, const std::string& message) {
  errors_.push_back(MakeError(code, path.empty() ? message : path + ": " + message));
}

void Problems::Warn(const std::string& path, const std::string& message) {
  warnings_.push_back(path.empty() ? message : path + ": " + message);
}

Error Problems::ToError() const {
  Error error = errors_.front();
  for (size_t i = 1; i < errors_.size() && i < limits::kCatalogueProblems; ++i) {
    error.message += "; " + errors_[i].message;
  }
  if (errors_.size() > limits::kCatalogueProblems) {
    error.message +=
        "; and " + std::to_string(errors_.size() - limits::kCatalogueProblems) + " more";
  }
  return error;
}

Fields::Fields(const object::Value* value, std::string path, Problems* problems)
    : path_(std::move(path)), problems_(problems) {
  if (value == nullptr || value->is_null()) return;
  object_ = value->if_object();
  if (object_ == nullptr) problems_->Add(Errc::kInvalidArgument, path_, "must be a mapping");
}

std::string Fields::PathOf(std::string_view name) const {
  if (name.empty()) return path_;
  return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

const object::Value* Fields::Raw(std::string_view name) {
  asked_.emplace(name);
  if (object_ == nullptr) return nullptr;
  const object::Value* value = object_->if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

bool Fields::Has(std::string_view name) { return Raw(name) != nullptr; }

std::string Fields::String(std::string_view name, std::string fallback) {
  const object::Value* value = Raw(name);
  if (value == nullptr) return fallback;
  if (!value->is_string()) {
    Fail(name, value->is_structured() ? "must be text" : "must be text: put it in quotes");
    return fallback;
  }
  return std::string(object::View(value->get_string()));
}

std::string Fields::RequiredString(std::string_view name) {
  std::string text = String(name);
  if (!Has(name)) {
    Fail(name, "is missing");
  } else if (text.empty() && Raw(name)->is_string()) {
    Fail(name, "must not be empty");
  }
  return text;
}

bool Fields::Bool(std::string_view name, bool fallback) {
  const object::Value* value = Raw(name);
  if (value == nullptr) return fallback;
  if (!value->is_bool()) {
    Fail(name, "must be true or false");
    return fallback;
  }
  return value->get_bool();
}

int64_t Fields::Int(std::string_view name, int64_t fallback, int64_t min, int64_t max) {
  const object::Value* value = Raw(name);
  if (value == nullptr) return fallback;
  if (!value->is_int64() || value->get_int64() < min || value->get_int64() > max) {
    Fail(name, "must be a whole number from " + std::to_string(min) + " to " + std::to_string(max));
    return fallback;
  }
  return value->get_int64();
}

Millis Fields::Duration(std::string_view name, Millis fallback) {
  if (!Has(name)) return fallback;
  const std::string text = String(name);
  const std::optional<Millis> duration = ParseDuration(text);
  if (!duration) {
    Fail(name, "must be a duration with a unit, such as 100ms, 30s or 2m");
    return fallback;
  }
  return *duration;
}

std::vector<std::string> Fields::Strings(std::string_view name) {
  std::vector<std::string> list;
  const object::Value* value = Raw(name);
  if (value == nullptr) return list;
  if (!value->is_array()) {
    Fail(name, "must be a list of texts");
    return list;
  }
  for (const object::Value& item : value->get_array()) {
    if (!item.is_string()) {
      Fail(std::string(name) + "[" + std::to_string(list.size()) + "]",
           "must be text: put it in quotes");
      return list;
    }
    list.emplace_back(object::View(item.get_string()));
  }
  return list;
}

StringMap Fields::Map(std::string_view name) {
  StringMap map;
  const object::Value* value = Raw(name);
  if (value == nullptr) return map;
  if (!value->is_object()) {
    Fail(name, "must be a mapping of texts");
    return map;
  }
  for (const auto& member : value->get_object()) {
    const std::string key(member.key());
    if (!member.value().is_string()) {
      Fail(std::string(name) + "." + key, "must be text: put it in quotes");
      continue;
    }
    map.emplace(key, object::View(member.value().get_string()));
  }
  return map;
}

Fields Fields::Object(std::string_view name) { return Fields(Raw(name), PathOf(name), problems_); }

std::vector<Fields> Fields::Objects(std::string_view name) {
  std::vector<Fields> list;
  const object::Value* value = Raw(name);
  if (value == nullptr) return list;
  if (!value->is_array()) {
    Fail(name, "must be a list");
    return list;
  }
  for (const object::Value& item : value->get_array()) {
    list.emplace_back(&item, PathOf(name) + "[" + std::to_string(list.size()) + "]", problems_);
  }
  return list;
}

void Fields::Ignore(std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) asked_.emplace(name);
}

void Fields::Unsupported(std::string_view name, const std::string& why) {
  if (Has(name)) Fail(name, "is not supported: " + why, Errc::kUnsupported);
}

void Fields::Fail(std::string_view name, const std::string& message, Errc code) {
  problems_->Add(code, PathOf(name), message);
}

void Fields::Warn(std::string_view name, const std::string& message) {
  problems_->Warn(PathOf(name), message);
}

void Fields::FailWord(std::string_view name, const std::string& word,
                      const std::vector<std::string>& known) {
  std::string list;
  for (const std::string& text : known) list += (list.empty() ? "" : ", ") + text;
  Fail(name, "must be one of " + list + ", not \"" + word + "\"" + DidYouMean(word, known));
}

void Fields::Finish() {
  if (object_ == nullptr) return;
  const std::vector<std::string> known(asked_.begin(), asked_.end());
  for (const auto& member : *object_) {
    const std::string_view name(member.key().data(), member.key().size());
    if (asked_.contains(name)) continue;
    Fail(name, "unknown field" + DidYouMean(name, known));
  }
}

}  // namespace dunlin::catalog
