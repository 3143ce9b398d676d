/// What every plan must obey, checked before it runs.
#pragma once

#include "nabla/plan/program.h"

namespace nabla::lowering {

/// Whether every plan is verified when it is made: in debug builds, and in the tests of any build.
#ifdef NDEBUG
inline bool verifies_plans = false;
#else
inline bool verifies_plans = true;
#endif

/// Throws InternalError, naming the operation, unless in a program behind place()
/// - every operation is in one unit, and every unit is scheduled once;
/// - results have the shapes and types that their ops infer, and values lie inside their storage;
/// - what an operation reads was written before;
/// - every state is assigned at most once, and overwritten in place only where nobody reads the old
///   value later, or elsewhere than it is written;
/// - what is alive at the same time does not overlap in the arena, nor reach beyond it.
void verify(const Program& program);

}  // namespace nabla::lowering
