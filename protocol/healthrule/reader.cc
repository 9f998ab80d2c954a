#include "protocol/healthrule/reader.h"

#include "protocol/base/limits.h"
#include "protocol/base/nearest.h"

namespace dunlin::healthrule {

void Problems::Add(const std::string& path, const std::string& message, Errc code) {
  ++count_;
  if (count_ == 1) {
    first_ = MakeError(code, path + ": " + message);
  } else if (count_ <= limits::kCatalogueProblems) {
    first_.message += "; " + path + ": " + message;
  }
}

Error Problems::ToError() const {
  Error error = first_;
  if (count_ > limits::kCatalogueProblems) {
    error.message += "; and " + std::to_string(count_ - limits::kCatalogueProblems) + " more";
  }
  return error;
}

Reader::Reader(const object::Value& value, std::string path, Problems& problems)
    : object_(value.if_object()), path_(std::move(path)), problems_(problems) {
  if (object_ == nullptr) problems_.Add(path_, "must be a mapping");
}

std::string Reader::PathOf(std::string_view name) const { return path_ + "." + std::string(name); }

void Reader::Fail(std::string_view name, const std::string& message) {
  problems_.Add(PathOf(name), message);
}

const object::Value* Reader::Raw(std::string_view name) {
  asked_.emplace(name);
  const object::Value* value = object_ == nullptr ? nullptr : object_->if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::string Reader::Text(std::string_view name) {
  const object::Value* value = Raw(name);
  if (value == nullptr) return {};
  if (!value->is_string()) {
    Fail(name, "must be text");
    return {};
  }
  return std::string(object::View(value->get_string()));
}

bool Reader::Flag(std::string_view name, bool otherwise) {
  const object::Value* value = Raw(name);
  if (value == nullptr) return otherwise;
  if (!value->is_bool()) {
    Fail(name, "must be true or false");
    return otherwise;
  }
  return value->get_bool();
}

std::vector<std::string> Reader::Texts(std::string_view name, bool flags) {
  std::vector<std::string> out;
  const object::Value* value = Raw(name);
  if (value == nullptr) return out;
  const auto take = [&](const object::Value& item) {
    if (item.is_string()) {
      out.emplace_back(object::View(item.get_string()));
    } else if (flags && item.is_bool()) {
      out.emplace_back(item.get_bool() ? "True" : "False");
    } else {
      Fail(name, "must be text or a list of texts");
    }
  };
  if (!value->is_array()) {
    take(*value);
    return out;
  }
  for (const object::Value& item : value->get_array()) take(item);
  if (value->get_array().empty()) Fail(name, "must not be empty");
  return out;
}

std::vector<const object::Value*> Reader::List(std::string_view name) {
  std::vector<const object::Value*> out;
  const object::Value* value = Raw(name);
  if (value == nullptr) return out;
  if (!value->is_array()) {
    Fail(name, "must be a list");
    return out;
  }
  for (const object::Value& item : value->get_array()) out.push_back(&item);
  return out;
}

void Reader::Finish() {
  if (object_ == nullptr) return;
  const std::vector<std::string> known(asked_.begin(), asked_.end());
  for (const auto& member : *object_) {
    const std::string_view name = member.key();
    if (asked_.contains(name)) continue;
    Fail(name, "unknown field" + DidYouMean(name, known));
  }
}

}  // namespace dunlin::healthrule
