/// What a model is made of, as a table.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "nabla/nn/layer.h"

namespace nabla::nn {

/// One layer of a model, with all that is in it.
struct SummaryRow {
  std::string name;  ///< the names that lead to it; empty: the model itself
  std::string text;
  int depth = 0;
  std::optional<Shape> output = {};  ///< of a sample, by the last call; none: no call, or a number
  std::int64_t parameters = 0;       ///< each once
  std::int64_t frozen = 0;           ///< of these
  double multiply_adds = 0;          ///< of matrix products, for one sample
};

/// A row for the model, and one for each layer in it, in the order of the tree. Forward is run
/// without data. Throws what Layer::output_shape throws.
/// ```cpp
/// const nn::Sequential model{nn::Dense(784, 128), nn::relu, nn::Dense(128, 10)};
/// const std::vector<nn::SummaryRow> rows = nn::summarize(model, {784});
/// rows[0].parameters;     // 101770
/// rows[0].multiply_adds;  // 101632
/// const std::string table = nn::summary_text(rows);
/// ```
std::vector<SummaryRow> summarize(const Layer& model, const Shape& sample);

/// The rows as aligned lines.
std::string summary_text(const std::vector<SummaryRow>& rows);

}  // namespace nabla::nn
