#include "nabla/plan/memory.h"

#include <algorithm>
#include <numeric>

#include "nabla/plan/program.h"

namespace nabla::lowering {
namespace {

// From the step that writes a storage to the last one that reads it.
Block life_of(const Program& program, const Storage& storage,
              const std::vector<int>& step_of_unit) {
  const auto step_of = [&](int operation) {
    return step_of_unit[static_cast<std::size_t>(program.operation(operation).unit)];
  };
  Block block{storage.bytes, step_of(storage.producer), step_of(storage.producer), 0};
  for (const int reader : storage.readers) block.last = std::max(block.last, step_of(reader));
  if (storage.assigned_to >= 0) block.last = static_cast<int>(program.order.size());
  return block;
}

}  // namespace

std::size_t place_blocks(std::vector<Block>& blocks) {
  constexpr std::size_t alignment = 64;
  std::vector<std::size_t> by_size(blocks.size());
  std::iota(by_size.begin(), by_size.end(), std::size_t{0});
  std::stable_sort(by_size.begin(), by_size.end(),
                   [&](std::size_t a, std::size_t b) { return blocks[a].bytes > blocks[b].bytes; });
  std::vector<std::size_t> placed;  // by offset
  std::size_t total = 0;
  for (const std::size_t id : by_size) {
    Block& block = blocks[id];
    std::size_t offset = 0;
    for (const std::size_t other_id : placed) {
      const Block& other = blocks[other_id];
      if (other.last < block.first || block.last < other.first) continue;
      if (offset + block.bytes <= other.offset) break;
      offset =
          std::max(offset, (other.offset + other.bytes + alignment - 1) / alignment * alignment);
    }
    block.offset = offset;
    total = std::max(total, offset + block.bytes);
    const auto place = std::find_if(placed.begin(), placed.end(), [&](std::size_t other) {
      return blocks[other].offset > offset;
    });
    placed.insert(place, id);
  }
  return (total + alignment - 1) / alignment * alignment;
}

void place(Program& program) {
  std::vector<int> step_of_unit(program.units.size());
  for (std::size_t i = 0; i < program.order.size(); ++i) {
    step_of_unit[static_cast<std::size_t>(program.order[i])] = static_cast<int>(i);
  }
  std::vector<Block> blocks;
  std::vector<int> owners;
  for (int id = 0; id < static_cast<int>(program.storages.size()); ++id) {
    const Storage& storage = program.storage(id);
    if (storage.producer >= 0 && storage.output < 0 && storage.alias_of_state < 0 &&
        program.escapes(id, program.operation(storage.producer).unit)) {
      blocks.push_back(life_of(program, storage, step_of_unit));
      owners.push_back(id);
    }
  }
  program.arena_bytes = place_blocks(blocks);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    program.storage(owners[i]).offset = static_cast<std::ptrdiff_t>(blocks[i].offset);
  }
}

}  // namespace nabla::lowering
