/// Calls of layers: how deep they are, and for summaries what they gave.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "nabla/tensor/tensor.h"

namespace nabla::nn {

class Layer;

/// How many layers can be within each other: 64 brackets of a text can be 129.
inline constexpr std::size_t deepest = 200;

/// A call of a layer within others on this thread. Throws Error where it is too deep: a layer that
/// holds itself would call itself until the stack is full.
class LayerNesting {
 public:
  LayerNesting();
  ~LayerNesting();
  LayerNesting(const LayerNesting&) = delete;
  LayerNesting& operator=(const LayerNesting&) = delete;
};

/// While it lives, notes the calls of layers on this thread, the innermost first.
class LayerCalls {
 public:
  LayerCalls();
  ~LayerCalls();
  LayerCalls(const LayerCalls&) = delete;
  LayerCalls& operator=(const LayerCalls&) = delete;

  struct Entry {
    const Layer* layer;
    Spec result;
    std::int32_t begin, end;  ///< the nodes of the active graph that it made
  };
  std::vector<Entry> calls;

 private:
  LayerCalls* before_;
};

}  // namespace nabla::nn
