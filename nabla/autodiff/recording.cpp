#include "nabla/autodiff/recording.h"

#include <algorithm>

#include "nabla/base/text.h"
#include "nabla/ops/elementwise.h"
#include "nabla/ops/shaping.h"

namespace nabla {
namespace {

Tensor zeros(const Spec& spec) { return broadcast_to(number(0, spec.dtype), spec.shape); }

void check_defined(const Tensor& output) {
  if (output.defined()) return;
  throw ValueError(
      "derivatives: the function gave an undefined tensor: expected one that is computed");
}

Tensor plus(const Tensor& sum, const Tensor& term) { return sum.defined() ? sum + term : term; }

// A rule may be a user's: what does not fit is named as his.
void check_rule(const Call& call, const Tensor& given, std::string_view place, const Spec& wanted) {
  if (given.defined() && given.spec() == wanted) return;
  if (!given.defined()) {
    throw ValueError(str(call.op.name, ": its derivative rule gives an undefined tensor for ",
                         place, ": expected ", wanted));
  }
  throw ShapeError(str(call.op.name, ": its derivative rule gives ", given.spec(), " for ", place,
                       ": expected ", wanted));
}

// The partial derivative by input i times a direction, element by element.
Tensor times_partial(const Elementwise& rule, const Call& call, std::size_t i,
                     const Tensor& direction) {
  const Tensor partial = rule.partial[i](call);
  if (!partial.defined() || partial.spec() != direction.spec()) {
    check_rule(call, partial, str("input ", i), direction.spec());
  }
  return scale_gradient(direction, partial);
}

// The gradient of input i of a call, from that of its output.
Tensor input_gradient(const Call& call, int i, const Tensor& gradient) {
  const auto at = static_cast<std::size_t>(i);
  struct {
    const Call& call;
    int i;
    std::size_t at;
    const Tensor& gradient;
    Tensor operator()(const Constant&) const { return {}; }
    Tensor operator()(const Elementwise& rule) const {
      return times_partial(rule, call, at, gradient);
    }
    Tensor operator()(const Linear& rule) const { return rule.transpose[at](call, gradient); }
    Tensor operator()(const Multilinear& rule) const { return rule.transpose[at](call, gradient); }
    Tensor operator()(const Custom& rule) const { return rule.vjp(call, i, gradient); }
  } visitor{call, i, at, gradient};
  return std::visit(visitor, call.op.rule);
}

// The tangent of a call's output from those of its inputs, undefined where an input has none.
Tensor output_tangent(const Call& call, std::span<const Tensor> tangents) {
  const auto arity = static_cast<std::size_t>(call.op.arity);
  struct {
    const Call& call;
    std::span<const Tensor> tangents;
    std::size_t arity;

    Inputs inputs(const std::array<Tensor, max_arity>& in) const { return Inputs(in).first(arity); }
    Tensor operator()(const Constant&) const { return {}; }
    Tensor operator()(const Elementwise& rule) const {
      Tensor sum;
      for (std::size_t i = 0; i < arity; ++i) {
        if (!tangents[i].defined()) continue;
        sum = plus(sum, times_partial(rule, call, i, tangents[i]));
      }
      return sum;
    }
    Tensor operator()(const Linear& rule) const {
      std::array<Tensor, max_arity> in = call.in;
      for (std::size_t i = 0; i < arity; ++i) {
        if (rule.transpose[i] == nullptr) continue;
        in[i] = tangents[i].defined() ? tangents[i] : zeros(in[i].spec());
      }
      return apply(call.op, inputs(in), call.attributes);
    }
    Tensor operator()(const Multilinear&) const {
      Tensor sum;
      for (std::size_t i = 0; i < arity; ++i) {
        if (!tangents[i].defined()) continue;
        std::array<Tensor, max_arity> in = call.in;
        in[i] = tangents[i];
        sum = plus(sum, apply(call.op, inputs(in), call.attributes));
      }
      return sum;
    }
    Tensor operator()(const Custom& rule) const { return rule.jvp(call, tangents); }
  } visitor{call, tangents, arity};
  return std::visit(visitor, call.op.rule);
}

}  // namespace

void check_has_derivative(const Tensor& output) {
  check_defined(output);
  if (is_floating(output.dtype())) return;
  throw DTypeError(str("derivatives are of functions that give f32 or f64 tensors, got ",
                       output.spec(), "; return the numbers that these integers were made from"));
}

void check_scalar(const Tensor& value, std::string_view caller) {
  check_defined(value);
  if (value.rank() == 0) return;
  throw ShapeError(str(caller, ": the function must give one number, got shape ", value.shape(),
                       "; reduce it with sum or mean"));
}

Recording::Recording() {
  graph_ = active_graph();
  if (graph_ == nullptr) {
    graph_ = &own_.emplace(Graph::Mode::record);
    scope_.emplace(*graph_);
  }
  begin_ = graph_->size();
}

Recording::~Recording() {
  if (end_ < 0) stop();
}

Tensor Recording::variable(const Tensor& x) {
  if (!x.defined()) {
    throw ValueError("derivatives: an input is an undefined tensor: expected one with values");
  }
  if (!is_floating(x.dtype())) {
    throw DTypeError(
        str("derivatives are taken by f32 or f64 tensors, got ", x.spec(), "; cast it first"));
  }
  check_session(x);
  const bool executes = graph_->mode() == Graph::Mode::record;
  const Tensor value = executes ? x.with_node({}) : Tensor::without_data(x.spec());
  variables_.push_back(graph_->append(identity_op, {&x, 1}, {}, value));
  return variables_.back();
}

void Recording::stop() {
  end_ = graph_->size();
  if (scope_) scope_->close();
}

std::vector<Tensor> Recording::gradients_of_nodes(const Tensor& output,
                                                  const Tensor& cotangent) const {
  check_has_derivative(output);
  check_session(output, graph_);
  const bool follows = graph_->contains(output) && output.node().index >= begin_;
  const std::int32_t last = follows ? output.node().index : begin_ - 1;
  // Which nodes the variables reach: only those carry gradients.
  std::vector<char> reached(place(last + 1), 0);
  std::vector<char> is_variable(place(last + 1), 0);
  for (const Tensor& variable : variables_) {
    if (variable.node().index > last) continue;
    reached[place(variable.node().index)] = 1;
    is_variable[place(variable.node().index)] = 1;
  }
  const auto is_reached = [&](std::int32_t id) { return id >= begin_ && reached[place(id)] != 0; };
  const auto carries = [&](const Node& node, std::size_t i) {
    const std::int32_t input = node.in[i];
    return input >= 0 && is_reached(input) &&
           is_differentiable(*node.op, static_cast<int>(i), (*graph_)[input].spec().dtype);
  };
  for (std::int32_t id = begin_; id <= last; ++id) {
    const Node& node = (*graph_)[id];
    if (!is_floating(node.spec().dtype)) continue;
    for (std::size_t i = 0; i < max_arity; ++i) {
      if (carries(node, i)) reached[place(id)] = 1;
    }
  }

  std::vector<Tensor> gradients(reached.size());
  if (follows) gradients.back() = cotangent;
  for (std::int32_t id = last; id >= begin_; --id) {
    const Tensor& gradient = gradients[place(id)];
    if (!gradient.defined() || !is_reached(id) || is_variable[place(id)] != 0) continue;
    const Node& node = (*graph_)[id];
    const LayerScope layer(*graph_, node);
    const Call call = graph_->call(id);
    for (std::size_t i = 0; i < max_arity; ++i) {
      if (!carries(node, i)) continue;
      Tensor& sum = gradients[place(node.in[i])];
      const Tensor term = input_gradient(call, static_cast<int>(i), gradient);
      const Spec wanted = (*graph_)[node.in[i]].spec();
      if (!term.defined() || term.spec() != wanted) {
        check_rule(call, term, str("input ", i), wanted);
      }
      sum = plus(sum, term);
    }
  }

  return gradients;
}

Tensors Recording::pull_back(const Tensor& output, const Tensor& cotangent,
                             bool path_needed) const {
  const std::vector<Tensor> gradients = gradients_of_nodes(output, cotangent);
  Tensors result;
  bool any_found = false;
  for (const Tensor& variable : variables_) {
    const std::size_t at = place(variable.node().index);
    const bool found = at < gradients.size() && gradients[at].defined();
    any_found = any_found || found;
    result.push_back(found ? gradients[at] : zeros(variable.spec()));
  }
  if (path_needed && !any_found) {
    throw ValueError(
        "the loss does not depend on any parameter, or only through ops without a derivative, such "
        "as argmax or comparisons: expected one that has a gradient, such as a cross-entropy");
  }
  return result;
}

Tensors Recording::push_forward(std::span<const Tensor> tangents,
                                std::span<const Tensor> outputs) const {
  std::vector<Tensor> reached(place(end_));
  for (std::size_t i = 0; i < variables_.size(); ++i) {
    reached[place(variables_[i].node().index)] = tangents[i];
  }
  const auto tangent_of = [&](std::int32_t id) {
    return id >= begin_ ? reached[place(id)] : Tensor();
  };
  for (std::int32_t id = begin_; id < end_; ++id) {
    const Node& node = (*graph_)[id];
    if (reached[place(id)].defined() || !is_floating(node.spec().dtype)) continue;
    std::array<Tensor, max_arity> in;
    bool any = false;
    for (std::size_t i = 0; i < max_arity; ++i) {
      if (node.in[i] < 0) continue;
      const DType dtype = (*graph_)[node.in[i]].spec().dtype;
      if (is_differentiable(*node.op, static_cast<int>(i), dtype)) in[i] = tangent_of(node.in[i]);
      any = any || in[i].defined();
    }
    if (!any) continue;
    const LayerScope layer(*graph_, node);
    const Call call = graph_->call(id);
    const Tensor tangent = output_tangent(call, in);
    check_rule(call, tangent, "its result", call.out.spec());
    reached[place(id)] = tangent;
  }
  Tensors result;
  for (const Tensor& output : outputs) {
    check_has_derivative(output);
    check_session(output, graph_);
    Tensor tangent;
    if (graph_->contains(output)) tangent = tangent_of(output.node().index);
    result.push_back(tangent.defined() ? tangent : zeros(output.spec()));
  }
  return result;
}

}  // namespace nabla
