#include "nabla/graph/op.h"

#include <algorithm>

#include "nabla/base/error.h"
#include "nabla/base/flush_denormals.h"
#include "nabla/base/parallel.h"
#include "nabla/base/text.h"
#include "nabla/graph/graph.h"
#include "nabla/kernels/tile_program.h"
#include "nabla/tensor/copy.h"

namespace nabla {
namespace {

std::vector<const Op*>& entries() {
  static std::vector<const Op*> all;
  return all;
}

std::size_t bytes_of(std::int64_t elements, DType dtype) {
  return static_cast<std::size_t>(elements) * size_of(dtype);
}

// As kernels take it: they write to outputs only.
std::byte* address_of(const Tensor& tensor) { return const_cast<std::byte*>(tensor.bytes()); }

// Runs an elementwise op on whole arrays that lie alike.
void run_tile(Tile tile, std::span<const Tensor> in, const Tensor& out) {
  constexpr std::int64_t chunk_elements = 32768;
  const std::int64_t elements = out.size();
  parallel_for(ceil_divide(elements, chunk_elements), [&](std::int64_t chunk) {
    const std::int64_t first = chunk * chunk_elements;
    const auto at = [&](std::size_t i) -> const void* {
      return i < in.size() ? in[i].bytes() + bytes_of(first, in[i].dtype()) : nullptr;
    };
    tile(std::min(chunk_elements, elements - first), at(0), at(1), at(2),
         address_of(out) + bytes_of(first, out.dtype()));
  });
}

// The same for inputs that are strided or repeat.
void run_strided(Tile tile, std::span<const Tensor> in, const Tensor& out) {
  TileProgram program;
  program.extents = out.shape();
  for (const Tensor& tensor : in) {
    program.operands.push_back({address_of(tensor), static_cast<int>(size_of(tensor.dtype())),
                                tensor.layout().strides, false});
  }
  program.operands.push_back(
      {address_of(out), static_cast<int>(size_of(out.dtype())), out.layout().strides, true});
  const auto arity = static_cast<std::uint8_t>(in.size());
  program.instructions = {
      {tile, 0, std::uint8_t(arity > 1 ? 1 : 0), std::uint8_t(arity > 2 ? 2 : 0), arity}};
  program.collapse();
  program.run();
}

// Whether it can be applied.
bool is_whole(const Op& op) {
  const int ways = int{op.view != nullptr} + int{op.tile != nullptr} + int{op.kernel != nullptr};
  const auto* custom = std::get_if<Custom>(&op.rule);
  const bool has_rule = custom == nullptr || (custom->vjp != nullptr && custom->jvp != nullptr);
  const int least = op.kernel == nullptr ? 1 : 0;
  const int most = op.view == nullptr ? max_arity : 1;
  const bool fits = op.arity >= least && op.arity <= most;
  return !op.name.empty() && op.infer != nullptr && ways == 1 && fits && has_rule;
}

void check_whole(const Op& op) {
  if (is_whole(op)) return;
  throw ValueError(str(
      "op ", quote(op.name), ": expected a name, infer, one of view (of one input), tile (of 1 to ",
      max_arity, ") and kernel (of 0 to ", max_arity, "), and both functions of a Custom rule"));
}

Argument argument_of(const Tensor& tensor) {
  Argument argument{address_of(tensor), tensor.dtype(), tensor.layout()};
  argument.layout.offset = 0;
  return argument;
}

// What the op's shape rule says; attributes of another kind than it reads are the caller's mistake.
Spec infer_spec(const Op& op, Inputs in, const Attributes& attributes) {
  try {
    return op.infer(op, in, attributes);
  } catch (const std::bad_variant_access&) {
    throw ValueError(str(op.name, ": attributes ", quote(str(attributes)),
                         " are of another kind than it takes"));
  }
}

}  // namespace

TableEntry::TableEntry(const Op& op) : Op(op) {
  check_whole(*this);
  const auto has_its_name = [&](const Op* other) { return other->name == name; };
  if (std::any_of(entries().begin(), entries().end(), has_its_name)) {
    throw ValueError(
        str("op ", quote(name), ": expected a name that no other op of the table has"));
  }
  entries().push_back(this);
}

std::vector<const Op*> op_table() {
  std::vector<const Op*> all = entries();
  std::sort(all.begin(), all.end(), [](const Op* a, const Op* b) { return a->name < b->name; });
  return all;
}

void check_attributes(bool fit, const Op& op, Inputs in, const Attributes& attributes) {
  if (fit) return;
  throw ShapeError(in.empty() ? str(op.name, ": expected extents of at least 0, got ", attributes)
                              : str(op.name, ": ", attributes, " does not fit ", in[0].shape()));
}

bool is_differentiable(const Op& op, int input, DType dtype) {
  if (!is_floating(dtype)) return false;
  const auto i = static_cast<std::size_t>(input);
  struct {
    std::size_t i;
    bool operator()(const Constant&) const { return false; }
    bool operator()(const Elementwise& rule) const { return rule.partial[i] != nullptr; }
    bool operator()(const Linear& rule) const { return rule.transpose[i] != nullptr; }
    bool operator()(const Multilinear& rule) const { return rule.transpose[i] != nullptr; }
    bool operator()(const Custom&) const { return true; }
  } visitor{i};
  return std::visit(visitor, op.rule);
}

TileVariants tile_for(const Op& op, DType in, DType out) {
  const TileVariants variants = op.tile(tiles(), in, out);
  if (variants.dense == nullptr) {
    throw DTypeError(str(op.name, ": its tile has no function from ", in, " to ", out,
                         ": expected infer to refuse these types"));
  }
  return variants;
}

Tensor execute(const Op& op, Inputs in, const Attributes& attributes, const Spec& spec) {
  if (op.view != nullptr) {
    in[0].bytes();  // throws where there is no value
    if (auto layout = op.view(in[0].layout(), attributes)) {
      return {*layout, spec.dtype, in[0].buffer()};
    }
    const Tensor copy = contiguous(in[0]);
    return {*op.view(copy.layout(), attributes), spec.dtype, copy.buffer()};
  }
  const FlushDenormals flush;
  Tensor out = Tensor::empty(spec);
  if (op.tile != nullptr) {
    const Tile tile = tile_for(op, in.back().dtype(), spec.dtype).dense;
    const bool dense = std::all_of(in.begin(), in.end(),
                                   [](const Tensor& t) { return t.layout().is_contiguous(); });
    dense ? run_tile(tile, in, out) : run_strided(tile, in, out);
    return out;
  }
  std::array<Tensor, max_arity> inputs;
  std::array<Argument, max_arity> arguments;
  for (std::size_t i = 0; i < in.size(); ++i) {
    inputs[i] = op.any_strides ? in[i] : contiguous(in[i]);
    arguments[i] = argument_of(inputs[i]);
  }
  op.kernel(std::span(arguments).first(in.size()), argument_of(out), attributes);
  return out;
}

Tensor apply(const Op& op, Inputs in, const Attributes& attributes) {
  check_whole(op);  // it may be no entry of the table
  if (in.size() != static_cast<std::size_t>(op.arity)) {
    throw ShapeError(str(op.name, ": takes ", op.arity, " tensors, got ", in.size()));
  }
  const Spec spec = infer_spec(op, in, attributes);
  if (!checked_bytes(spec.shape, size_of(spec.dtype))) {
    throw ShapeError(str(op.name, ": would give ", spec, ": expected below 2^63 bytes"));
  }
  Graph* graph = active_graph();
  for (const Tensor& tensor : in) {
    if (tensor.node().graph != 0) check_session(tensor, graph);
  }
  if (graph == nullptr) {
    Tensor out = execute(op, in, attributes, spec);
    if (const NodeRef mark = mark_of(in); mark.graph != 0) return out.with_node(mark);
    return out;
  }
  if (graph->mode() == Graph::Mode::capture) {
    return graph->append(op, in, attributes, Tensor::without_data(spec));
  }
  Tensor out = execute(op, in, attributes, spec);
  const bool recorded =
      std::any_of(in.begin(), in.end(), [&](const Tensor& t) { return graph->contains(t); });
  return recorded ? graph->append(op, in, attributes, std::move(out)) : out;
}

}  // namespace nabla
