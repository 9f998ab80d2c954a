// Every limit of the product, by module; bytes unless the name says otherwise. Each has a test at
// the limit and one above, or of what it does where it refuses nothing; tests/arch finds one
// without.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace dunlin::limits {

inline constexpr size_t kKiB = 1024;
inline constexpr size_t kMiB = 1024 * kKiB;

// protocol/base
inline constexpr size_t kLogLineBytes = 4 * kKiB;   // fields beyond it are left out
inline constexpr size_t kLogValueBytes = 2 * kKiB;  // of one field, as it is written

// protocol/object: documents that are merged, and objects of a bundle.
inline constexpr int kMergeDocumentDepth = 512;
inline constexpr int kBundleObjectDepth = 100;
inline constexpr size_t kMergeDocumentBytes = 4 * kMiB;
inline constexpr size_t kObjectBytes = 1536 * kKiB;

// protocol/yaml: configuration files and kubeconfigs.
inline constexpr size_t kConfigBytes = 1 * kMiB;
inline constexpr size_t kConfigDepth = 100;

// protocol/bundle
inline constexpr size_t kBundleBytes = 32 * kMiB;  // uncompressed
inline constexpr size_t kBundleObjects = 20000;
inline constexpr int kZstdWindowLog = 23;  // 8 MiB window

// protocol/healthrule: one HealthRule, and what of it one object may cost.
inline constexpr size_t kHealthRuleBytes = 32 * kKiB;  // canonical JSON of its spec
inline constexpr size_t kHealthRuleMatches = 64;
inline constexpr size_t kHealthRuleCases = 64;
inline constexpr int kHealthRuleDepth = 8;           // of expressions in expressions
inline constexpr size_t kHealthRuleSteps = 100'000;  // comparisons for one object
inline constexpr size_t kBundleHealthRules = 200;    // in the policy of one bundle

// protocol/trust (sizes on the wire)
inline constexpr size_t kRootBytes = 64 * kKiB;
inline constexpr size_t kHeadBytes = 4 * kKiB;
inline constexpr size_t kProofBytes = 2 * kKiB;
inline constexpr size_t kStatementBytes = 1 * kMiB;
inline constexpr int kTrustDocumentDepth = 8;
inline constexpr int kRootHops = 1024;
inline constexpr int kMaxSignatures = 16;
// How far a head may be made ahead of the agent's clock: as far as a clock is ever wrong
// (security.md C12), and so the longest that a hub whose clock ran ahead can keep later heads
// stale.
inline constexpr std::chrono::milliseconds kHeadAheadOfClock{24 * 60 * 60 * 1000};
inline constexpr size_t kTokenIdBytes = 64;

// protocol/wire
inline constexpr size_t kPollRequestBytes = 256 * kKiB;
inline constexpr size_t kReportBytes = 1 * kMiB;
inline constexpr size_t kEnrollBytes = 16 * kKiB;
inline constexpr size_t kAdminRequestBytes = 16 * kKiB;  // of the admin API, but for `apply`
inline constexpr int kMessageDepth = 32;
inline constexpr size_t kFrameBytes = 40 * kMiB;  // one frame of a poll answer
inline constexpr size_t kInlineBundleBytes =
    8 * kMiB;                             // bundles inside a poll's answer; the rest is fetched
inline constexpr int kReportErrors = 20;  // errors kept per target

// protocol/h2 and protocol/net
inline constexpr uint32_t kH2StreamsPerConnection = 16;  // offered by the agent port
inline constexpr size_t kHeaderListBytes = 16 * kKiB;
inline constexpr size_t kRequestBodyBytes = 26 * kMiB;  // largest body a server reads into memory
inline constexpr size_t kRequestBodiesBytes = 256 * kMiB;  // of one server, being read
inline constexpr size_t kResponseBodyBytes = 64 * kMiB;  // largest body a client reads into memory
inline constexpr size_t kHandlersPerConnection = 64;     // with those of streams that were reset
inline constexpr int kConnectionsPerIdentity = 4;
inline constexpr int kConcurrentHandshakes = 256;
inline constexpr uint32_t kH2StreamWindow = 1 * kMiB;
inline constexpr uint32_t kH2ConnectionWindow = 16 * kMiB;
inline constexpr std::chrono::milliseconds kH2FloodWindow{10000};
inline constexpr int64_t kH2SentResets = 100;      // by a server, per flood window
inline constexpr int64_t kH2ControlFrames = 2000;  // without progress, per flood window
inline constexpr size_t kH2OutboundAcks = 1000;    // PING and SETTINGS answers that wait
inline constexpr size_t kH2SettingsEntries = 32;   // in one SETTINGS frame
inline constexpr size_t kH2Continuations = 8;      // frames of one header block
inline constexpr uint64_t kH2ResetBurst = 1000;    // resets by the peer
inline constexpr uint64_t kH2ResetsPerSecond = 33;

// hub/catalog
inline constexpr size_t kCatalogueNameBytes = 200;  // metadata.name; leaves room for "dunlin-"
inline constexpr size_t kCatalogueObjects = 20000;
inline constexpr size_t kCatalogueProblems = 5;  // problems of one object that are named
inline constexpr size_t kRepoUrlBytes = 1024;
inline constexpr size_t kRevisionBytes = 255;
inline constexpr size_t kTreePathBytes = 4096;

