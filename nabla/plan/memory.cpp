#include "nabla/plan/memory.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
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

constexpr std::size_t most_compared = 4096;

std::size_t aligned(std::size_t bytes) {
  constexpr std::size_t alignment = 64;
  return (bytes + alignment - 1) / alignment * alignment;
}

// The largest choose first, each the lowest gap that is free while it lives.
std::size_t place_by_size(std::vector<Block>& blocks) {
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
      offset = std::max(offset, aligned(other.offset + other.bytes));
    }
    block.offset = offset;
    total = std::max(total, offset + block.bytes);
    const auto place = std::find_if(placed.begin(), placed.end(), [&](std::size_t other) {
      return blocks[other].offset > offset;
    });
    placed.insert(place, id);
  }
  return aligned(total);
}

// Free memory, by offset: where each gap ends.
class Gaps {
 public:
  std::size_t take(std::size_t bytes) {
    for (auto gap = ends_.begin();; ++gap) {
      const auto [begin, end] = *gap;
      if (end - begin < bytes) continue;
      ends_.erase(gap);
      if (begin + bytes < end) ends_[begin + bytes] = end;
      return begin;
    }
  }
  void give_back(std::size_t begin, std::size_t bytes) {
    auto [gap, is_new] = ends_.emplace(begin, begin + bytes);
    if (const auto next = std::next(gap); next != ends_.end() && next->first == gap->second) {
      gap->second = next->second;
      ends_.erase(next);
    }
    if (gap == ends_.begin()) return;
    if (const auto before = std::prev(gap); before->second == begin) {
      before->second = gap->second;
      ends_.erase(gap);
    }
  }

 private:
  std::map<std::size_t, std::size_t> ends_{{0, SIZE_MAX}};
};

// In the order in which they are written, each the lowest gap that is free then: for so many that
// comparing each with each would take long.
std::size_t place_in_time(std::vector<Block>& blocks) {
  std::vector<std::size_t> by_first(blocks.size());
  std::iota(by_first.begin(), by_first.end(), std::size_t{0});
  std::vector<std::size_t> by_last = by_first;
  std::ranges::stable_sort(by_first, {}, [&](std::size_t id) { return blocks[id].first; });
  std::ranges::stable_sort(by_last, {}, [&](std::size_t id) { return blocks[id].last; });
  Gaps gaps;
  std::size_t total = 0;
  auto ended = by_last.begin();
  for (const std::size_t id : by_first) {
    Block& block = blocks[id];
    for (; ended != by_last.end() && blocks[*ended].last < block.first; ++ended) {
      if (blocks[*ended].bytes == 0) continue;
      gaps.give_back(blocks[*ended].offset, aligned(blocks[*ended].bytes));
    }
    if (block.bytes > 0) block.offset = gaps.take(aligned(block.bytes));
    total = std::max(total, block.offset + block.bytes);
  }
  return aligned(total);
}

}  // namespace

std::size_t place_blocks(std::vector<Block>& blocks) {
  return blocks.size() > most_compared ? place_in_time(blocks) : place_by_size(blocks);
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
