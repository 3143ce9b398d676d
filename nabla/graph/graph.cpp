#include "nabla/graph/graph.h"

#include <algorithm>
#include <atomic>

#include "nabla/base/error.h"
#include "nabla/base/text.h"

namespace nabla {
namespace {

thread_local Graph* active = nullptr;
thread_local std::string scope_name;

std::uint32_t next_graph_id() {
  static std::atomic<std::uint32_t> last{0};
  const std::uint32_t id = ++last;
  return id != 0 ? id : ++last;  // after 2^32 graphs: 0 is that of tensors in none
}

Spec same_spec(const Op&, Inputs in, const Attributes&) { return in[0].spec(); }
Tensor same_gradient(const Call&, const Tensor& gradient) { return gradient; }

}  // namespace

const Op input_op{.name = "input", .doc = "An argument of a captured function.", .arity = 0};
const Op constant_op{.name = "constant", .doc = "A tensor kept as it is.", .arity = 0};
const Op state_op{.name = "state", .doc = "The value of a state.", .arity = 0};
const TableEntry stop_gradient_op(Op{
    .name = "stop_gradient",
    .doc = "the same values, without a derivative",
    .infer = same_spec,
    .view = [](const Layout& in, const Attributes&) { return std::optional(in); },
    .samples = {{.inputs = {{{2, 3}}}}},
});
const TableEntry identity_op(Op{
    .name = "identity",
    .doc = "the same values as a tensor of its own: what derivatives are taken by",
    .infer = same_spec,
    .rule = Linear{{same_gradient}},
    .view = [](const Layout& in, const Attributes&) { return std::optional(in); },
    .samples = {{.inputs = {{{2, 3}}}}},
});

const Attributes& Node::attributes() const {
  static const Attributes none;
  return own_attributes == nullptr ? none : *own_attributes;
}

Graph::Graph(Mode mode) : mode_(mode), id_(next_graph_id()) {}

std::int32_t Graph::add(Node node) {
  if (size_ % chunk_nodes == 0) chunks_.emplace_back().reserve(chunk_nodes);
  if (!scope_name.empty()) {
    if (scopes_.empty() || scopes_.back() != scope_name) scopes_.push_back(scope_name);
    node.scope = static_cast<std::int32_t>(scopes_.size()) - 1;
  }
  chunks_.back().push_back(std::move(node));
  return size_++;
}

std::int32_t Graph::id_of(const Tensor& tensor) {
  return contains(tensor) ? tensor.node().index : id_of_constant(tensor);
}

std::int32_t Graph::id_of_constant(const Tensor& tensor) {
  tensor.bytes();  // throws for a tensor of another capture
  // The same one is often used again and again.
  if (last_constant_ >= 0) {
    const Tensor& last = (*this)[last_constant_].value;
    const bool same = last.buffer().get() == tensor.buffer().get() &&
                      last.dtype() == tensor.dtype() && last.layout() == tensor.layout();
    if (same) return last_constant_;
  }
  last_constant_ = add({.op = &constant_op, .value = tensor.with_node({})});
  return last_constant_;
}

Tensor Graph::append(const Op& op, Inputs in, const Attributes& attributes, Tensor value) {
  Node node{.op = &op, .value = std::move(value)};
  for (std::size_t i = 0; i < in.size(); ++i) node.in[i] = id_of(in[i]);
  if (attributes.index() != 0) node.own_attributes = std::make_unique<Attributes>(attributes);
  return tensor(add(std::move(node)));
}

Tensor Graph::append_leaf(const Op& op, const Spec& spec) {
  return tensor(add({.op = &op, .value = Tensor::without_data(spec)}));
}

Tensor Graph::tensor(std::int32_t id) const {
  const Node& node = (*this)[id];
  const NodeRef ref{id_, id};
  if (node.op != &constant_op) return node.value.with_node(ref);
  return mode_ == Mode::record ? node.value : Tensor::without_data(node.spec()).with_node(ref);
}

Call Graph::call(std::int32_t id) const {
  const Node& node = (*this)[id];
  Call call{*node.op, node.attributes(), {}, tensor(id)};
  for (std::size_t i = 0; i < max_arity; ++i) {
    if (node.in[i] >= 0) call.in[i] = tensor(node.in[i]);
  }
  return call;
}

Graph::StateUse& Graph::use_of(const State& state) {
  const auto found = std::find_if(states_.begin(), states_.end(),
                                  [&](const StateUse& use) { return use.state == state; });
  if (found != states_.end()) return *found;
  states_.push_back({state});
  return states_.back();
}

Tensor Graph::read(const State& state) {
  StateUse& use = use_of(state);
  if (use.assigned >= 0) {
    const Tensor value = tensor(use.assigned);
    return append(stop_gradient_op, {&value, 1}, {}, Tensor::without_data(value.spec()));
  }
  if (use.read < 0) use.read = append_leaf(state_op, state.spec()).node().index;
  return tensor(use.read);
}

void Graph::assign(const State& state, const Tensor& tensor) {
  const std::int32_t id = id_of(tensor);
  use_of(state).assigned = id;
}

GraphScope::GraphScope(Graph& graph) : before_(active) { active = &graph; }
GraphScope::~GraphScope() { close(); }
void GraphScope::close() {
  if (open_) active = before_;
  open_ = false;
}

Graph* active_graph() { return active; }

NameScope::NameScope(std::string name) : before_(std::move(scope_name)) {
  scope_name = before_.empty() ? std::move(name) : before_ + "/" + name;
}
NameScope::~NameScope() { scope_name = std::move(before_); }

LayerScope::LayerScope(const Graph& graph, const Node& node) : before_(std::move(scope_name)) {
  scope_name = node.scope >= 0 ? graph.scopes()[static_cast<std::size_t>(node.scope)] : "";
}
LayerScope::~LayerScope() { scope_name = std::move(before_); }

const std::string& current_scope() { return scope_name; }

}  // namespace nabla
