/// What a plan's replay consists of.
#pragma once

#include <cstddef>
#include <cstdint>

#include "nabla/kernels/tiles.h"

namespace nabla {

/// A call with all that it needs.
struct KernelCall {
  Tile function;
  std::int64_t n;
  const std::byte *a, *b, *c;
  std::byte* out;

  void operator()() const { function(n, a, b, c, out); }

  /// runner.run(); it must stay where it is.
  template <class Runner>
  static KernelCall to_run(Runner& runner) {
    const auto run = [](std::int64_t, const void*, const void*, const void*, void* object) {
      static_cast<Runner*>(object)->run();
    };
    return {run, 0, nullptr, nullptr, nullptr, reinterpret_cast<std::byte*>(&runner)};
  }
};

}  // namespace nabla
