#include "nabla/graph/graph.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "nabla/base/error.h"
#include "nabla/base/text.h"

namespace nabla {
namespace {

thread_local Graph* active = nullptr;
thread_local std::string scope_name;
thread_local int nesting = 0;

// The graphs of all threads that calls are still appended to.
class OpenGraphs {
 public:
  void add(const Graph& graph) {
    const std::lock_guard lock(mutex_);
    all_.push_back({graph.id(), graph.mode(), std::this_thread::get_id()});
    note();
  }
  void remove(const Graph& graph) {
    const std::lock_guard lock(mutex_);
    all_.erase(std::find_if(all_.begin(), all_.end(),
                            [&](const Entry& entry) { return entry.id == graph.id(); }));
    note();
  }
  // Whether another thread appends to it.
  bool has_elsewhere(std::uint32_t id) {
    if (count_.load(std::memory_order_relaxed) == 0) return false;
    const std::lock_guard lock(mutex_);
    return std::any_of(all_.begin(), all_.end(), [&](const Entry& entry) {
      return entry.id == id && entry.thread != std::this_thread::get_id();
    });
  }
  // The last capture that was begun, 0: none.
  std::uint32_t capture() const { return capture_.load(std::memory_order_relaxed); }

 private:
  struct Entry {
    std::uint32_t id;
    Graph::Mode mode;
    std::thread::id thread;
  };
  void note() {
    count_.store(all_.size(), std::memory_order_relaxed);
    std::uint32_t last = 0;
    for (const Entry& entry : all_) {
      if (entry.mode == Graph::Mode::capture) last = entry.id;
    }
    capture_.store(last, std::memory_order_relaxed);
  }

  std::mutex mutex_;
  std::vector<Entry> all_;
  std::atomic<std::size_t> count_{0};
  std::atomic<std::uint32_t> capture_{0};
};
OpenGraphs& open_graphs() {
  static auto* const graphs = new OpenGraphs;  // for as long as there are threads
  return *graphs;
}

[[noreturn]] void throw_other_thread(std::string_view what) {
  throw Error(str(what, ", and what depends on it would get lost: compute all on the thread that ",
                  "takes the derivative or captures, or hand over a copy of the numbers, such as ",
                  "Tensor::from(x.to_vector<float>(), x.shape())"));
}

// What marks a tensor that read_beside_graphs gave, or that is computed from one.
constexpr std::int32_t beside_graphs = -1;

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
  const auto [place, is_new] = place_of_state_.try_emplace(state.id(), states_.size());
  if (is_new) states_.push_back({state});
  return states_[place->second];
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

GraphScope::GraphScope(Graph& graph) : graph_(graph), before_(active) {
  open_graphs().add(graph);
  active = &graph;
}
GraphScope::~GraphScope() { close(); }
void GraphScope::close() {
  if (!open_) return;
  active = before_;
  open_graphs().remove(graph_);
  open_ = false;
}

Graph* active_graph() { return active; }

void check_session(const Tensor& tensor, const Graph* wanted) {
  const auto [graph, index] = tensor.node();
  const std::uint32_t mine = wanted == nullptr ? 0 : wanted->id();
  if (graph == 0 || (graph == mine && index != beside_graphs)) return;
  if (index == beside_graphs && graph == mine) {
    throw_other_thread(str(tensor.spec(), ": it comes from a state that another thread has read"));
  }
  if (index != beside_graphs && open_graphs().has_elsewhere(graph)) {
    throw_other_thread(str(tensor.spec(), ": another thread is recording this tensor"));
  }
}

Tensor read_beside_graphs(const Tensor& value, std::uint32_t differentiating) {
  const std::uint32_t graph = differentiating != 0 ? differentiating : open_graphs().capture();
  return graph == 0 || active != nullptr ? value : value.with_node({graph, beside_graphs});
}

NodeRef mark_of(Inputs in) {
  for (const Tensor& tensor : in) {
    if (tensor.node().graph != 0 && tensor.node().index == beside_graphs) return tensor.node();
  }
  return {};
}

Nesting::Nesting(std::string_view what) {
  constexpr int most = 100;
  if (nesting == most) {
    throw Error(str(what, ": ", most,
                    " functions run inside one another: expected fewer; does one ",
                    "call itself without end?"));
  }
  ++nesting;
}
Nesting::~Nesting() { --nesting; }

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
