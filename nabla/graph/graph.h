/// The graph: calls of ops in the order in which they were made.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "nabla/graph/op.h"
#include "nabla/graph/state.h"

namespace nabla {

/// One call, and its one output; or a leaf: an input of the function, a constant, a state.
struct Node {
  const Op* op = nullptr;
  std::array<std::int32_t, max_arity> in{-1, -1, -1};
  Tensor value;  ///< its shape and type; the data, too, of recorded calls and constants
  std::unique_ptr<const Attributes> own_attributes = nullptr;  ///< few calls have any
  std::int32_t scope = -1;  ///< the layer it was made in: an index into scopes()

  /// Type and shape of the value.
  Spec spec() const { return value.spec(); }
  /// Those of the call; std::monostate where it has none.
  const Attributes& attributes() const;
};

/// The leaves, and the copy that gives a tensor an identity of its own.
extern const Op input_op;     ///< an argument of a captured function
extern const Op constant_op;  ///< a tensor from outside, kept as it is
extern const Op state_op;     ///< the value of a State when the function starts
/// The same values, as a node of its own.
extern const TableEntry identity_op;
/// The same values, of which no derivative is taken: also what is read of an assigned state.
extern const TableEntry stop_gradient_op;

/// Append-only, so ids are a topological order and references to nodes stay valid.
class Graph {
 public:
  /// Whether calls are executed and recorded, or captured without data.
  enum class Mode { record, capture };
  /// An empty graph, with a number of its own.
  explicit Graph(Mode mode);
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  /// What it was made for.
  Mode mode() const { return mode_; }
  /// How many nodes there are.
  std::int32_t size() const { return size_; }
  /// The node of an id in [0, size()).
  const Node& operator[](std::int32_t id) const {
    return chunks_[static_cast<std::size_t>(id / chunk_nodes)]
                  [static_cast<std::size_t>(id % chunk_nodes)];
  }
  /// Whether the tensor is one of its nodes.
  bool contains(const Tensor& tensor) const { return tensor.node().graph == id_; }
  /// Its number, which NodeRef::graph holds.
  std::uint32_t id() const { return id_; }

  /// Appends a call with its result, which has no data while capturing.
  Tensor append(const Op& op, Inputs in, const Attributes& attributes, Tensor value);
  /// Appends a leaf whose value comes later.
  Tensor append_leaf(const Op& op, const Spec& spec);

  /// The tensor of a node, as ops take it.
  Tensor tensor(std::int32_t id) const;
  /// The call behind a node, as derivative rules take it.
  Call call(std::int32_t id) const;

  /// A state that was read or assigned while capturing.
  struct StateUse {
    State state;
    std::int32_t read = -1;      ///< the leaf that reads it
    std::int32_t assigned = -1;  ///< the node whose value it takes at the end; -1: unchanged
  };
  /// What a state holds at this point: what it was assigned last, else a leaf, made at its first
  /// use.
  Tensor read(const State& state);
  /// Gives a state another value from this point on.
  void assign(const State& state, const Tensor& tensor);
  /// All states that were read or assigned.
  const std::vector<StateUse>& states() const { return states_; }

  /// The names of layers that nodes were made in.
  const std::vector<std::string>& scopes() const { return scopes_; }

 private:
  std::int32_t id_of(const Tensor& tensor);
  std::int32_t id_of_constant(const Tensor& tensor);
  std::int32_t add(Node node);
  StateUse& use_of(const State& state);

  Mode mode_;
  std::uint32_t id_;
  // In chunks, which never move.
  static constexpr std::int32_t chunk_nodes = 64;
  std::vector<std::vector<Node>> chunks_;
  std::int32_t size_ = 0;
  std::int32_t last_constant_ = -1;
  std::vector<StateUse> states_;
  std::unordered_map<const void*, std::size_t> place_of_state_;  // in states_
  std::vector<std::string> scopes_;
};

/// Makes `graph` the one that calls on this thread are appended to, until it goes or is closed.
class GraphScope {
 public:
  /// Throws Error where the thread has nested too many (see Nesting).
  explicit GraphScope(Graph& graph);
  ~GraphScope();
  GraphScope(const GraphScope&) = delete;
  GraphScope& operator=(const GraphScope&) = delete;
  /// Back to what was active before, early.
  void close();

 private:
  Graph& graph_;
  Graph* before_;
  bool open_ = true;
};

/// The graph that this thread appends to; nullptr: calls are only executed.
Graph* active_graph();
/// Whether this thread appends to a graph without data.
inline bool is_capturing() {
  const Graph* graph = active_graph();
  return graph != nullptr && graph->mode() == Graph::Mode::capture;
}

/// Throws Error where a tensor belongs to a graph that another thread appends to: what is computed
/// from it would be missing there, and with it its derivative; or where it is marked by
/// read_beside_graphs for `graph`.
void check_session(const Tensor& tensor, const Graph* graph = active_graph());

/// The mark that a result must carry, computed from these inputs on a thread without a graph.
NodeRef mark_of(Inputs in);

/// What a state holds, read on a thread without a graph while others have theirs: marked where it
/// must not get into one. That is an open capture, which would keep the value, or the graph
/// `differentiating` (0: none), in which other values stand for the state.
Tensor read_beside_graphs(const Tensor& value, std::uint32_t differentiating);

/// Counts functions that run inside one another on this thread, and throws Error where they are so
/// many that one must be calling itself without end: before the stack ends.
class Nesting {
 public:
  /// `what` is what the error calls such a function.
  explicit Nesting(std::string_view what);
  ~Nesting();
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;
};

/// Names the calls made while it lives: the layer, in errors, drawings and profiles.
class NameScope {
 public:
  /// The name goes behind those of the scopes around it, and a dot.
  explicit NameScope(std::string name);
  ~NameScope();
  NameScope(const NameScope&) = delete;
  NameScope& operator=(const NameScope&) = delete;

 private:
  std::string before_;
};

/// Puts calls under the name that a node was made under: its derivatives belong to its layer.
class LayerScope {
 public:
  /// From now on, as if called where the node was.
  LayerScope(const Graph& graph, const Node& node);
  ~LayerScope();
  LayerScope(const LayerScope&) = delete;
  LayerScope& operator=(const LayerScope&) = delete;

 private:
  std::string before_;
};

/// The innermost name, empty outside of every scope.
const std::string& current_scope();

}  // namespace nabla
