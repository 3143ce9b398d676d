#include "nabla/plan/memory.h"

#include <algorithm>
#include <numeric>

namespace nabla::lowering {

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

}  // namespace nabla::lowering
