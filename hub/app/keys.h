// The hub's keys and certificates in <data>/keys, all made by `dunlin-hub init`, files of mode
// 0600:
//
//   root.key   root role: signs root.json; not needed to serve: move it to a safe place
//   hub.key    hub role: signs every head
//   ca.key     issues agent and server certificates;  ca.pem its certificate
//   server.key, server.pem   the hub's own TLS identity
//   ../root.json (+ .sig)    version 1 of the root document, pinned by every enrolment token
#pragma once

#include <string>
#include <vector>

#include "protocol/base/random.h"
#include "protocol/base/time.h"
#include "protocol/crypto/certificate.h"
#include "protocol/crypto/crypto.h"
#include "protocol/trust/documents.h"

namespace dunlin::hub {

struct HubKeys {
  crypto::PrivateKey hub;
  crypto::PrivateKey ca;
  std::string ca_pem;
  std::string server_key_pem;
  std::string server_pem;
  trust::Root root;
  Bytes root_raw;
};

// Creates everything that is missing in `data` (which it creates with mode 0700). kConflict when
// keys are there already: a second init must not cut off a fleet.
Status InitKeys(const std::string& data, const std::vector<std::string>& server_names,
                TimePoint now, Random& random);
// kNotFound names the missing file.
Result<HubKeys> LoadKeys(const std::string& data);
// The chain of a server certificate for these names, which are addresses or DNS names; not stored.
Result<std::string> MakeServerCertificate(const HubKeys& keys,
                                          const std::vector<std::string>& server_names,
                                          TimePoint now, Random& random);
// A new server certificate for other names or a nearly expired one, from the same CA.
Status RenewServerCertificate(const std::string& data, const std::vector<std::string>& server_names,
                              TimePoint now, Random& random);

}  // namespace dunlin::hub
