/// A captured graph on its way to a plan: views have become layouts, and what is left are
/// operations that write storage.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "nabla/graph/graph.h"

namespace nabla::lowering {

/// A piece of memory that one operation writes, or that exists before the plan runs.
struct Storage {
  enum class Kind { temporary, input, state, constant };
  Kind kind = Kind::temporary;
  int index = -1;  ///< of the input or state
  Tensor constant;
  std::size_t bytes = 0;
  int producer = -1;           ///< the operation that writes it
  std::vector<int> readers;    ///< operations, in order
  int assigned_to = -1;        ///< the state that takes this value at the end
  int output = -1;             ///< the plan's output that it is
  int alias_of_state = -1;     ///< it lies in this state's memory
  std::ptrdiff_t offset = -1;  ///< in the arena, in bytes; -1: it lies elsewhere
};

/// Elements of a storage under a layout: the result of an op and any views of it.
struct Value {
  int storage = -1;
  DType dtype = DType::f32;
  Layout layout;
  bool operator==(const Value&) const = default;

  bool is_uniform() const;  ///< one number, repeated
};

/// A kernel call to be.
struct Operation {
  const Op* op = nullptr;
  Attributes attributes;
  std::vector<Value> in;
  Value out;  ///< contiguous
  std::string layer;
  int unit = -1;
  bool feeds_core = false;  ///< in front of its unit's sum, not behind it
};

/// Operations that run as one step.
struct Unit {
  std::vector<int> operations;  ///< ascending
  int core = -1;                ///< the matrix product or the sum among them, if there is one
  std::vector<int> after;       ///< units that must run before this one for their reads
};

struct Program {
  std::vector<Storage> storages;
  std::vector<Operation> operations;
  std::vector<Value> outputs;
  std::vector<State> states;
  std::vector<Unit> units;      ///< after group(): every operation is in one
  std::vector<int> order;       ///< after schedule(): units as they run
  std::size_t arena_bytes = 0;  ///< after place()

  bool is_elementwise(int id) const { return operation(id).op->tile != nullptr; }
  /// Whether an operation can have elementwise ones around it, and of which kind it is.
  Fusion fusion_of(int id) const;
  Storage& storage(int id) { return storages[static_cast<std::size_t>(id)]; }
  const Storage& storage(int id) const { return storages[static_cast<std::size_t>(id)]; }
  Operation& operation(int id) { return operations[static_cast<std::size_t>(id)]; }
  const Operation& operation(int id) const { return operations[static_cast<std::size_t>(id)]; }
  Unit& unit(int id) { return units[static_cast<std::size_t>(id)]; }
  const Unit& unit(int id) const { return units[static_cast<std::size_t>(id)]; }
  /// Whether somebody outside of unit `unit` needs the storage.
  bool escapes(int storage, int unit) const;
};

/// Turns the needed part of a graph into operations: dead calls are dropped, views and numbers that
/// are known beforehand are folded, copies are made where a kernel needs contiguous elements.
Program lower(const Graph& graph, const std::vector<Tensor>& inputs,
              const std::vector<Tensor>& outputs);

/// The axes of a sum's input as the terms of a SumProgram have them.
Shape sum_axes_of(const Operation& sum);

/// Puts operations into units, if `fuse`: elementwise chains together, behind the matrix product
/// that feeds them, and around the sum between them; else each alone.
void group(Program& program, bool fuse);

/// Orders the units, and decides which states are updated in place.
void schedule(Program& program);

/// Gives the temporaries that leave their unit, and are no outputs, their places in the arena.
void place(Program& program);

}  // namespace nabla::lowering
