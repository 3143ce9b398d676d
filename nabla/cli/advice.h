/// What a run was worth, and what to try next.
#pragma once

#include <string>
#include <vector>

#include "nabla/cli/train_output.h"

namespace nabla::cli {

struct Advice {
  std::string warning;            // empty: none
  std::vector<std::string> next;  // commands
};

/// Warns of a run that diverged: its training loss has grown, beyond that of the answer that does
/// not look at the inputs; and of one whose model is no better than that answer.
Advice advise(const TrainRun& run, const History& history, const Evaluation& test);

}  // namespace nabla::cli
