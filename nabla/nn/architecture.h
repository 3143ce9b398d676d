/// Models as one line of text: "dense(128) relu dense".
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "nabla/base/options.h"
#include "nabla/nn/sequential.h"

namespace nabla::nn {

/// A model that is being made from a text.
struct ModelBuild {
  Shape shape;               ///< of a sample, as it comes to the next layer
  std::int64_t outputs = 0;  ///< what a width is that the text leaves out
  double limit = 0;          ///< most parameters
  double parameters = 0;     ///< so far

  /// Throws SyntaxError, before memory is taken, where a layer would make them too many.
  void add_parameters(double count, const Term& layer);
};

/// A layer of a text: its one way to be written, and how it is made.
struct LayerRecipe {
  std::string text;
  std::function<AnyLayer(ModelBuild&)> make;
};
/// Reads the options of one layer; some names, such as mlp, stand for several.
using LayerReader = std::vector<LayerRecipe>(const Term& term);

/// The layers that architectures know. The table drives the parser, the printer and --help.
const EntryTable<LayerReader>& layer_table();

/// The one way to write an architecture: layers separated by single spaces, mlp written out,
/// options that are what they would be anyway left out. A text is layers in the syntax of
/// base/syntax.h:
///
///     dense(128) relu dropout(0.2) dense
///     residual[dense(64) relu dense(64)] head:dense
///
/// Layers that hold layers have them in brackets; brackets alone are layers one behind the other. A
/// layer can have a name of its own, in front of a colon; where that stands again in the same
/// brackets, or without, it is the same layer once more. A model gives scores: a softmax as the
/// last layer is left out, as cross_entropy takes it of them, and is an error elsewhere; alone it
/// is dense. Throws SyntaxError.
std::string canonical_architecture(std::string_view text);

/// More parameters than this are refused unless asked for: 1 GB of f32, and Adam takes four times
/// that.
inline constexpr double most_parameters = 250'000'000;

/// The model that a text describes, for inputs of shape `sample` (without the batch axis) and
/// `outputs` results, with first values of seed 0. Throws SyntaxError as above and where more than
/// `limit` parameters would be needed (before memory is taken), ShapeError where a layer cannot
/// follow the one before it or the model does not end in [outputs].
/// ```cpp
/// const nn::Sequential model = nn::make_model("dense(128) relu dropout(0.2) dense", {28, 28}, 10);
/// model.parameter_count();  // 101770
/// ```
Sequential make_model(std::string_view text, const Shape& sample, std::int64_t outputs,
                      double limit = most_parameters);

/// Throws ValueError where make_model would not give this model for this text: for a layer of the
/// user's that is called as one of the library's is, or whose text is not one term with a name, and
/// for other names, shapes or ties of states. Models with layers that the table does not have are
/// left alone where nothing is made from their text.
void check_architecture(const Layer& model, std::string_view text, const Shape& sample,
                        std::int64_t outputs);

}  // namespace nabla::nn
