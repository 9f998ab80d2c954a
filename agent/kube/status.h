// What the apiserver answers when it refuses: metav1.Status as a value. Pure.
#pragma once

#include <string_view>

#include "agent/sync/api_answer.h"
#include "protocol/base/bytes.h"
#include "protocol/object/value.h"

namespace dunlin::kube {

// `status` may be any JSON; what is no metav1.Status gives the HTTP code alone. `http` 0: take the
// code of the Status itself (ERROR events of a watch).
sync::ApiFailure FailureFromStatus(const object::Value& status, int http);

// The same for a body as it came (it may be HTML of a proxy, or empty) and the text of the
// Retry-After header (seconds; a date is ignored: no apiserver sends one).
sync::ApiFailure FailureFromBody(BytesView body, int http, std::string_view retry_after);

// What our own code should do about an HTTP status of the apiserver.
Errc CodeOfHttp(int http);

// The text of a `Warning: 299 - "…"` header value; empty for other warn codes.
std::string WarningText(std::string_view header);

}  // namespace dunlin::kube
