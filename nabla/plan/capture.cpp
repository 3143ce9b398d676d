#include "nabla/plan/capture.h"

#include <algorithm>

#include "nabla/base/error.h"
#include "nabla/graph/graph.h"

namespace nabla {

Captured::Captured(Function function, PlanOptions options)
    : function_(std::move(function)), options_(options) {
  check_present(function_, "capture: the function", "one from tensors to tensors");
}

const Tensors& Captured::operator()(const Tensors& inputs) {
  if (active_graph() != nullptr) return inlined_ = function_(inputs);
  const auto fits = [&](const Entry& entry) {
    return std::equal(inputs.begin(), inputs.end(), entry.inputs.begin(), entry.inputs.end(),
                      [](const Tensor& tensor, const Spec& spec) {
                        return tensor.dtype() == spec.dtype && tensor.shape() == spec.shape;
                      });
  };
  const auto found = std::find_if(entries_.begin(), entries_.end(), fits);
  if (found != entries_.end()) return found->plan->run(inputs);
  std::vector<Spec> specs;
  for (const Tensor& input : inputs) specs.push_back(input.spec());
  return plan(specs).run(inputs);
}

Plan& Captured::plan(const std::vector<Spec>& inputs) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.inputs == inputs; });
  if (found != entries_.end()) return *found->plan;
  Graph graph(Graph::Mode::capture);
  Tensors arguments;
  Tensors results;
  {
    const GraphScope scope(graph);
    for (const Spec& spec : inputs) arguments.push_back(graph.append_leaf(input_op, spec));
    results = function_(arguments);
  }
  entries_.push_back({inputs, std::make_unique<Plan>(graph, arguments, results, options_)});
  return *entries_.back().plan;
}

}  // namespace nabla
