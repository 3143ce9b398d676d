#include "nabla/plan/capture.h"

#include <algorithm>

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/graph/graph.h"
#include "nabla/graph/training.h"

namespace nabla {

Captured::Captured(Function function, PlanOptions options)
    : function_(std::move(function)), options_(options) {
  check_present(function_, "capture: the function", "one from tensors to tensors");
}

const Tensors& Captured::operator()(const Tensors& inputs) {
  if (active_graph() != nullptr || Substitution::is_active()) {
    const Nesting nesting("capture");
    return inlined_ = function_(inputs);
  }
  for (const Tensor& input : inputs) check_session(input);
  const auto found = std::ranges::find_if(plans_, [&, mode = training_scope()](const Entry& entry) {
    return entry.training == mode && entry.plan->takes(inputs);
  });
  if (found != plans_.end()) return used(found).run(inputs);
  std::vector<Spec> specs;
  for (const Tensor& input : inputs) specs.push_back(input.spec());
  return plan(specs).run(inputs);
}

Plan& Captured::plan(const std::vector<Spec>& inputs) {
  const std::optional<bool> mode = training_scope();
  const auto found = std::ranges::find_if(plans_, [&](const Entry& entry) {
    return entry.training == mode && entry.plan->inputs() == inputs;
  });
  if (found != plans_.end()) return used(found);
  if (Substitution::is_active()) {
    throw Error(
        "capture: values are substituted for states: expected a plan to be made before or "
        "after that, since it would keep them");
  }
  const Nesting nesting("capture");
  Graph graph(Graph::Mode::capture);
  Tensors arguments;
  Tensors results;
  {
    const GraphScope scope(graph);
    for (const Spec& spec : inputs) arguments.push_back(graph.append_leaf(input_op, spec));
    results = function_(arguments);
    for (const Tensor& result : results) check_session(result);
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!results[i].defined()) {
      throw ValueError(str("capture: result ", i,
                           " is an undefined tensor: expected one that the function computes"));
    }
    if (!results[i].has_data() && !graph.contains(results[i])) {
      throw CaptureError(str("capture: result ", i, ", ", results[i].spec(),
                             ", was made while another function was captured: it has no value; ",
                             "return it from that one"));
    }
  }
  Entry entry{mode, std::make_unique<Plan>(graph, arguments, results, options_)};
  if (plans_.size() == most_plans) plans_.pop_back();
  plans_.insert(plans_.begin(), std::move(entry));
  return *plans_.front().plan;
}

Plan& Captured::used(Plans::iterator entry) {
  std::rotate(plans_.begin(), entry, entry + 1);
  return *plans_.front().plan;
}

}  // namespace nabla
