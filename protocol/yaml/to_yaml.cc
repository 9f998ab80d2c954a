#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "protocol/object/json.h"
#include "protocol/object/utf8.h"
#include "protocol/yaml/characters.h"
#include "protocol/yaml/config_yaml.h"

namespace dunlin::yaml {

namespace {

constexpr size_t kIndent = 2;
// A reader may give up looking for the ":" of a plain key after 1024 characters (YAML 1.2, 7.4.2).
constexpr size_t kSimpleKeyBytes = 512;

// Words that some reader takes for a boolean, null or number (YAML 1.1 type repository).
bool IsReservedWord(std::string_view text) {
  constexpr std::array kWords = {"true", "false", "yes", "no",  "on", "off",     "null",
                                 "y",    "n",     "nan", "inf", "~",  "infinity"};
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return std::find(kWords.begin(), kWords.end(), lower) != kWords.end();
}

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// A narrow set on purpose: begins with a letter, "/" or "_", and holds nothing that is an indicator
// in any position. Whatever begins with a digit could be a number, a time or a date to someone.
bool IsPlain(std::string_view text) {
  if (text.empty() || !(IsLetter(text[0]) || text[0] == '/' || text[0] == '_')) return false;
  if (text.back() == ' ' || IsReservedWord(text)) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool digit = c >= '0' && c <= '9';
    if (IsLetter(c) || digit || std::string_view(" /_.-+@=;()").find(c) != std::string_view::npos) {
      continue;
    }
    const bool colon_inside = c == ':' && i + 1 < text.size() && text[i + 1] != ' ';
    if (!colon_inside) return false;
  }
  return true;
}

void WriteEscaped(std::string& out, char32_t character) {
  std::array<char, 16> buffer{};
  const char* form = character <= 0xff ? "\\x%02x" : character <= 0xffff ? "\\u%04x" : "\\U%08x";
  std::snprintf(buffer.data(), buffer.size(), form, static_cast<unsigned>(character));
  out += buffer.data();
}

bool NeedsEscape(char32_t c) {
  // Line breaks to a reader of YAML 1.1, and the byte order mark.
  return !IsPrintable(c) || c == 0x85 || c == 0x2028 || c == 0x2029 || c == 0xfeff;
}

void WriteQuoted(std::string& out, std::string_view text) {
  out.push_back('"');
  while (!text.empty()) {
    const std::string_view rest = text;
    const char32_t c = object::TakeCharacter(text);
    if (c == object::kNoCharacter) {
      out += "\\ufffd";
      text.remove_prefix(1);
    } else if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(static_cast<char>(c));
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r' || NeedsEscape(c)) {
      WriteEscaped(out, c);
    } else {
      out += rest.substr(0, rest.size() - text.size());
    }
  }
  out.push_back('"');
}

// Text of several lines that a literal block gives back exactly.
bool FitsLiteral(std::string_view text) {
  const size_t last = text.find_last_not_of('\n');
  if (last == std::string_view::npos || text.find('\n') == std::string_view::npos) return false;
  if (text.size() - last > 2) return false;  // more than one newline at the end
  if (text[0] == ' ' || text[0] == '\t' || text[0] == '\n') return false;
  std::string_view rest = text;
  while (!rest.empty()) {
    const char32_t c = object::TakeCharacter(rest);
    if (c == object::kNoCharacter || c == '\r' || NeedsEscape(c)) return false;
  }
  // A line of white space alone is not the same to all readers.
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    if (!line.empty() && line.find_first_not_of(" \t") == std::string_view::npos) return false;
    at = end + 1;
  }
  return true;
}

void WriteLiteral(std::string& out, std::string_view text, size_t indent) {
  out += text.ends_with('\n') ? "|\n" : "|-\n";
  if (text.ends_with('\n')) text.remove_suffix(1);
  while (true) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (!line.empty()) out.append(indent, ' ').append(line);
    out.push_back('\n');
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

void WriteText(std::string& out, std::string_view text) {
  if (IsPlain(text)) {
    out += text;
  } else {
    WriteQuoted(out, text);
  }
}

// A scalar or empty collection, with its newline; a literal block stands at `indent`.
void WriteScalar(std::string& out, const object::Value& value, size_t indent) {
  if (!value.is_string()) {
    out += object::CanonicalJson(value);
    out.push_back('\n');
    return;
  }
  const std::string_view text = object::View(value.get_string());
  if (FitsLiteral(text)) return WriteLiteral(out, text, indent);
  WriteText(out, text);
  out.push_back('\n');
}

bool IsFilledObject(const object::Value& value) {
  return value.is_object() && !value.get_object().empty();
}
bool IsFilledArray(const object::Value& value) {
  return value.is_array() && !value.get_array().empty();
}

void WriteObject(std::string& out, const object::Object& object, size_t indent, bool first_inline);

// `first_inline`: the first line goes on where the output stands, behind a "- ".
void WriteArray(std::string& out, const object::Array& array, size_t indent, bool first_inline) {
  for (const object::Value& element : array) {
    if (!first_inline) out.append(indent, ' ');
    first_inline = false;
    out += "- ";
    if (IsFilledObject(element)) {
      WriteObject(out, element.get_object(), indent + kIndent, true);
    } else if (IsFilledArray(element)) {
      WriteArray(out, element.get_array(), indent + kIndent, true);
    } else {
      WriteScalar(out, element, indent + kIndent);
    }
  }
}

void WriteObject(std::string& out, const object::Object& object, size_t indent, bool first_inline) {
  std::vector<const boost::json::key_value_pair*> members;
  members.reserve(object.size());
  for (const auto& member : object) members.push_back(&member);
  std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) {
    return std::string_view(a->key()) < std::string_view(b->key());
  });
  for (const auto* member : members) {
    if (!first_inline) out.append(indent, ' ');
    first_inline = false;
    const std::string_view key = member->key();
    if (key.size() > kSimpleKeyBytes) {
      out += "? ";
      WriteQuoted(out, key);
      out.push_back('\n');
      out.append(indent, ' ');
    } else {
      WriteText(out, key);
    }
    out.push_back(':');
    if (IsFilledObject(member->value())) {
      out.push_back('\n');
      WriteObject(out, member->value().get_object(), indent + kIndent, false);
    } else if (IsFilledArray(member->value())) {
      out.push_back('\n');
      WriteArray(out, member->value().get_array(), indent, false);
    } else {
      out.push_back(' ');
      WriteScalar(out, member->value(), indent + kIndent);
    }
  }
}

}  // namespace

std::string ToYaml(const object::Value& value) {
  std::string out;
  if (IsFilledObject(value)) {
    WriteObject(out, value.get_object(), 0, false);
  } else if (IsFilledArray(value)) {
    WriteArray(out, value.get_array(), 0, false);
  } else {
    WriteScalar(out, value, kIndent);
  }
  return out;
}

}  // namespace dunlin::yaml
