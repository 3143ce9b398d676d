/// How training went, as a picture.
#pragma once

#include <string>
#include <vector>

#include "nabla/train/callback.h"

namespace nabla::insight {

/// What a picture shows of a run.
struct NamedHistory {
  std::string name;
  std::vector<EpochRecord> epochs;
  std::string judged_by = "validation";  ///< the part of the data that each epoch is judged by
};

/// The content of an SVG file: the losses of the runs over their epochs, in a colour each, train
/// solid, validation dashed; beside them the accuracies, where there are any. A value that is not
/// finite leaves a gap. Throws ValueError without a run, and for a run without epochs.
///
///     const auto history = trainer.fit(train, {.epochs = 5, .validation = test});
///     std::cout << insight::draw_history({{"first", history.epochs}});
std::string draw_history(const std::vector<NamedHistory>& runs);

}  // namespace nabla::insight
