/// The kernel calls of a plan.
#pragma once

#include <functional>
#include <memory>

#include "nabla/kernels/gemm.h"
#include "nabla/kernels/kernel_call.h"
#include "nabla/kernels/tile_program.h"
#include "nabla/plan/plan.h"
#include "nabla/plan/program.h"

namespace nabla::lowering {

/// A unit as calls. Its addresses are filled in by whoever makes it, and may change between runs.
class Step {
 public:
  Step() = default;
  virtual ~Step() = default;
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;
  /// Appends the calls that do the work. To be called before the first run, and whenever addresses
  /// of other than inputs have changed: then earlier calls are void.
  virtual void prepare(std::vector<KernelCall>& calls) = 0;

  StepInfo info;
};

/// Told of every address that a step needs: `field` must come to hold that of the value's first
/// element. Fields stay where they are.
using Bind = std::function<void(std::byte*& field, const Value& value)>;

/// The step of a unit.
std::unique_ptr<Step> make_step(const Program& program, int unit, const Bind& bind);

}  // namespace nabla::lowering
