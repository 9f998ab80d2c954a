#include <cstdio>

#include "agent/app/commands.h"
#include "agent/app/output.h"
#include "agent/app/renewal.h"
#include "agent/app/status_file.h"
#include "agent/state/identity_files.h"
#include "protocol/base/limits.h"
#include "protocol/store/files.h"

namespace dunlin::app {

namespace {

Result<StatusView> Look(const std::string& dir) {
  StatusView out;
  TRY(out.identity, state::ReadIdentity(dir));
  TRY(const CertificateLife life, LifeOf(out.identity.certificate_pem));
  out.certificate_not_after = life.not_after;
  out.running = IsLocked(dir + "/agent.db.lock");
  auto text = ReadFile(StatusPath(dir), limits::kLocalStatusBytes);
  if (!text && text.error().code == Errc::kNotFound) return out;
  TRY_VOID(text);
  TRY(out.last, ParseLocalStatus(*text));
  out.has_report = true;
  return out;
}

}  // namespace

int ShowStatus(const StatusOptions& options) {
  const auto view = Look(options.state_dir);
  if (!view) {
    return PrintFailure({"cannot tell the agent's status", view.error(), EnrolHint(view.error())},
                        options.output != Output::kTable);
  }
  const std::string text = options.output == Output::kTable
                               ? ToText(*view)
                               : DocumentText(ToJson(*view), options.output);
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace dunlin::app
