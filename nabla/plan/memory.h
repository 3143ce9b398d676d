/// Places for temporaries: those that are never alive together share memory.
#pragma once

#include <cstddef>
#include <vector>

namespace nabla::lowering {

/// A block that is needed from step `first` to step `last`.
struct Block {
  std::size_t bytes = 0;
  int first = 0;
  int last = 0;
  std::size_t offset = 0;  ///< the result, a multiple of 64
};

/// Gives every block a place; blocks whose steps overlap never overlap in memory. The largest
/// blocks choose first, each the lowest gap that fits; of more than 4096, which would take long,
/// those that are written first. Returns the bytes needed in all.
std::size_t place_blocks(std::vector<Block>& blocks);

}  // namespace nabla::lowering
