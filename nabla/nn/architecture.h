/// Models as one line of text: "dense(128) relu dense".
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nabla/nn/sequential.h"

#pragma GCC visibility push(hidden)
namespace nabla::nn {

/// A number that a layer takes in its brackets, by place or by name: "dense(128,bias=0)".
struct LayerArgument {
  std::string_view name;
  std::string_view doc;
  double least;
  double most;
  bool whole = false;
  std::optional<double> initial = {};  ///< where left out; none: the number of outputs
  bool below = false;                  ///< `most` itself is too much
};

/// A layer that architectures know. The table of these drives the parser, the printer and --help.
struct LayerEntry {
  std::string_view name;
  std::string_view doc;
  std::vector<LayerArgument> arguments;
  std::shared_ptr<const Layer> (*make)(const Shape& sample, std::span<const double> arguments);
  /// How many parameters it will have; nullptr: none.
  double (*parameters)(const Shape& sample, std::span<const double> arguments) = nullptr;
};
const std::vector<LayerEntry>& layer_table();

/// A name for an architecture: "mlp(128,64)" is "dense(128) relu dense(64) relu dense".
struct ArchitectureAlias {
  std::string_view name;
  std::string_view doc;
  bool takes_widths;
  std::string (*expand)(std::span<const double> widths);
};
const std::vector<ArchitectureAlias>& alias_table();

/// The one way to write an architecture: layers separated by single spaces, aliases written out,
/// arguments that are what they would be anyway left out, all but a layer's first by name. A text
/// is
///
///     text  = layer { layer }                      layer = name [ "(" value { "," value } ")" ]
///     value = [ argument name "=" ] number
///
/// Throws ValueError, which names the place in the text and what is known there.
std::string canonical_architecture(std::string_view text);

/// More parameters than this are refused unless asked for: 1 GB of f32, and Adam takes four times
/// that.
inline constexpr double most_parameters = 250'000'000;

/// The model that a text describes, for inputs of shape `sample` (without the batch axis) and
/// `outputs` results. Throws ValueError as above and where more than `limit` parameters would be
/// needed (before memory is taken), ShapeError where a layer cannot follow the one before it or the
/// model does not end in [outputs].
Sequential make_model(std::string_view text, const Shape& sample, std::int64_t outputs,
                      double limit = most_parameters);

}  // namespace nabla::nn
#pragma GCC visibility pop