// hub/git (security.md 4.2, G6 and G11)
inline constexpr size_t kGitPackObjects = 2'000'000;
inline constexpr size_t kGitObjectBytes = 64 * kMiB;
inline constexpr size_t kGitReceivedBytes = 1024 * kMiB;  // of one fetch
inline constexpr size_t kGitRefs = 200'000;               // that a server may announce
inline constexpr size_t kGitTreeFiles = 100'000;
inline constexpr size_t kGitTreeBytes = 1024 * kMiB;
inline constexpr size_t kGitTreeDepth = 100;
inline constexpr size_t kGitReadBytes = 256 * kMiB;   // of one read into memory: the render tar
inline constexpr size_t kGitRequestBytes = 1 * kMiB;  // hub -> git-worker
inline constexpr size_t kGitFrameBytes = kGitObjectBytes + 64 * kKiB;  // git-worker -> hub
inline constexpr size_t kCredentialBytes = 64 * kKiB;  // one file of the credentials directory

// hub/process
inline constexpr size_t kChildErrorBytes = 64 * kKiB;  // of stderr that is kept
inline constexpr size_t kChildOutputBytes = 1 * kMiB;  // of a program that is run to its end

// hub/publish: deltas that one publish waits for at most (142 variants of 80 KB fit), and the kept.
inline constexpr size_t kDeltasAtOnce = 256;
inline constexpr uint64_t kDeltaBytesAtOnce = 64 * kMiB;  // uncompressed
inline constexpr size_t kDeltaCacheBytes = 32 * kMiB;

// hub/state
inline constexpr int kKeptStatements = 10;  // per cluster
inline constexpr int kKeptHeads = 1000;
inline constexpr int kKeptHistory = 20;  // per app

// hub/render (design.md section 10; the worker has its own copy)
inline constexpr size_t kRenderTreeFiles = 100'000;
inline constexpr size_t kRenderTarBytes = 256 * kMiB;
inline constexpr size_t kRenderRequestBytes = 32 * kMiB;  // the JSON line before the tar
inline constexpr int kRenderOptionsDepth = 64;
inline constexpr size_t kRenderOutputBytes = 64 * kMiB;  // all answers of one job
inline constexpr size_t kRenderErrorsBytes = 1 * kMiB;   // of targets that found no room in it
inline constexpr size_t kReadyLineBytes = 4 * kKiB;      // the first line of a sandbox

// hub/state: statements of one cluster that the hub can show to have made (seq and digest, 100
// bytes each). An agent that was away for longer is treated as one of a later database.
inline constexpr int64_t kMadeStatements = 10'000;

// agent/merge
inline constexpr size_t kOpenApiBytes = 32 * kMiB;      // one group-version's OpenAPI v3 document
inline constexpr size_t kSchemaTableBytes = 16 * kMiB;  // the table made from it
inline constexpr size_t kQuantityBytes = 1024;          // text of one resource.Quantity
inline constexpr size_t kBatchLineBytes = 3 * kMergeDocumentBytes + 64 * kKiB;  // three documents

// agent/plan
inline constexpr int kPruneGuardObjects = 10;      // removals per app that need no confirmation
inline constexpr int kPruneGuardPercent = 30;      // the same, in percent of the app's members
inline constexpr int kForeignPageObjects = 50;     // a page of what lives in a namespace that goes
inline constexpr size_t kNamedForeignObjects = 5;  // looked for and named, then it is enough

// agent/sync
inline constexpr size_t kNamedBundles = 200;   // that a poll names; the hub knows the accepted ones
inline constexpr size_t kHeldBundles = 2000;   // remembered as held
inline constexpr size_t kWaitingReports = 20;  // ends of runs, for a hub that takes no reports
inline constexpr int kWritesInFlight = 16;     // halved by every 429

// agent/kube
inline constexpr size_t kWatchLineBytes = 4 * kMiB;      // one watch event; etcd stores 1.5 MiB
inline constexpr size_t kKubeDocumentBytes = 64 * kMiB;  // one list page or discovery document
inline constexpr size_t kKubeconfigBytes = 1 * kMiB;     // one kubeconfig or credential file
inline constexpr int kListPageObjects = 200;             // in memory at once, with managedFields

// agent/state and agent/app
inline constexpr size_t kIdentityBytes = 64 * kKiB;            // two certificates and some names
inline constexpr size_t kLocalStatusBytes = 2 * kReportBytes;  // status.json: the last report
inline constexpr int kKeptBundlesPerApp = 10;  // what a rollback finds without the hub (D9)
// Bundles of one app that were accepted and whose run never ended; the oldest are forgotten beyond.
inline constexpr int kAnnouncedBundlesPerApp = 8;
inline constexpr size_t kOutboxReports = 100;  // the oldest are dropped beyond it

// protocol/tls: a peer's leaf and CA together, where our own chain rules hold (each is about 600).
inline constexpr size_t kOwnChainBytes = 4 * kKiB;

}  // namespace dunlin::limits
