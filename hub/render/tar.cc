#include "hub/render/tar.h"

#include <array>
#include <numeric>

#include "protocol/base/limits.h"

namespace dunlin::render {
namespace {

constexpr size_t kBlock = 512;

// POSIX ustar header: offset and length of the fields that we fill.
struct Field {
  size_t offset;
  size_t length;
};
constexpr Field kName{0, 100}, kMode{100, 8}, kUid{108, 8}, kGid{116, 8}, kSize{124, 12},
    kTime{136, 12}, kSum{148, 8}, kType{156, 1}, kLink{157, 100}, kMagic{257, 8};

using Header = std::array<char, kBlock>;

void PutText(Header& header, Field field, std::string_view text) {
  text.copy(header.data() + field.offset, field.length);
}

// Zero-padded octal with the NUL at the end that ustar wants.
void PutOctal(Header& header, Field field, uint64_t value) {
  for (size_t i = field.length - 1; i-- > 0; value >>= 3) {
    header[field.offset + i] = static_cast<char>('0' + (value & 7));
  }
}

Header MakeHeader(std::string_view name, char type, unsigned mode, uint64_t size,
                  std::string_view link) {
  Header header{};
  PutText(header, kName, name);
  PutOctal(header, kMode, mode);
  PutOctal(header, kUid, 0);
  PutOctal(header, kGid, 0);
  PutOctal(header, kSize, size);
  PutOctal(header, kTime, 0);
  PutText(header, kType, std::string_view(&type, 1));
  PutText(header, kLink, link);
  PutText(header, kMagic, std::string_view("ustar\00000", 8));
  PutText(header, kSum, "        ");
  const unsigned sum = std::accumulate(header.begin(), header.end(), 0u, [](unsigned s, char c) {
    return s + static_cast<unsigned char>(c);
  });
  PutOctal(header, {kSum.offset, 7}, sum);  // six digits, NUL, blank
  return header;
}

void Append(Bytes& tar, const Header& header, BytesView content) {
  tar.append(header.data(), header.size());
  tar += content;
  tar.append((kBlock - content.size() % kBlock) % kBlock, '\0');
}

// "17 path=a/b/c\n": the length counts itself.
std::string PaxRecord(std::string_view key, std::string_view value) {
  const size_t rest = key.size() + value.size() + 3;
  size_t length = rest + 1;
  while (std::to_string(length).size() + rest != length) {
    length = std::to_string(length).size() + rest;
  }
  return std::to_string(length) + " " + std::string(key) + "=" + std::string(value) + "\n";
}

Status CheckPath(std::string_view path) {
  bool bad = path.empty() || path.size() > limits::kTreePathBytes ||
             path.find('\0') != std::string_view::npos;
  for (std::string_view rest = path; !bad;) {
    const size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    bad = part.empty() || part == "." || part == "..";
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  if (!bad) return {};
  return MakeError(Errc::kInvalidArgument,
                   "\"" + std::string(path.substr(0, 100)) + "\" is no path of a file in a tree");
}

void AppendFile(Bytes& tar, const TreeFile& file) {
  const bool is_link = file.kind == TreeFile::Kind::kSymlink;
  const std::string_view link = is_link ? std::string_view(file.bytes) : std::string_view();
  const BytesView content = is_link ? BytesView() : BytesView(file.bytes);
  std::string records;
  if (file.path.size() > kName.length) records += PaxRecord("path", file.path);
  if (link.size() > kLink.length) records += PaxRecord("linkpath", link);
  if (!records.empty()) Append(tar, MakeHeader("pax", 'x', 0644, records.size(), {}), records);
  const unsigned mode = file.kind == TreeFile::Kind::kExecutable ? 0755 : 0644;
  Append(tar, MakeHeader(file.path, is_link ? '2' : '0', mode, content.size(), link), content);
}

}  // namespace

Result<Bytes> WriteTar(const std::vector<TreeFile>& files, size_t max_bytes) {
  if (files.size() > limits::kRenderTreeFiles) {
    return MakeError(Errc::kLimit, "rendering takes at most " +
                                       std::to_string(limits::kRenderTreeFiles) + " files");
  }
  // Header, a pax header with its block, padding.
  size_t size = 2 * kBlock;
  for (const TreeFile& file : files) {
    TRY_VOID(CheckPath(file.path));
    if (file.kind == TreeFile::Kind::kSymlink && file.bytes.find('\0') != Bytes::npos) {
      return MakeError(Errc::kInvalidArgument, "the link " + file.path + " has no valid target");
    }
    size += file.bytes.size();
    if (size > max_bytes) {
      return MakeError(Errc::kLimit, "the files to render are larger than " +
                                         std::to_string(max_bytes >> 20) +
                                         " MiB; move large files out of the app's path");
    }
  }
  Bytes tar;
  tar.reserve(size + files.size() * 2 * kBlock);
  for (const TreeFile& file : files) AppendFile(tar, file);
  tar.append(2 * kBlock, '\0');
  return tar;
}

}  // namespace dunlin::render
