/// Huge pages for large memory.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

namespace nabla {

/// Asks the system to put new memory on pages of 2 MiB, so far as it covers some: it is then first
/// touched, and later read here and there, at less cost. The content is not changed.
inline void ask_for_huge_pages(void* memory, std::size_t bytes) {
#ifdef MADV_HUGEPAGE
  constexpr std::uintptr_t page = std::uintptr_t{2} << 20;
  const auto begin = reinterpret_cast<std::uintptr_t>(memory);
  const std::uintptr_t first = (begin + page - 1) / page * page;
  const std::uintptr_t last = (begin + bytes) / page * page;
  if (first < last) {
    ::madvise(static_cast<std::byte*>(memory) + (first - begin), last - first, MADV_HUGEPAGE);
  }
#endif
}

}  // namespace nabla
