#include "nabla/plan/tile_builder.h"

#include <algorithm>
#include <array>

namespace nabla::lowering {

TileProgram TileBuilder::build(const Shape& extents) {
  extents_ = extents;
  TileProgram result;
  result.extents = extents;
  for (const int id : unit_.operations) {
    if (id != unit_.core && program_.operation(id).feeds_core == in_front_) {
      elementwise_.push_back(id);
    }
  }
  if (unit_.core >= 0 && !in_front_) add_operand(program_.operation(unit_.core).out, false);
  for (const int id : elementwise_) {
    const Operation& operation = program_.operation(id);
    for (std::size_t i = 0; i < operation.in.size(); ++i) {
      if (!is_internal(operation.in[i])) place_of_input(operation.in[i], repeats(operation, i));
    }
  }
  for (const int id : elementwise_) {
    const Value& out = program_.operation(id).out;
    if (program_.escapes(out.storage, unit_id_)) {
      places_[out.storage] = add_operand(out, true);
    }
  }
  find_last_uses();
  for (std::size_t i = 0; i < elementwise_.size(); ++i) add_instruction(i, result);
  for (const auto& [from, to, tile] : delayed_copies_) {
    result.instructions.push_back({tile, from, 0, 0, to});
  }
  if (in_front_) {
    result.result = places_.at(program_.operation(unit_.core).in[0].storage);
  }
  result.operands = operands_;
  result.temporaries = temporaries_;
  result.join();
  return result;
}

bool TileBuilder::is_internal(const Value& value) const {
  const int producer = program_.storage(value.storage).producer;
  return producer >= 0 && program_.operation(producer).unit == unit_id_;
}

std::uint8_t TileBuilder::add_operand(const Value& value, bool written, bool repeats) {
  values_.push_back(value);
  operands_.push_back({nullptr, static_cast<int>(size_of(value.dtype)),
                       value.layout.reshape(extents_)->strides, written, repeats,
                       program_.storage(value.storage).kind == Storage::Kind::input});
  return static_cast<std::uint8_t>(operands_.size() - 1);
}

// Whether an operation takes input i as one number.
bool TileBuilder::repeats(const Operation& operation, std::size_t i) const {
  const auto is_number = [&](const Value& value) {
    return !is_internal(value) && value.is_uniform();
  };
  if (!is_number(operation.in[i])) return false;
  const TileVariants variants = variants_of(operation);
  if (i == 0) return variants.repeat_a != nullptr;
  if (i == 2) return variants.repeat_c != nullptr;
  return variants.repeat_b != nullptr && !is_number(operation.in[0]);
}

TileVariants TileBuilder::variants_of(const Operation& operation) {
  return tile_for(*operation.op, operation.in.back().dtype, operation.out.dtype);
}

std::uint8_t TileBuilder::place_of_input(const Value& value, bool repeats) {
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const Value& other = values_[i];
    if (other.storage == value.storage && other.layout.offset == value.layout.offset &&
        other.layout.strides == value.layout.strides && !operands_[i].written &&
        operands_[i].repeats == repeats) {
      return static_cast<std::uint8_t>(i);
    }
  }
  return add_operand(value, false, repeats);
}

std::uint8_t TileBuilder::place_of(const Value& value, bool repeats) {
  if (unit_.core >= 0 && value.storage == program_.operation(unit_.core).out.storage) return 0;
  return is_internal(value) ? places_.at(value.storage) : place_of_input(value, repeats);
}

void TileBuilder::find_last_uses() {
  for (std::size_t i = 0; i < elementwise_.size(); ++i) {
    for (const Value& in : program_.operation(elementwise_[i]).in) last_use_[in.storage] = i;
  }
}

// Whether an operation after the i-th still reads the state that the i-th one overwrites.
bool TileBuilder::is_read_later(std::size_t i, int state) const {
  return std::any_of(elementwise_.begin() + static_cast<std::ptrdiff_t>(i) + 1, elementwise_.end(),
                     [&](int id) {
                       const auto& in = program_.operation(id).in;
                       return std::any_of(in.begin(), in.end(), [&](const Value& value) {
                         const Storage& storage = program_.storage(value.storage);
                         return storage.kind == Storage::Kind::state && storage.index == state;
                       });
                     });
}

std::uint8_t TileBuilder::new_temporary() {
  if (!free_.empty()) {
    const std::uint8_t place = *free_.begin();
    free_.erase(free_.begin());
    return place;
  }
  return static_cast<std::uint8_t>(static_cast<int>(operands_.size()) + temporaries_++);
}

// Where the i-th operation writes. A state that is read later gets its new value at the end.
std::uint8_t TileBuilder::place_of_result(std::size_t i) {
  const Value& out = program_.operation(elementwise_[i]).out;
  const auto written = places_.find(out.storage);
  if (written == places_.end()) return places_[out.storage] = new_temporary();
  const int state = program_.storage(out.storage).alias_of_state;
  if (state < 0 || !is_read_later(i, state)) return written->second;
  const std::uint8_t temporary = new_temporary();
  delayed_copies_.push_back({temporary, written->second, tiles().copy[out.dtype].dense});
  kept_.insert(temporary);
  return written->second = temporary;
}

void TileBuilder::add_instruction(std::size_t i, TileProgram& result) {
  const Operation& operation = program_.operation(elementwise_[i]);
  TileInstruction instruction;
  const TileVariants variants = variants_of(operation);
  instruction.tile = variants.dense;
  std::array<std::uint8_t, max_arity> in{};
  for (std::size_t k = 0; k < operation.in.size(); ++k) {
    const bool number = repeats(operation, k);
    in[k] = place_of(operation.in[k], number);
    const std::array with_number{variants.repeat_a, variants.repeat_b, variants.repeat_c};
    if (number) instruction.tile = with_number[k];
  }
  instruction.a = in[0];
  instruction.b = in[1];
  instruction.c = in[2];
  // Its inputs are read element by element before it is written: their places are free again only
  // for the operations after this one, since tiles may read ahead.
  instruction.out = place_of_result(i);
  result.instructions.push_back(instruction);
  for (const Value& value : operation.in) {
    if (!is_internal(value) || last_use_.at(value.storage) != i) continue;
    const std::uint8_t place = place_of(value);
    const bool is_temporary = place >= operands_.size();
    if (is_temporary && kept_.count(place) == 0) free_.insert(place);
  }
}

}  // namespace nabla::lowering
