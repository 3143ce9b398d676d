#include "nabla/kernels/scratch.h"

#include <cstdlib>
#include <memory>
#include <new>

namespace nabla {
namespace {

struct Free {
  void operator()(std::byte* block) const { std::free(block); }
};
thread_local std::unique_ptr<std::byte, Free> block;
thread_local std::size_t block_bytes = 0;

}  // namespace

std::byte* scratch(std::size_t bytes) {
  if (bytes > block_bytes) {
    const std::size_t rounded = (bytes + 4095) / 4096 * 4096;
    block.reset(static_cast<std::byte*>(std::aligned_alloc(4096, rounded)));
    block_bytes = block == nullptr ? 0 : rounded;
    if (block == nullptr) throw std::bad_alloc();
  }
  return block.get();
}

}  // namespace nabla
