#include <algorithm>

#include "nabla/kernels/tile_program.h"
#include "nabla/plan/program.h"

namespace nabla::lowering {
namespace {

// Walks the operations from the last to the first and puts each into the unit of its readers, where
// it has no others. So only the first member of a unit, its root, is read by other units, and no
// two units can wait for each other: that would be a cycle of operations.
class Grouping {
 public:
  explicit Grouping(Program& program) : program_(program) {}

  void run(bool fuse) {
    for (int id = static_cast<int>(program_.operations.size()) - 1; id >= 0; --id) {
      const int unit = fuse ? unit_of_readers(id) : -1;
      join(id, unit >= 0 ? unit : new_unit());
    }
    for (Unit& unit : program_.units) {
      std::reverse(unit.operations.begin(), unit.operations.end());
    }
  }

 private:
  int new_unit() {
    program_.units.emplace_back();
    places_.push_back(0);
    return static_cast<int>(program_.units.size()) - 1;
  }

  void join(int id, int unit) {
    Operation& operation = program_.operation(id);
    operation.unit = unit;
    program_.unit(unit).operations.push_back(id);
    if (is_product(id)) program_.unit(unit).product = id;
    places_[static_cast<std::size_t>(unit)] += places_of(operation);
  }

  // Places of a tile program that an operation may need: its inputs and its result.
  static int places_of(const Operation& operation) {
    return static_cast<int>(operation.in.size()) + 1;
  }

  // A product of two matrices can have an elementwise epilogue.
  bool is_product(int id) const {
    const Operation& operation = program_.operation(id);
    return operation.op->name == "matmul" && operation.out.layout.shape.rank() == 2;
  }

  // The unit that all readers are in, if this operation can be a part of it; else -1.
  int unit_of_readers(int id) const {
    if (!program_.is_elementwise(id) && !is_product(id)) return -1;
    const Operation& operation = program_.operation(id);
    const std::vector<int>& readers = program_.storage(operation.out.storage).readers;
    if (readers.empty()) return -1;
    const int unit = program_.operation(readers.front()).unit;
    const bool direct = std::all_of(readers.begin(), readers.end(), [&](int reader) {
      return program_.operation(reader).unit == unit && reads_directly(reader, operation.out);
    });
    if (!direct) return -1;
    if (is_product(id) && program_.unit(unit).product >= 0) return -1;
    const int places = places_[static_cast<std::size_t>(unit)] + places_of(operation);
    return places > TileProgram::max_places ? -1 : unit;
  }

  // Whether an elementwise operation reads a result element by element.
  bool reads_directly(int reader, const Value& result) const {
    const Operation& operation = program_.operation(reader);
    if (!program_.is_elementwise(reader)) return false;
    return operation.out.layout.shape == result.layout.shape &&
           std::all_of(operation.in.begin(), operation.in.end(), [&](const Value& in) {
             return in.storage != result.storage ||
                    (in.layout.is_contiguous() && in.layout.shape == result.layout.shape);
           });
  }

  Program& program_;
  std::vector<int> places_;
};

}  // namespace

void group(Program& program, bool fuse) { Grouping(program).run(fuse); }

}  // namespace nabla::lowering
