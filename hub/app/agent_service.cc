#include "hub/app/agent_service.h"

#include "protocol/wire/frame.h"

namespace dunlin::hub {

namespace {

// Counts a held poll for as long as its coroutine lives, however that ends.
class HeldPoll {
 public:
  HeldPoll(Contact& contact, const Clock& clock) : contact_(contact), clock_(clock) {
    ++contact_.held_polls;
  }
  ~HeldPoll() {
    --contact_.held_polls;
    contact_.last_seen = clock_.Now();  // it was contact until now
  }
  HeldPoll(const HeldPoll&) = delete;
  HeldPoll& operator=(const HeldPoll&) = delete;

 private:
  Contact& contact_;
  const Clock& clock_;
};

Bytes NothingNew() {
  Bytes out;
  wire::AppendFrame(out, wire::FrameType::kEnd, {});
  return out;
}

}  // namespace

Result<AgentIdentity> AgentService::Identify(const net::Peer& peer) {
  if (!peer.certificate) {
    return MakeError(Errc::kUnauthenticated, "the agent port needs a client certificate");
  }
  // The key is the identity: names in the certificate are for people.
  const AgentRecord* agent = parts_.model.FindAgentByKey(peer.certificate->key.SpkiHash());
  TRY_VOID(parts_.model.InForce(agent));
  // Not stored is no reason to cut an agent off: the next request notes it.
  const Status noted = parts_.model.NoteCertificate(agent->id, peer.certificate->serial);
  if (!noted) log_.Warn("certificate_not_noted", noted.error(), {{"agent", agent->id.str()}});
  return AgentIdentity{agent->cluster, agent->id};
}

void AgentService::Opened(const AgentIdentity& agent, uint64_t connection) {
  if (!connections_.emplace(connection, agent.cluster).second) return;
  Contact& contact = parts_.model.contact(agent.cluster);
  ++contact.connections;
  contact.ended.reset();
}

void AgentService::Closed(uint64_t connection) {
  const auto known = connections_.find(connection);
  if (known == connections_.end()) return;
  Contact& contact = parts_.model.contact(known->second);
  connections_.erase(known);
  if (--contact.connections == 0) contact.ended = parts_.clock.Now();
}

void AgentService::NoteHeld(const ClusterId& cluster, const wire::Have& have) {
  if (parts_.publisher.Knows(cluster, have)) {
    // One that holds nothing yet has taken nothing either.
    if (have.seq > 0) parts_.driver.Recovered(cluster);
    return;
  }
  const auto news = parts_.publisher.NoteAgent(cluster, have);
  if (!news) {
    log_.Warn("agent_ahead_refused", news.error(), {{"cluster", cluster.str()}});
    return;
  }
  const trust::Statement* current = parts_.publisher.Current(cluster);
  parts_.driver.Recover(cluster, "its agent holds statement " + std::to_string(have.seq) +
                                     " of head " + std::to_string(have.number) + ", the hub made " +
                                     std::to_string(current == nullptr ? 0 : current->seq) +
                                     " of " + std::to_string(parts_.publisher.HeadNumber()));
}

void AgentService::Note(const ClusterId& cluster, const wire::PollRequest& request) {
  Contact& contact = parts_.model.contact(cluster);
  const bool back = parts_.clock.Now() - contact.last_seen > ContactLimits().stale;
  contact.last_seen = parts_.clock.Now();
  if (!(contact.facts == request.facts)) {
    // An apiserver that is away for a moment does not make its cluster's version unknown.
    const wire::Facts before = contact.facts;
    contact.facts = request.facts;
    if (contact.facts.kube_version.empty()) {
      contact.facts.kube_version = before.kube_version;
      contact.facts.api_versions = before.api_versions;
    }
    parts_.driver.NoteFacts(cluster, request.facts);
  }
  if (back) parts_.model.Touch();
  NoteHeld(cluster, request.have);
}

Task<Bytes> AgentService::Poll(AgentIdentity agent, wire::PollRequest request) {
  Note(agent.cluster, request);
  Contact& contact = parts_.model.contact(agent.cluster);
  const HeldPoll held(contact, parts_.clock);
  const Millis until = parts_.clock.Monotonic() + hold_;
  while (true) {
    CO_TRY_VOID(parts_.model.InForce(parts_.model.FindAgent(agent.agent)));
    auto answer = parts_.publisher.Answer(agent.cluster, request);
    if (!answer) co_return answer.error();
    if (*answer) co_return std::move(**answer);
    const Millis left = until - parts_.clock.Monotonic();
    if (left <= Millis(0) || stopping_) break;
    auto woken = co_await parts_.gate.At(agent.cluster).Wait(left);
    if (!woken && woken.error().code == Errc::kCancelled) co_return woken.error();
  }
  co_return NothingNew();
}

Result<Bytes> AgentService::Bundle(const AgentIdentity& agent, const BundleDigest& digest,
                                   const std::optional<BundleDigest>& from) {
  parts_.model.contact(agent.cluster).last_seen = parts_.clock.Now();
  return parts_.publisher.BundleFrames(agent.cluster, digest, from);
}

TaskVoid AgentService::Report(AgentIdentity agent, wire::Report report) {
  const TimePoint now = parts_.clock.Now();
  parts_.model.contact(agent.cluster).last_seen = now;
  Measure(agent.cluster, report);
  // The agent repeats a report until it hears the 204: storing it once is enough.
  const ReportRecord* last = parts_.model.FindReport(agent.cluster);
  if (last != nullptr && last->report.id == report.id) co_return Status();
  ReportRecord record{agent.cluster, now, std::move(report)};
  CO_TRY_VOID(co_await reports_.Store(record));
  // Meanwhile another agent may have taken its place.
  CO_TRY_VOID(parts_.model.InForce(parts_.model.FindAgent(agent.agent)));
  parts_.model.TakeReport(std::move(record));
  co_return Status();
}

void AgentService::Measure(const ClusterId& cluster, const wire::Report& report) {
  for (const wire::TargetReport& target : report.targets) {
    const TargetKey key{target.app, cluster};
    const auto known = parts_.pipeline.targets().find(key);
    if (known == parts_.pipeline.targets().end() || target.state != "Synced") continue;
    const StepTimes& times = known->second.times;
    const auto& bundle = known->second.memory.bundle;
    if (times.published == TimePoint() || !bundle || bundle->Hex() != target.bundle) continue;
    TimePoint& counted = measured_[key];
    if (counted == times.published) continue;
    counted = times.published;
    const Millis took = parts_.clock.Now() - times.noticed;
    parts_.metrics.Observe("dunlin_commit_to_synced_seconds", double(took.count()) / 1000);
  }
}

}  // namespace dunlin::hub
