/// The data set of the logical function XOR.
#pragma once

#include "nabla/data/dataset.h"

namespace nabla::test {

inline data::Dataset xor_data() {
  return {.name = "xor",
          .inputs = Tensor::from({0.0F, 0.0F, 0.0F, 1.0F, 1.0F, 0.0F, 1.0F, 1.0F}, {4, 2}),
          .targets = Tensor::from({0.0F, 1.0F, 1.0F, 0.0F}, {4, 1}),
          .class_names = {}};
}

}  // namespace nabla::test
