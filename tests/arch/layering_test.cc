// The module rules of ARCHITECTURE.md, checked against every #include of the tree. A rule that is
// only written down decays; the link list alone lies, because include paths are shared.
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "tests/arch/source_tree.h"

namespace dunlin::arch {
namespace {

const std::vector<std::string> kProduct = {"protocol", "agent", "hub"};

std::string Where(const SourceFile& file, int line) {
  return file.path + ":" + std::to_string(line);
}

class Layering : public testing::Test {
 protected:
  const std::map<std::string, Module> modules_ =
      ReadModules(std::string(DUNLIN_BINARY_DIR) + "/modules.txt");
  const std::vector<SourceFile> files_ = ReadSources(DUNLIN_SOURCE_DIR, kProduct);
};

TEST_F(Layering, EveryDirectoryIsADeclaredModule) {
  ASSERT_FALSE(modules_.empty());
  ASSERT_FALSE(files_.empty());
  for (const SourceFile& file : files_) {
    EXPECT_TRUE(modules_.contains(file.module)) << file.path << ": no dunlin_module() builds it";
  }
}

TEST_F(Layering, EveryIncludeIsADeclaredDependency) {
  for (const SourceFile& file : files_) {
    const auto module = modules_.find(file.module);
    if (module == modules_.end()) continue;
    for (const Include& include : file.includes) {
      const std::string other = ModuleOf(include.header);
      if (!modules_.contains(other) || other == file.module) continue;
      EXPECT_TRUE(module->second.deps.contains(other))
          << Where(file, include.line) << " includes " << include.header << ", but " << file.module
          << " does not declare " << other << " in its DEPS";
    }
  }
}

TEST_F(Layering, AgentAndHubNeverSeeEachOtherAndProtocolSeesNeither) {
  for (const SourceFile& file : files_) {
    for (const Include& include : file.includes) {
      const std::string top = include.header.substr(0, include.header.find('/'));
      if (top != "agent" && top != "hub") continue;
      EXPECT_EQ(file.path.substr(0, file.path.find('/')), top) << Where(file, include.line);
    }
  }
}

// The admin command line speaks the wire like any other client.
TEST_F(Layering, TheCommandLineIncludesNothingElseOfTheHub) {
  for (const SourceFile& file : files_) {
    if (file.module != "hub_ctl") continue;
    for (const Include& include : file.includes) {
      EXPECT_TRUE(!include.header.starts_with("hub/") || include.header.starts_with("hub/ctl/"))
          << Where(file, include.line);
    }
  }
}

struct Owner {
  std::string prefix;             // of the header
  std::set<std::string> modules;  // that may include it
};

// One library, one owner: its types never travel, so that it can be replaced in one place.
TEST_F(Layering, ThirdPartyHeadersStayInTheirOwner) {
  const std::vector<Owner> owners = {
      {"mbedtls/", {"protocol_crypto", "protocol_tls"}},
      {"psa/", {"protocol_crypto", "protocol_tls"}},
      {"nghttp2/", {"protocol_h2"}},
      {"sqlite3.h", {"protocol_store"}},
      {"zstd", {"protocol_bundle"}},
      {"yaml-cpp/", {"protocol_yaml"}},
      {"git2", {"hub_git"}},
      {"seccomp", {"hub_render"}},
      {"boost/asio", {"protocol_net", "hub_process"}},
      {"boost/beast", {"protocol_net"}},
      {"boost/json", {"protocol_object"}},
      {"CLI/", {"protocol_cli", "agent_app", "hub_app", "hub_ctl"}},
  };
  for (const SourceFile& file : files_) {
    for (const Include& include : file.includes) {
      for (const Owner& owner : owners) {
        if (!include.system || !include.header.starts_with(owner.prefix)) continue;
        // Executors are part of every shell's interface, as tasks are.
        if (include.header == "boost/asio/any_io_executor.hpp" ||
            include.header == "boost/asio/thread_pool.hpp") {
          continue;
        }
        // The composition roots own the one io_context.
        if (owner.prefix == "boost/asio" && modules_.contains(file.module) &&
            modules_.at(file.module).kind == "app") {
          continue;
        }
        EXPECT_TRUE(owner.modules.contains(file.module))
            << Where(file, include.line) << ": <" << include.header << "> belongs to "
            << *owner.modules.begin();
      }
    }
  }
}

// A decision that reads a clock, a file or a socket cannot be tested as a value.
TEST_F(Layering, PureModulesDoNoInputOrOutput) {
  const std::regex forbidden(
      R"(^(thread|mutex|future|condition_variable|fstream|iostream|filesystem|unistd\.h|fcntl\.h|sys/.*|netinet/.*|arpa/.*|netdb\.h|boost/asio.*|spawn\.h|signal\.h|csignal)$)");
  // The implementations of Clock and Random, the log's sink, and the library's own locks.
  const std::set<std::string> allowed = {"protocol/base/random.cc", "protocol/base/time.cc",
                                         "protocol/base/log.cc", "protocol/crypto/mbedtls_init.cc",
                                         // inet_pton and inet_ntop only turn text into bytes.
                                         "protocol/crypto/certificate.cc",
                                         "protocol/crypto/certificate_make.cc",
                                         "protocol/tls/engine.cc"};
  for (const SourceFile& file : files_) {
    const auto module = modules_.find(file.module);
    if (module == modules_.end() || module->second.kind != "pure" || allowed.contains(file.path)) {
      continue;
    }
    for (const Include& include : file.includes) {
      EXPECT_FALSE(include.system && std::regex_match(include.header, forbidden))
          << Where(file, include.line) << ": <" << include.header << "> in the pure module "
          << file.module;
    }
  }
}

TEST_F(Layering, HeadersHaveNoUsingNamespaceAndOneGuard) {
  static const std::regex kUsing(R"(^\s*using\s+namespace\b)");
  for (const SourceFile& file : files_) {
    if (!file.IsHeader()) continue;
    bool guarded = false;
    for (size_t i = 0; i < file.lines.size(); ++i) {
      guarded = guarded || file.lines[i] == "#pragma once";
      EXPECT_FALSE(std::regex_search(file.lines[i], kUsing))
          << Where(file, static_cast<int>(i) + 1);
    }
    EXPECT_TRUE(guarded) << file.path << ": no #pragma once";
  }
}

TEST_F(Layering, FilesStaySmall) {
  for (const SourceFile& file : files_) {
    EXPECT_LE(file.lines.size(), 600u) << file.path;
  }
  for (const SourceFile& file : ReadSources(DUNLIN_SOURCE_DIR, {"tests"})) {
    EXPECT_LE(file.lines.size(), 800u) << file.path;
  }
}

// The hub reads repositories with libgit2 in a child; git's own command line runs hooks and helpers
// that a repository's configuration names, and a shell reads more than it is given.
TEST_F(Layering, NothingStartsTheGitCommandOrAShell) {
  static const std::regex kShell(
      R"re("(/usr/bin/git|/bin/sh|bash|/bin/bash)"|\b(system|popen)\s*\()re");
  static const std::regex kGitArgument(R"re([{(]"(git|sh)")re");
  const std::set<std::string> starters = {"hub_git", "hub_process", "hub_render"};
  for (const SourceFile& file : files_) {
    for (size_t i = 0; i < file.lines.size(); ++i) {
      const std::string& line = file.lines[i];
      if (line.find("//") < line.find('"')) continue;
      const bool starts = std::regex_search(line, kShell) ||
                          (starters.contains(file.module) && std::regex_search(line, kGitArgument));
      EXPECT_FALSE(starts) << Where(file, static_cast<int>(i) + 1) << ": " << line;
    }
  }
}

}  // namespace
}  // namespace dunlin::arch
