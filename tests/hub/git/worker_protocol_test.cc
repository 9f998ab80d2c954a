#include "hub/git/worker_protocol.h"

#include <gtest/gtest.h>

#include "hub/git/worker_answer.h"
#include "protocol/base/limits.h"

namespace dunlin::git {
namespace {

const std::string kId(40, 'b');

TreeEntry File(std::string path, Bytes bytes) {
  return {.path = std::move(path), .blob = kId, .size = bytes.size(), .bytes = std::move(bytes)};
}

std::string Sent(const TreeEntry& entry) {
  return EncodeFrame('T', EncodeEntry(entry)) + EncodeFrame('D', entry.bytes);
}

Errc CodeOf(const Status& status) { return status ? Errc::kInternal : status.error().code; }

TEST(WorkerProtocol, RequestSurvivesTheWire) {
  WorkerRequest request;
  request.op = WorkerRequest::Op::kRead;
  request.mirror = "/m";
  request.url = "https://h/a";
  request.revisions = {"main", "größe"};
  request.commit = RevisionId(kId);
  request.paths = {"a", "b/c"};
  request.with_bytes = true;
  request.max_bytes = 77;
  request.max_objects = 78;
  request.silence = Millis(79);
  request.local_roots = {"/srv"};
  request.allow_networks = {"10.0.0.0/8"};
  request.allow_insecure_http = true;
  request.username = "u";
  request.password = std::string("p\0\xff", 3);
  request.ssh_program = "/usr/bin/ssh";
  request.ssh_key_file = "/k";
  request.known_hosts_file = "/h";
  request.ca_file = "/c";
  const auto back = DecodeRequest(EncodeRequest(request));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(EncodeRequest(*back), EncodeRequest(request));
  EXPECT_EQ(back->password, request.password);
}

TEST(WorkerProtocol, DamagedRequestsAreErrors) {
  for (const char* text : {"", "{}", "[]", "{\"op\":\"rm\",\"mirror\":\"x\"}", "{\"op\":1}"}) {
    EXPECT_FALSE(DecodeRequest(text)) << text;
  }
}

TEST(WorkerProtocol, FetchResultAndErrorsSurviveTheWire) {
  FetchResult result;
  result.revisions.push_back({"main", "refs/heads/main", RevisionId(kId), {}});
  result.revisions.push_back({"x", "", RevisionId(), MakeError(Errc::kNotFound, "no \"x\"")});
  result.downloaded = true;
  result.received_bytes = 5;
  const auto back = DecodeFetchResult(EncodeFetchResult(result));
  ASSERT_TRUE(back);
  EXPECT_EQ(EncodeFetchResult(*back), EncodeFetchResult(result));
  EXPECT_EQ(back->revisions[1].error->code, Errc::kNotFound);
  EXPECT_EQ(DecodeError(EncodeError(MakeError(Errc::kTimeout, "t"))).code, Errc::kTimeout);
  EXPECT_EQ(DecodeError("{\"code\":\"what\"}").code, Errc::kCorrupt);
  EXPECT_EQ(DecodeError("no json").code, Errc::kCorrupt);
}

TEST(WorkerProtocol, CommitIdsAreChecked) {
  EXPECT_FALSE(DecodeFetchResult(R"({"revisions":[{"name":"a","ref":"","commit":"../x"}]})"));
}

TEST(WorkerProtocol, EntriesAreChecked) {
  TreeEntry entry = File("a/b", "x");
  entry.bytes.clear();
  EXPECT_EQ(*DecodeEntry(EncodeEntry(entry)), entry);
  entry.mode = 0100666;
  EXPECT_FALSE(DecodeEntry(EncodeEntry(entry)));
  entry.mode = TreeEntry::kFile;
  entry.path.clear();
  EXPECT_FALSE(DecodeEntry(EncodeEntry(entry)));
  entry.path = std::string(limits::kTreePathBytes, 'x');
  EXPECT_TRUE(DecodeEntry(EncodeEntry(entry)));
  entry.path += 'x';
  EXPECT_FALSE(DecodeEntry(EncodeEntry(entry)));
}

TEST(FrameReader, AnyCutGivesTheSameFrames) {
  const std::string stream =
      EncodeFrame('T', "one") + EncodeFrame('D', "") + EncodeFrame('R', "three");
  for (size_t cut = 0; cut <= stream.size(); ++cut) {
    FrameReader reader(100);
    std::string seen;
    for (const std::string_view part :
         {std::string_view(stream).substr(0, cut), std::string_view(stream).substr(cut)}) {
      reader.Feed(part);
      for (;;) {
        const auto frame = reader.Next();
        ASSERT_TRUE(frame);
        if (!*frame) break;
        seen += (*frame)->type + (*frame)->payload + ";";
      }
    }
    EXPECT_EQ(seen, "Tone;D;Rthree;") << cut;
    EXPECT_TRUE(reader.AtBoundary());
  }
}

TEST(FrameReader, LimitAndUnknownTypes) {
  FrameReader at_limit(3), above(3), unknown(3);
  at_limit.Feed(EncodeFrame('T', "abc"));
  EXPECT_TRUE(at_limit.Next().value());
  above.Feed(EncodeFrame('T', "abcd").substr(0, 5));
  EXPECT_EQ(above.Next().error().code, Errc::kLimit);
  unknown.Feed(EncodeFrame('Z', ""));
  EXPECT_EQ(unknown.Next().error().code, Errc::kCorrupt);
}

TEST(FrameReader, RequestsAndAnswersHaveTheirOwnLimit) {
  for (const size_t limit : {limits::kGitRequestBytes, limits::kGitFrameBytes}) {
    FrameReader at(limit), above(limit);
    at.Feed(EncodeFrame('D', Bytes(limit, 'x')));
    const auto frame = at.Next();
    ASSERT_TRUE(frame && *frame) << limit;
    EXPECT_EQ((*frame)->payload.size(), limit);
    above.Feed(EncodeFrame('D', Bytes(limit + 1, 'x')));
    EXPECT_EQ(above.Next().error().code, Errc::kLimit);
  }
}

TEST(AnswerReader, TreeFilesAndFrameBytes) {
  AnswerReader files({.with_bytes = false});
  const std::string entry = EncodeFrame('T', EncodeEntry({.path = "a", .blob = kId}));
  for (size_t i = 0; i < limits::kGitTreeFiles; ++i) ASSERT_TRUE(files.Feed(entry));
  EXPECT_EQ(CodeOf(files.Feed(entry)), Errc::kLimit);
  AnswerReader frames({.with_bytes = true, .max_bytes = limits::kGitReadBytes});
  ASSERT_TRUE(frames.Feed(Sent(File("a", Bytes(limits::kGitObjectBytes, 'x')))));
  EXPECT_EQ(CodeOf(frames.Feed(EncodeFrame('R', Bytes(limits::kGitFrameBytes + 1, 'x')))),
            Errc::kLimit);
}

TEST(AnswerReader, PutsTheTreeTogether) {
  AnswerReader reader({.with_bytes = true, .max_bytes = 100});
  TreeEntry submodule{.path = "sub", .mode = TreeEntry::kSubmodule, .blob = kId};
  const std::string stream = Sent(File("a", "one")) + Sent(File("b", "")) +
                             EncodeFrame('T', EncodeEntry(submodule)) + EncodeFrame('R', "{}");
  for (const char& byte : stream) ASSERT_TRUE(reader.Feed({&byte, 1}));
  ASSERT_TRUE(reader.done());
  const WorkerAnswer answer = reader.Take();
  ASSERT_EQ(answer.tree.entries.size(), 3u);
  EXPECT_EQ(answer.tree.Find("a")->bytes, "one");
  EXPECT_EQ(answer.tree.Find("none"), nullptr);
  EXPECT_EQ(answer.result, "{}");
}

TEST(AnswerReader, RefusesWhatOurWorkerNeverSends) {
  const AnswerLimits with{.with_bytes = true, .max_bytes = 5};
  const AnswerLimits without{.max_bytes = 5};
  TreeEntry lies = File("a", "one");
  lies.size = 4;
  const struct {
    const char* what;
    AnswerLimits limits;
    std::string stream;
    Errc code;
  } rows[] = {
      {"too many bytes", with, Sent(File("a", "123")) + Sent(File("b", "456")), Errc::kLimit},
      {"wrong size", with, Sent(lies), Errc::kCorrupt},
      {"bytes nobody asked for", without, Sent(File("a", "1")), Errc::kCorrupt},
      {"bytes of no file", with, EncodeFrame('D', "1"), Errc::kCorrupt},
      {"file without bytes", with,
       EncodeFrame('T', EncodeEntry(File("a", "1"))) + EncodeFrame('R', ""), Errc::kCorrupt},
      {"a request", with, EncodeFrame('Q', ""), Errc::kCorrupt},
      {"a second result", with, EncodeFrame('R', "") + EncodeFrame('R', ""), Errc::kCorrupt},
      {"an error", with, EncodeFrame('X', EncodeError(MakeError(Errc::kSignature, "s"))),
       Errc::kSignature},
  };
  for (const auto& row : rows) {
    AnswerReader reader(row.limits);
    EXPECT_EQ(CodeOf(reader.Feed(row.stream)), row.code) << row.what;
  }
}

}  // namespace
}  // namespace dunlin::git
