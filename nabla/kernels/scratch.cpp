#include "nabla/kernels/scratch.h"

#include <cstdlib>
#include <memory>

#include "nabla/base/error.h"

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
    if (block == nullptr) refuse_memory("a kernel", rounded);
  }
  return block.get();
}

}  // namespace nabla
