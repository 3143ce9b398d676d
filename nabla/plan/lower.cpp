#include <algorithm>
#include <cstring>
#include <map>
#include <unordered_map>

#include "nabla/base/error.h"
#include "nabla/plan/program.h"

namespace nabla::lowering {
namespace {

// A row-major copy.
const Op copy_op{.name = "copy",
                 .tile = [](const TileTable& table, DType in, DType) { return table.copy[in]; }};

class Lowering {
 public:
  explicit Lowering(const Graph& graph) : graph_(graph) {}

  Program run(const std::vector<Tensor>& inputs, const std::vector<Tensor>& outputs) {
    mark_needed(outputs);
    values_.resize(static_cast<std::size_t>(graph_.size()));
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      value(inputs[i].node().index) = add_storage(
          {.kind = Storage::Kind::input, .index = static_cast<int>(i)}, inputs[i].spec());
    }
    for (const Graph::StateUse& use : graph_.states()) {
      states_.push_back(use.state);
      state_values_.push_back(
          add_storage({.kind = Storage::Kind::state, .index = static_cast<int>(states_.size()) - 1},
                      use.state.spec()));
      if (use.read >= 0) value(use.read) = state_values_.back();
    }
    for (std::int32_t id = 0; id < graph_.size(); ++id) {
      if (needed_[static_cast<std::size_t>(id)] != 0) lower_node(id);
    }
    for (std::size_t i = 0; i < outputs.size(); ++i) add_output(outputs[i], static_cast<int>(i));
    for (std::size_t i = 0; i < states_.size(); ++i) {
      const Graph::StateUse& use = graph_.states()[i];
      if (use.assigned >= 0 && use.assigned != use.read) assign(static_cast<int>(i), use.assigned);
    }
    program_.states = states_;
    return std::move(program_);
  }

 private:
  Value& value(std::int32_t id) { return values_[static_cast<std::size_t>(id)]; }

  void mark_needed(const std::vector<Tensor>& outputs) {
    needed_.assign(static_cast<std::size_t>(graph_.size()), 0);
    const auto need = [&](std::int32_t id) {
      if (id >= 0) needed_[static_cast<std::size_t>(id)] = 1;
    };
    for (const Tensor& output : outputs) {
      if (graph_.contains(output)) need(output.node().index);
    }
    for (const Graph::StateUse& use : graph_.states()) need(use.assigned);
    for (std::int32_t id = graph_.size() - 1; id >= 0; --id) {
      if (needed_[static_cast<std::size_t>(id)] == 0) continue;
      for (const std::int32_t input : graph_[id].in) need(input);
    }
  }

  Value add_storage(Storage storage, const Spec& spec) {
    storage.bytes = spec.byte_count();
    program_.storages.push_back(std::move(storage));
    return {static_cast<int>(program_.storages.size()) - 1, spec.dtype,
            Layout::contiguous(spec.shape)};
  }

  // A tensor from outside; equal numbers are one constant, so that calls with them can be one.
  Value add_constant(const Tensor& tensor) {
    if (tensor.rank() == 0) {
      std::uint64_t bits = 0;
      std::memcpy(&bits, tensor.bytes(), size_of(tensor.dtype()));
      const auto [known, is_new] = numbers_.try_emplace({tensor.dtype(), bits});
      if (is_new) known->second = new_constant(tensor);
      return known->second;
    }
    return new_constant(tensor);
  }

  Value new_constant(const Tensor& tensor) {
    Value constant =
        add_storage({.kind = Storage::Kind::constant, .constant = kept(tensor)}, tensor.spec());
    constant.layout = tensor.layout();
    return constant;
  }

  // The tensor at an address that stays: a part of a state, or of another plan's result, lies
  // elsewhere when that is written.
  static Tensor kept(const Tensor& tensor) {
    const BufferRef& memory = tensor.buffer();
    if (!memory->is_part()) return tensor;
    const BufferRef copy = Buffer::allocate(memory->bytes());
    std::memcpy(copy->data(), memory->data(), memory->bytes());
    return {tensor.layout(), tensor.dtype(), copy};
  }

  // A call, unless the same one on the same values has been made before.
  Value add_operation(const Op& op, const Attributes& attributes, std::vector<Value> in,
                      const Spec& spec, std::string layer) {
    std::size_t hash = std::hash<const void*>()(&op);
    const auto add = [&](std::int64_t number) {
      hash = hash * 1000003 + static_cast<std::size_t>(number);
    };
    const auto add_all = [&](const Dims& dims) { std::ranges::for_each(dims, add); };
    for (const Value& input : in) {
      add(input.storage);
      add(input.layout.offset);
    }
    if (const auto* pad = std::get_if<PadAttribute>(&attributes)) add_all(pad->before);
    add_all(spec.shape);
    const auto [first, last] = by_hash_.equal_range(hash);
    for (auto entry = first; entry != last; ++entry) {
      const Operation& other = program_.operation(entry->second);
      if (other.op == &op && other.attributes == attributes && other.in == in &&
          Spec{other.out.dtype, other.out.layout.shape} == spec) {
        return other.out;
      }
    }
    by_hash_.emplace(hash, static_cast<int>(program_.operations.size()));
    return new_operation(op, attributes, std::move(in), spec, std::move(layer));
  }

