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
    if (program_.fusion_of(id) != Fusion::none) program_.unit(unit).core = id;
    places_[static_cast<std::size_t>(unit)] += places_of(operation);
  }

  // Places of a tile program that an operation may need: its inputs and its result.
  static int places_of(const Operation& operation) {
    return static_cast<int>(operation.in.size()) + 1;
  }

  // The unit that all readers are in, if this operation can be a part of it; else -1.
  int unit_of_readers(int id) {
    const std::vector<int>& readers = program_.storage(program_.operation(id).out.storage).readers;
    if (readers.empty()) return -1;
    const int unit = program_.operation(readers.front()).unit;
    const int places = places_[static_cast<std::size_t>(unit)] + places_of(program_.operation(id));
    if (places > TileProgram::max_places) return -1;
    const int core = program_.unit(unit).core;
    const bool in_unit = std::all_of(readers.begin(), readers.end(), [&](int reader) {
      return program_.operation(reader).unit == unit && reads_directly(reader, id);
    });
    if (!in_unit) return -1;
    const auto is_front = [&](int reader) {
      return reader == core || program_.operation(reader).feeds_core;
    };
    if (std::none_of(readers.begin(), readers.end(), is_front)) {
      return can_stand_behind(id, core) ? unit : -1;
    }
    if (!std::all_of(readers.begin(), readers.end(), is_front) || !can_feed(id, core)) return -1;
    program_.operation(id).feeds_core = true;
    return unit;
  }

  // Whether an operation in a unit reads a result element by element: as an elementwise operation,
  // or as the sum.
  bool reads_directly(int reader, int id) const {
    const Operation& operation = program_.operation(reader);
    const Value& result = program_.operation(id).out;
    const auto is_whole = [&](const Value& in) {
      return in.storage != result.storage ||
             (in.layout.is_contiguous() && in.layout.shape == result.layout.shape);
    };
    if (program_.fusion_of(reader) == Fusion::sum) return is_whole(operation.in[0]);
    return program_.is_elementwise(reader) && operation.out.layout.shape == result.layout.shape &&
           std::all_of(operation.in.begin(), operation.in.end(), is_whole);
  }

  bool can_stand_behind(int id, int core) const {
    return program_.is_elementwise(id) || (program_.fusion_of(id) != Fusion::none && core < 0);
  }

  // The terms of a sum are made tile by tile along its axes: their inputs must have those, too.
  bool can_feed(int id, int core) const {
    if (core < 0 || program_.fusion_of(core) != Fusion::sum || !program_.is_elementwise(id)) {
      return false;
    }
    const Shape axes = sum_axes_of(program_.operation(core));
    const auto& in = program_.operation(id).in;
    return std::all_of(in.begin(), in.end(),
                       [&](const Value& value) { return value.layout.reshape(axes).has_value(); });
  }

  Program& program_;
  std::vector<int> places_;
};

}  // namespace

void group(Program& program, bool fuse) { Grouping(program).run(fuse); }

}  // namespace nabla::lowering
