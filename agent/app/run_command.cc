#include <unistd.h>

#include <memory>

#include "agent/app/agent.h"
#include "agent/app/commands.h"
#include "agent/app/output.h"

namespace dunlin::app {

int Run(const RunOptions& options) {
  const SystemClock clock;
  const std::unique_ptr<LogSink> sink = MakeStderrSink(options.log_form, clock);
  const Log log(sink.get(), options.log_level);
  auto agent = std::make_unique<Agent>(options, log);
  const Status prepared = agent->Prepare();
  if (!prepared) {
    return PrintFailure({"the agent cannot start", prepared.error(), EnrolHint(prepared.error())},
                        false);
  }
  const Status ended = agent->Run();
  agent->Close();
  int code = 0;
  if (!ended) code = PrintFailure({"the agent cannot go on", ended.error(), ""}, false);
  // Everything that must survive is on disk. What is left are coroutines that wait on shared
  // connections; no order of destructors is worth having for them.
  ::_exit(code);
}

}  // namespace dunlin::app