  Value new_operation(const Op& op, const Attributes& attributes, std::vector<Value> in,
                      const Spec& spec, std::string layer) {
    Operation operation{&op, attributes, std::move(in), {}, std::move(layer)};
    operation.out = add_storage({.producer = static_cast<int>(program_.operations.size())}, spec);
    for (const Value& input : operation.in) {
      auto& readers = program_.storage(input.storage).readers;
      const int reader = static_cast<int>(program_.operations.size());
      if (readers.empty() || readers.back() != reader) readers.push_back(reader);
    }
    program_.operations.push_back(operation);
    return operation.out;
  }

  // A row-major copy of a value.
  Value copied(const Value& from, const std::string& layer) {
    return add_operation(copy_op, {}, {from}, {from.dtype, from.layout.shape}, layer);
  }

  void lower_node(std::int32_t id) {
    const Node& node = graph_[id];
    const Op& op = *node.op;
    if (&op == &input_op || &op == &state_op) return;
    if (&op == &constant_op) {
      value(id) = add_constant(node.value);
      return;
    }
    const std::string layer =
        node.scope >= 0 ? graph_.scopes()[static_cast<std::size_t>(node.scope)] : "";
    std::vector<Value> in;
    for (const std::int32_t input : node.in) {
      if (input >= 0) in.push_back(value(input));
    }
    if (op.view != nullptr) {
      std::optional<Layout> layout = op.view(in[0].layout, node.attributes());
      if (!layout) {
        in[0] = copied(in[0], layer);
        layout = op.view(in[0].layout, node.attributes());
      }
      value(id) = {in[0].storage, node.spec().dtype, *layout};
      return;
    }
    if (op.tile != nullptr && fold_uniform(id, in)) return;
    if (op.tile == nullptr && !op.any_strides) {
      for (Value& input : in) {
        if (!input.layout.is_contiguous()) input = copied(input, layer);
      }
    }
    value(id) = add_operation(op, node.attributes(), std::move(in), node.spec(), layer);
  }

  // An elementwise op on numbers known now is itself such a number.
  bool fold_uniform(std::int32_t id, const std::vector<Value>& in) {
    const Node& node = graph_[id];
    if (node.spec().shape.elements() == 0) return false;
    std::vector<Tensor> numbers;
    for (const Value& input : in) {
      const Storage& storage = program_.storage(input.storage);
      if (storage.kind != Storage::Kind::constant || !input.is_uniform()) return false;
      numbers.emplace_back(Layout{{}, {}, input.layout.offset}, input.dtype,
                           storage.constant.buffer());
    }
    Value folded =
        add_constant(execute(*node.op, numbers, node.attributes(), {node.spec().dtype, {}}));
    folded.layout = folded.layout.broadcast(node.spec().shape);
    value(id) = folded;
    return true;
  }

  // Whether a value fills a temporary storage, which is neither an output nor assigned to a state.
  bool is_fresh(const Value& v) const {
    const Storage& storage = program_.storage(v.storage);
    return storage.kind == Storage::Kind::temporary && storage.assigned_to < 0 &&
           storage.output < 0 && v.layout.is_contiguous() && v.layout.offset == 0 &&
           Spec{v.dtype, v.layout.shape}.byte_count() == storage.bytes;
  }

  void add_output(const Tensor& tensor, int index) {
    Value output = graph_.contains(tensor) ? value(tensor.node().index) : add_constant(tensor);
    if (!is_fresh(output)) {
      output = new_operation(copy_op, {}, {output}, {output.dtype, output.layout.shape}, "");
    }
    program_.storage(output.storage).output = index;
    program_.outputs.push_back(output);
  }

  void assign(int state, std::int32_t node) {
    Value assigned = value(node);
    if (!is_fresh(assigned)) {
      assigned =
          new_operation(copy_op, {}, {assigned}, {assigned.dtype, assigned.layout.shape}, "");
    }
    program_.storage(assigned.storage).assigned_to = state;
  }

  const Graph& graph_;
  Program program_;
  std::vector<char> needed_;
  std::vector<Value> values_;
  std::vector<State> states_;
  std::vector<Value> state_values_;
  std::unordered_multimap<std::size_t, int> by_hash_;  // operations
  std::map<std::pair<DType, std::uint64_t>, Value> numbers_;
};

}  // namespace

bool Value::is_uniform() const {
  if (layout.shape.elements() == 0) return false;
  for (int i = 0; i < layout.shape.rank(); ++i) {
    if (layout.shape[i] > 1 && layout.strides[i] != 0) return false;
  }
  return true;
}

Fusion Program::fusion_of(int id) const {
  const Operation& o = operation(id);
  const bool batched = o.op->fusion == Fusion::product && o.out.layout.shape.rank() != 2;
  return batched ? Fusion::none : o.op->fusion;
}

Shape sum_axes_of(const Operation& sum) {
  const auto& axes = std::get<AxesAttribute>(sum.attributes);
  const Shape& shape = sum.in[0].layout.shape;
  Shape result{1, 1, 1};
  for (int i = 0; i < shape.rank(); ++i) {
    result[i < axes.first ? 0 : i < axes.first + axes.count ? 1 : 2] *= shape[i];
  }
  return result[2] == 1 ? Shape{result[0], result[1]} : result;
}

bool Program::escapes(int storage_id, int unit_id) const {
  const Storage& s = storage(storage_id);
  return s.output >= 0 || s.assigned_to >= 0 ||
         std::any_of(s.readers.begin(), s.readers.end(),
                     [&](int reader) { return operation(reader).unit != unit_id; });
}

Program lower(const Graph& graph, const std::vector<Tensor>& inputs,
              const std::vector<Tensor>& outputs) {
  return Lowering(graph).run(inputs, outputs);
}

}  // namespace nabla::lowering
