/// Plans: a captured function as a flat list of kernel calls.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nabla/graph/graph.h"

namespace nabla {

/// What a plan may do. The results are the same bits either way; tests compare.
struct PlanOptions {
  bool fuse = true;  ///< run chains of elementwise ops tile by tile, also behind matrix products
};

class Plan {
 public:
  /// Lowers a captured graph that gives `outputs` and assigns the graph's states.
  Plan(const Graph& graph, const std::vector<Tensor>& inputs, const std::vector<Tensor>& outputs,
       PlanOptions options = {});
  ~Plan();
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  /// Runs all steps on these inputs and gives the outputs, which the next run overwrites unless
  /// somebody still holds them. Allocates nothing else.
  const std::vector<Tensor>& run(const std::vector<Tensor>& inputs);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nabla
