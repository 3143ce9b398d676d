/// Variables side by side in memory.
#pragma once

#include <vector>

#include "nabla/graph/state.h"

namespace nabla::nn {

/// Moves the memory of the variables into one vector, in this order and with their values: those of
/// one element type lie without gaps, so that a whole model is updated in one pass. Functions
/// captured before follow them.
void make_contiguous(const std::vector<State>& variables);

/// The same of variables of one element type, and one state more that is the whole vector, in the
/// same memory.
State make_vector(const std::vector<State>& variables);

/// Whether they lie like that already.
bool is_contiguous(const std::vector<State>& variables);

}  // namespace nabla::nn
