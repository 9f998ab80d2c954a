#include "protocol/wire/poll.h"

#include "protocol/base/limits.h"
#include "protocol/object/json.h"
#include "protocol/wire/json_fields.h"

namespace dunlin::wire {

Bytes Encode(const PollRequest& request) {
  const object::Object have{{"epoch", request.have.epoch},
                            {"head", request.have.head.Hex()},
                            {"number", request.have.number},
                            {"seq", request.have.seq},
                            {"statement", request.have.statement.Hex()}};
  const object::Object facts{{"agent_version", request.facts.agent_version},
                             {"api_versions", ToArray(request.facts.api_versions)},
                             {"kube_version", request.facts.kube_version}};
  return object::CanonicalJson(object::Object{{"bundles", ToArray(request.bundles)},
                                              {"facts", facts},
                                              {"have", have},
                                              {"want", ToArray(request.want)}});
}

Result<PollRequest> ParsePollRequest(BytesView json) {
  TRY(const object::Object message, ParseMessage(json, limits::kPollRequestBytes, "poll request"));
  PollRequest out;
  TRY(const object::Object have, GetObject(message, "have"));
  if (!have.empty()) {
    TRY(out.have.epoch, NeedInt(have, "epoch"));
    TRY(out.have.number, NeedInt(have, "number"));
    TRY(out.have.seq, NeedInt(have, "seq"));
    TRY(out.have.head, NeedDigest(have, "head"));
    TRY(out.have.statement, NeedDigest(have, "statement"));
  }
  TRY(out.bundles, GetDigests(message, "bundles"));
  TRY(out.want, GetDigests(message, "want"));
  TRY(const object::Object facts, GetObject(message, "facts"));
  TRY(out.facts.agent_version, GetString(facts, "agent_version"));
  TRY(out.facts.kube_version, GetString(facts, "kube_version"));
  TRY(out.facts.api_versions, GetStrings(facts, "api_versions"));
  return out;
}

}  // namespace dunlin::wire
