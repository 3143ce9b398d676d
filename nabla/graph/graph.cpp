#include "nabla/graph/graph.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <functional>

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

std::size_t hash_of(const Node& node) {
  std::size_t hash = std::hash<const void*>()(node.op);
  for (const std::int32_t input : node.in) {
    hash = hash * 1000003 + static_cast<std::size_t>(input);
  }
  return hash;
}

}  // namespace

const Op input_op{.name = "input", .doc = "An argument of a captured function.", .arity = 0};
const Op constant_op{.name = "constant", .doc = "A tensor kept as it is.", .arity = 0};
const Op state_op{.name = "state", .doc = "The value of a state.", .arity = 0};
const TableEntry identity_op(Op{
    .name = "identity",
    .doc = "The same values as a tensor of its own: what derivatives are taken by.",
    .infer = same_spec,
    .rule = Linear{{same_gradient}},
    .view = [](const Layout& in, const Attributes&) { return std::optional(in); },
    .samples = {{.inputs = {{{2, 3}}}}},
});

Graph::Graph(Mode mode) : mode_(mode), id_(next_graph_id()) {}

Tensor Graph::add(Node node) {
  if (!scope_name.empty()) {
    if (scopes_.empty() || scopes_.back() != scope_name) scopes_.push_back(scope_name);
    node.scope = static_cast<std::int32_t>(scopes_.size()) - 1;
  }
  nodes_.push_back(std::move(node));
  return tensor(size() - 1);
}

std::int32_t Graph::id_of(const Tensor& tensor) {
  if (contains(tensor)) return tensor.node().index;
  tensor.bytes();  // throws for a tensor of another capture
  if (mode_ == Mode::capture && tensor.rank() == 0) return number(tensor);
  append_leaf(constant_op, tensor.spec(), tensor);
  return size() - 1;
}

std::int32_t Graph::number(const Tensor& tensor) {
  const auto bits = [](const Tensor& t) {
    std::uint64_t word = 0;
    std::memcpy(&word, t.bytes(), size_of(t.dtype()));
    return word;
  };
  const std::size_t hash = std::hash<std::uint64_t>()(bits(tensor));
  const auto [first, last] = calls_.equal_range(hash);
  for (auto entry = first; entry != last; ++entry) {
    const Node& other = (*this)[entry->second];
    if (other.op == &constant_op && other.spec == tensor.spec() &&
        bits(other.value) == bits(tensor)) {
      return entry->second;
    }
  }
  calls_.emplace(hash, size());
  append_leaf(constant_op, tensor.spec(), tensor);
  return size() - 1;
}

Tensor Graph::append(const Op& op, Inputs in, const Attributes& attributes, const Spec& spec,
                     const Tensor& value) {
  Node node{.op = &op, .attributes = attributes, .spec = spec, .value = value};
  for (std::size_t i = 0; i < in.size(); ++i) node.in[i] = id_of(in[i]);
  if (mode_ == Mode::record || recordings_ > 0) return add(std::move(node));
  const std::size_t hash = hash_of(node);
  const auto [first, last] = calls_.equal_range(hash);
  for (auto entry = first; entry != last; ++entry) {
    const Node& other = (*this)[entry->second];
    if (other.op == node.op && other.in == node.in && other.spec == node.spec &&
        other.attributes == node.attributes) {
      return tensor(entry->second);
    }
  }
  calls_.emplace(hash, size());
  return add(std::move(node));
}

Tensor Graph::append_leaf(const Op& op, const Spec& spec, const Tensor& value) {
  return add({.op = &op, .spec = spec, .value = value.with_node({})});
}

Tensor Graph::append_identity(const Tensor& tensor) {
  Node node{.op = &identity_op, .spec = tensor.spec()};
  node.in[0] = id_of(tensor);
  if (mode_ == Mode::record) node.value = tensor.with_node({});
  return add(std::move(node));
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
