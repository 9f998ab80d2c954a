// The files that enrolment and renewal write: identity.json, agent.key, envelope.key, root.json.
// Each is replaced durably; identity.json comes last, so a directory has either all of them or
// counts as not enrolled.
#pragma once

#include <string>

#include "agent/sync/identity.h"
#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace dunlin::state {

struct EnrolledFiles {
  sync::Identity identity;
  std::string key_pem;
  std::string envelope_key_pem;
  Bytes root_raw;
};

// kPrecondition: not enrolled (says how to enrol). kCorrupt names the file.
Result<sync::Identity> ReadIdentity(const std::string& dir);
Result<std::string> ReadAgentKey(const std::string& dir);
Result<Bytes> ReadRoot(const std::string& dir);

// Makes the directory (0700) when it is missing, and says whether it did. kPrecondition: it holds
// an identity already.
Result<bool> TakeUnused(const std::string& dir);
Status WriteEnrolled(const std::string& dir, const EnrolledFiles& files);
// WritePlace and WriteRenewed may run at once, in two processes, too: each keeps what the other
// wrote.
//
// Where the hub is, as it stands in the file: public URL, host and port for agents. What else the
// file holds stays as it is.
struct HubPlace {
  std::string url;
  std::string agent_host;
  uint16_t agent_port = 0;
  bool operator==(const HubPlace&) const = default;
};
HubPlace PlaceOf(const sync::Identity& identity);
Status WritePlace(const std::string& dir, const HubPlace& place);
// After a renewal. The certificate and its generation are one file: never one without the other.
// `set-hub` may have written another place meanwhile: that one stays.
Status WriteRenewed(const std::string& dir, const sync::Identity& identity);
Status WriteIdentity(const std::string& dir, const sync::Identity& identity);
Status WriteRoot(const std::string& dir, BytesView root_raw);

}  // namespace dunlin::state
