/// What layers were called, and what they gave: for summaries.
#pragma once

#include <cstdint>
#include <vector>

#include "nabla/tensor/tensor.h"

namespace nabla::nn {

class Layer;

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
