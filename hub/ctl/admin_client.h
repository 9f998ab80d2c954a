// The CLI's side of the admin API: one blocking call at a time over the hub's Unix socket.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "protocol/base/time.h"
#include "protocol/object/value.h"
#include "protocol/wire/error.h"

namespace dunlin::ctl {

// A failed call, with what the hub said about it.
struct Failure {
  Errc code = Errc::kInternal;
  wire::ErrorBody body;
};

template <typename T>
using Answer = tl::expected<T, Failure>;

class AdminClient {
 public:
  // `hub`: "unix:/run/dunlin-hub/admin.sock". Other forms are refused by the first call.
  explicit AdminClient(std::string hub);
  ~AdminClient();

  Answer<object::Value> Get(std::string_view path, Millis limit = Seconds(30));
  // A JSON object as body.
  Answer<object::Value> Post(std::string_view path, const object::Object& body,
                             Millis limit = Seconds(120));
  // Raw bytes as body (`apply -f`).
  Answer<object::Value> PostBytes(std::string_view path, Bytes body, Millis limit = Seconds(120));

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// What to do when the hub's socket belongs to `owner` ("": not known) and not to us.
std::string PermissionHint(const std::string& owner, const std::string& hub);

// Percent-encodes a path segment or query value (RFC 3986 unreserved characters stay).
std::string PercentEncode(std::string_view text);

}  // namespace dunlin::ctl
