#include "agent/kube/watch_parser.h"

#include <optional>
#include <string_view>
#include <utility>

#include "agent/kube/objects.h"
#include "agent/kube/status.h"
#include "protocol/base/limits.h"
#include "protocol/object/json.h"

namespace dunlin::kube {

namespace {

std::optional<WatchType> TypeOf(std::string_view name) {
  if (name == "ADDED") return WatchType::kAdded;
  if (name == "MODIFIED") return WatchType::kModified;
  if (name == "DELETED") return WatchType::kDeleted;
  if (name == "BOOKMARK") return WatchType::kBookmark;
  if (name == "ERROR") return WatchType::kError;
  return std::nullopt;
}

Error NoEvent(std::string why) {
  return MakeError(Errc::kCorrupt, "the apiserver sent no watch event: " + std::move(why));
}

Error TooLong() {
  return MakeError(Errc::kLimit, "a watch event is larger than " +
                                     std::to_string(limits::kWatchLineBytes) + " bytes");
}

Result<WatchEvent> ParseLine(std::string_view line) {
  auto parsed = object::ParseJson(line, {.max_bytes = limits::kWatchLineBytes});
  if (!parsed) return NoEvent(parsed.error().message);
  const auto type = TypeOf(object::FindString(*parsed, {"type"}));
  object::Value* member = parsed->is_object() ? parsed->as_object().if_contains("object") : nullptr;
  if (!type) return NoEvent("unknown type");
  if (member == nullptr || !member->is_object()) return NoEvent("it has no object");
  WatchEvent out;
  out.type = *type;
  if (out.type == WatchType::kError) {
    out.failure = FailureFromStatus(*member, 0);
    return out;
  }
  DropManagedFields(*member);
  out.resource_version = object::FindString(*member, {"metadata", "resourceVersion"});
  if (out.type == WatchType::kBookmark) {
    const object::Value* metadata = object::Find(*member, {"metadata"});
    object::Object only;
    if (metadata != nullptr) only["metadata"] = *metadata;
    out.object = std::move(only);
  } else {
    out.object = std::move(*member);
  }
  return out;
}

}  // namespace

Result<std::vector<WatchEvent>> WatchParser::Feed(BytesView bytes) {
  std::vector<WatchEvent> out;
  size_t end = 0;
  while ((end = bytes.find('\n')) != BytesView::npos) {
    const BytesView piece = bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    if (buffer_.size() + piece.size() > limits::kWatchLineBytes) return TooLong();
    // Most lines arrive whole and are parsed where they lie.
    if (!buffer_.empty()) buffer_.append(piece);
    const BytesView line = buffer_.empty() ? piece : BytesView(buffer_);
    if (!line.empty()) {
      TRY(WatchEvent event, ParseLine(line));
      out.push_back(std::move(event));
    }
    // A long line must not keep its memory for the hours a watch lives.
    if (!buffer_.empty()) Bytes().swap(buffer_);
  }
  if (buffer_.size() + bytes.size() > limits::kWatchLineBytes) return TooLong();
  buffer_.append(bytes);
  return out;
}

}  // namespace dunlin::kube
