#include "protocol/net/http1_message.h"

#include <algorithm>
#include <boost/beast/http/status.hpp>
#include <cstdio>

namespace dunlin::net::internal {
namespace {

bool IsToken(std::string_view name) {
  static constexpr std::string_view kOther = "!#$%&'*+-.^_`|~";
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           kOther.find(c) != std::string_view::npos;
  };
  return !name.empty() && std::all_of(name.begin(), name.end(), good);
}

bool IsValue(std::string_view value) {
  return value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

// Ours alone: two different lengths in one answer would be two answers to somebody.
bool IsFraming(std::string_view name) {
  return name == "content-length" || name == "transfer-encoding" || name == "connection";
}

}  // namespace

Result<Bytes> WriteHead(const Http1Head& head, const Headers& headers) {
  namespace http = boost::beast::http;
  const auto reason =
      http::obsolete_reason(http::int_to_status(static_cast<unsigned>(head.status)));
  Bytes out = "HTTP/1.1 " + std::to_string(head.status) + " ";
  out.append(reason.data(), reason.size());
  out += "\r\n";
  for (const auto& [name, value] : headers) {
    if (IsFraming(name)) continue;
    if (!IsToken(name) || !IsValue(value)) {
      return MakeError(Errc::kInvalidArgument,
                       "header '" + name + "' has a name or value that HTTP/1.1 cannot carry");
    }
    out += name + ": " + value + "\r\n";
  }
  const bool bodiless = head.status == 204 || head.status == 304;
  if (head.framing == Framing::kChunked) {
    out += "transfer-encoding: chunked\r\n";
  } else if (head.framing == Framing::kLength && !bodiless) {
    out += "content-length: " + std::to_string(head.length) + "\r\n";
  }
  out += head.keep_alive ? "connection: keep-alive\r\n\r\n" : "connection: close\r\n\r\n";
  return out;
}

Bytes Chunk(BytesView piece) {
  char size[20];
  const int n = std::snprintf(size, sizeof(size), "%zx\r\n", piece.size());
  Bytes out(size, static_cast<size_t>(n));
  out += piece;
  out += "\r\n";
  return out;
}

}  // namespace dunlin::net::internal
