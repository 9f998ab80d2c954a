// `dunlin apply`: every file is read before any is sent, and all results are one document.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "hub/ctl/commands.h"
#include "hub/ctl/rows.h"
#include "protocol/wire/exit_code.h"

namespace dunlin::ctl {

namespace {

struct Input {
  std::string file;
  Bytes bytes;
};

Result<Bytes> ReadInput(const std::string& file) {
  std::ostringstream text;
  if (file == "-") {
    char buffer[65536];
    for (size_t n; (n = std::fread(buffer, 1, sizeof buffer, stdin)) > 0;) {
      text.write(buffer, static_cast<std::streamsize>(n));
    }
    return std::move(text).str();
  }
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) {
    return MakeError(Errc::kInvalidArgument, "it is a directory; name the files in it");
  }
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    const int reason = errno;
    return MakeError(reason == ENOENT ? Errc::kNotFound : Errc::kIo,
                     reason == 0 ? "it cannot be opened" : std::strerror(reason));
  }
  text << in.rdbuf();
  return std::move(text).str();
}

std::string Member(const object::Value& row, std::string_view name) {
  return std::string(object::FindString(row, {name}));
}

bool Failed(const object::Value& row) { return object::FindString(row, {"result"}) == "failed"; }

// A file that was refused as a whole, as a row beside those of the others.
object::Value RefusedFile(const std::string& file, const wire::ErrorBody& error) {
  return object::Object{
      {"code", error.code}, {"hint", error.hint},
      {"kind", ""},         {"message", error.cause.empty() ? error.message : error.cause},
      {"name", ""},         {"place", file},
      {"result", "failed"}};
}

// "App/shop", or the place of a document that does not say what it is.
std::string Label(const object::Value& row) {
  const std::string name = Member(row, "name");
  return name.empty() ? Member(row, "place") : Member(row, "kind") + "/" + name;
}

// With the place before it, unless the label is the place.
std::string Message(const object::Value& row) {
  const std::string place = Member(row, "place");
  std::string message = Member(row, "message");
  if (Member(row, "name").empty()) {
    if (message.starts_with(place + ": ")) message.erase(0, place.size() + 2);
  } else if (Failed(row) && message.find(place) == std::string::npos) {
    message = place + ": " + message;
  }
  return message;
}

// "App/shop created", "App/shop failed: a.yaml:3: …", "a.yaml:3 failed: …".
std::string RowText(const object::Value& row) {
  const std::string message = Message(row);
  return Label(row) + " " + Member(row, "result") + (message.empty() ? "" : ": " + message);
}

// What the results come to; nothing when none failed.
std::optional<Failure> Summary(const object::Array& rows) {
  size_t failed = 0;
  const object::Value* first = nullptr;
  for (const object::Value& row : rows) {
    if (!Failed(row)) continue;
    ++failed;
    if (first == nullptr) first = &row;
  }
  if (first == nullptr) return std::nullopt;
  Failure failure;
  failure.code = wire::ErrcOfName(Member(*first, "code")).value_or(Errc::kInternal);
  failure.body.code = Name(failure.code);
  failure.body.message =
      std::to_string(failed) + " of " + std::to_string(rows.size()) + " documents were not applied";
  failure.body.cause = RowText(*first);
  if (rows.size() == 1) {
    failure.body.message = Label(*first) + " was not applied";
    failure.body.cause = Message(*first);
  }
  const std::string hint = Member(*first, "hint");
  failure.body.hint =
      hint.empty() ? "correct it and apply it again; what is unchanged stays as it is" : hint;
  return failure;
}

bool IsAway(const Failure& failure) {
  return failure.code == Errc::kUnavailable || failure.code == Errc::kTimeout ||
         failure.code == Errc::kPermission || failure.code == Errc::kCancelled;
}

int Report(const Session& session, object::Array rows) {
  const std::optional<Failure> failure = Summary(rows);
  const size_t total = rows.size();
  size_t failed = 0;
  for (const object::Value& row : rows) failed += Failed(row) ? 1 : 0;
  if (session.format == Format::kTable) {
    for (const object::Value& row : rows) std::puts(RowText(row).c_str());
    if (failure) cli::PrintError(failure->body, session.format);
  } else {
    object::Object document{{"items", std::move(rows)}};
    if (failure) document["error"] = wire::ToObject(failure->body);
    std::fputs(cli::DocumentText(document, session.format).c_str(), stdout);
  }
  if (!failure) return 0;
  return failed < total ? wire::kPartialExit : wire::ExitCode(failure->code);
}

}  // namespace

int Apply(Session& session, const std::vector<std::string>& files) {
  std::vector<Input> inputs;
  for (const std::string& file : files) {
    auto bytes = ReadInput(file);
    if (!bytes) {
      const Failure unread{bytes.error().code,
                           wire::BodyOf("cannot read " + file, bytes.error(),
                                        "give a readable file, or - for stdin; nothing was sent")};
      return PrintFailure(unread, session.format);
    }
    inputs.push_back({file == "-" ? "stdin" : file, std::move(*bytes)});
  }
  object::Array rows;
  std::optional<Failure> away;
  for (Input& input : inputs) {
    if (away) {
      wire::ErrorBody unsent = away->body;
      unsent.cause = "it was not sent: " + unsent.message;
      rows.push_back(RefusedFile(input.file, unsent));
      continue;
    }
    const auto answer = session.hub.PostBytes("/api/v1/apply?file=" + PercentEncode(input.file),
                                              std::move(input.bytes));
    if (answer) {
      for (const object::Value& row : Items(*answer)) rows.push_back(row);
      continue;
    }
    const bool nothing_yet = rows.empty() && IsAway(answer.error());
    if (inputs.size() == 1 || nothing_yet) return PrintFailure(answer.error(), session.format);
    rows.push_back(RefusedFile(input.file, answer.error().body));
    if (IsAway(answer.error())) away = answer.error();
  }
  return Report(session, std::move(rows));
}

}  // namespace dunlin::ctl
