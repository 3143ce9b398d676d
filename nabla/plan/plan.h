/// Plans: a captured function as a flat list of kernel calls over planned memory.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "nabla/graph/graph.h"

namespace nabla {

/// What a plan may do. The results are the same bits either way; tests compare.
struct PlanOptions {
  bool fuse = true;  ///< run chains of elementwise ops tile by tile, also behind matrix products
};

/// One step of a plan, as a profile lists it.
struct StepInfo {
  std::string op;      ///< the ops it computes: "matmul+add+relu"
  std::string layer;   ///< the layer they belong to, empty outside of layers
  std::string shapes;  ///< of the inputs and of the result
  double flops = 0;  ///< floating-point operations, of matrix products twice their multiplications
  double bytes = 0;  ///< read and written
  double seconds = 0;  ///< median time of a run, where it was measured
};

/// A captured function, ready to be run; Captured makes one for each kind of inputs.
class Plan {
 public:
  /// Lowers a captured graph. `inputs` and `outputs` are tensors of the graph; the states that it
  /// assigns take their new values at the end of each run.
  Plan(const Graph& graph, const std::vector<Tensor>& inputs, const std::vector<Tensor>& outputs,
       PlanOptions options = {});
  ~Plan();
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  /// Types and shapes of the captured inputs.
  const std::vector<Spec>& inputs() const { return inputs_; }
  /// Whether these are as many, of those types and shapes.
  bool takes(const std::vector<Tensor>& inputs) const;

  /// The steps, each timed on its own over `repetitions` runs; below 1: not timed, and inputs are
  /// not looked at. Throws ShapeError where the plan does not take the inputs.
  std::vector<StepInfo> profile(const std::vector<Tensor>& inputs, int repetitions);

  /// Bytes of memory between the steps.
  std::size_t arena_bytes() const;

 private:
  friend class Captured;
  // Runs all steps on inputs that it takes, and gives the outputs. The next run overwrites them
  // unless somebody else holds them by then. Allocates nothing, unless an input is strided or a
  // result is held.
  const std::vector<Tensor>& run(const std::vector<Tensor>& inputs);

  struct Impl;
  std::vector<Spec> inputs_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nabla
