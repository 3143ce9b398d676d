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
  return ++last;
}

Spec same_spec(const Op&, Inputs in, const Attributes&) { return in[0].spec(); }
Tensor same_gradient(const Call&, const Tensor& gradient) { return gradient; }

}  // namespace

const Op input_op{.name = "input", .doc = "An argument of a captured function.", .arity = 0};
const Op constant_op{.name = "constant", .doc = "A tensor kept as it is.", .arity = 0};
const Op state_op{.name = "state", .doc = "The value of a state.", .arity = 0};
const TableEntry identity_op(Op{
    .name = "identity",
    .doc = "the same values as a tensor of its own: what derivatives are taken by",
    .infer = same_spec,
    .rule = Linear{{same_gradient}},
    .view = [](const Layout& in, const Attributes&) { return std::optional(in); },
    .samples = {{.inputs = {{{2, 3}}}}},
});

Graph::Graph(Mode mode) : mode_(mode), id_(next_graph_id()) {}

Node& Graph::add(const Op& op, const Spec& spec) {
  const std::int32_t place = size_ % chunk_nodes;
  if (place == 0) chunks_.push_back(std::make_unique<std::array<Node, chunk_nodes>>());
  ++size_;
  Node& node = (*chunks_.back())[static_cast<std::size_t>(place)];
  node.op = &op;
  node.spec = spec;
  if (!scope_name.empty()) {
    if (scopes_.empty() || scopes_.back() != scope_name) scopes_.push_back(scope_name);
    node.scope = static_cast<std::int32_t>(scopes_.size()) - 1;
  }
  return node;
}

std::int32_t Graph::id_of(const Tensor& tensor) {
  if (contains(tensor)) return tensor.node().index;
  tensor.bytes();  // throws for a tensor of another capture
  add(constant_op, tensor.spec()).value = tensor.with_node({});
  return size_ - 1;
}

Tensor Graph::append(const Op& op, Inputs in, const Attributes& attributes, const Spec& spec,
                     const Tensor& value) {
  std::array<std::int32_t, max_arity> ids{-1, -1, -1};
  for (std::size_t i = 0; i < in.size(); ++i) ids[i] = id_of(in[i]);
  Node& node = add(op, spec);
  node.in = ids;
  node.attributes = attributes;
  node.value = value;
  return tensor(size_ - 1);
}

Tensor Graph::append_leaf(const Op& op, const Spec& spec, const Tensor& value) {
  add(op, spec).value = value.with_node({});
  return tensor(size_ - 1);
}

Tensor Graph::tensor(std::int32_t id) const {
  const Node& node = (*this)[id];
  const NodeRef ref{id_, id};
  if (mode_ == Mode::record) {
    return node.op == &constant_op ? node.value : node.value.with_node(ref);
  }
  return {Layout::contiguous(node.spec.shape), node.spec.dtype, {}, ref};
}

Call Graph::call(std::int32_t id) const {
  const Node& node = (*this)[id];
  Call call{*node.op, node.attributes, {}, tensor(id)};
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
  if (use.assigned >= 0) return tensor(use.assigned);
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
