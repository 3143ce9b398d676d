/// Random programs of the ops in the table, for comparing modes.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "tests/support/modes.h"

namespace nabla {

/// Runs `length` random steps on a pool that starts with the inputs, and gives the last tensors of
/// the pool. What it does follows from the seed and the inputs' types and shapes alone, and a
/// longer program starts like a shorter one.
Tensors random_program(std::uint64_t seed, int length, const Tensors& inputs);

/// Inputs for a program: small for most seeds, sometimes large enough for several threads.
Tensors random_inputs(std::uint64_t seed, bool large);

/// The calls that f makes, a line each, and into `ops`, if given, their names.
std::string listing(const TensorsFunction& f, const Tensors& inputs,
                    std::set<std::string_view>* ops = nullptr);

}  // namespace nabla
