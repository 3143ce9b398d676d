/// Elementwise operations of a plan as tile programs.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "nabla/kernels/tile_program.h"
#include "nabla/plan/program.h"

namespace nabla::lowering {

/// Translates elementwise operations of a unit, those in front of its core or the others, into a
/// tile program.
class TileBuilder {
 public:
  TileBuilder(const Program& program, int unit_id, bool in_front = false)
      : program_(program), unit_id_(unit_id), unit_(program.unit(unit_id)), in_front_(in_front) {}

  TileProgram build(const Shape& extents);

  /// What each operand is, in order.
  const std::vector<Value>& operand_values() const { return values_; }

 private:
  bool is_internal(const Value& value) const;
  bool repeats(const Operation& operation, std::size_t i) const;
  bool is_read_later(std::size_t i, int state) const;
  static TileVariants variants_of(const Operation& operation);

  std::uint8_t add_operand(const Value& value, bool written, bool repeats = false);
  std::uint8_t place_of_input(const Value& value, bool repeats);
  std::uint8_t place_of(const Value& value, bool repeats = false);
  std::uint8_t place_of_result(std::size_t i);
  std::uint8_t new_temporary();
  void find_last_uses();
  void add_instruction(std::size_t i, TileProgram& result);

  struct DelayedCopy {
    std::uint8_t from, to;
    Tile tile;
  };

  const Program& program_;
  int unit_id_;
  const Unit& unit_;
  bool in_front_;
  Shape extents_;
  std::vector<int> elementwise_;
  std::vector<Value> values_;
  std::vector<TileOperand> operands_;
  std::map<int, std::uint8_t> places_;  // of results, by storage
  std::map<int, std::size_t> last_use_;
  std::set<std::uint8_t> free_;
  std::set<std::uint8_t> kept_;  // temporaries that delayed copies read
  std::vector<DelayedCopy> delayed_copies_;
  int temporaries_ = 0;
};

}  // namespace nabla::lowering
