/// Trained models in files.
///
/// A model file is a safetensors file: all states by name ("dense_1.weight"), learned or not, and
/// in its metadata all that is needed to use them. It holds no time: the same run gives the same
/// bytes. Files of format version 1, whose names were of the kind "1.dense.weight", are read, too.
/// ```cpp
/// const auto [train, test] = data::digits();
/// const nn::Sequential model{nn::Dense(64, 32), nn::relu, nn::Dense(32, 10)};
/// Trainer trainer(model, nn::cross_entropy, optim::Adam());
/// trainer.fit(train, {.epochs = 1});
/// save_model("digits.safetensors", model, describe(model, train));
///
/// const ModelFile file = load_model("digits.safetensors");
/// file.model.text();  // "dense(32) relu dense(10)"
/// const Tensor x = cast(test.inputs, DType::f32);
/// file.model(x).to_vector<float>() == model(x).to_vector<float>();  // true
/// ```
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nabla/data/dataset.h"
#include "nabla/nn/loss.h"
#include "nabla/nn/sequential.h"

namespace nabla {

/// What the metadata of a model file have as "format".
inline constexpr std::string_view model_format = "nabla model";

/// What must be known to use a model, beside its parameters.
struct ModelInfo {
  std::string architecture;  ///< as make_model reads it
  Shape input_shape;         ///< of one sample
  std::int64_t outputs = 0;
  std::vector<std::string> class_names;  ///< empty: the results are numbers to be predicted
  double input_scale = 1;                ///< the model sees inputs * input_scale
  std::string loss = {};                 ///< as make_loss reads it; empty: one of the user's own
  std::string dataset;                   ///< name of the data it learned from
  std::uint64_t seed = 0;                ///< of the run, and of how the data were split
};

/// What a model file holds.
struct ModelFile {
  nn::Sequential model;
  ModelInfo info;

  /// The model's results for each sample, f32 [samples, outputs]; for classes these are scores.
  /// Targets are not looked at and need not be there. Throws what check_fits throws.
  Tensor predict(const data::Dataset& dataset) const;
};

/// What is to be known of a model that learns from this data set; the loss is cross-entropy for
/// classes, else mean squared error. Throws ShapeError where they do not fit.
ModelInfo describe(const nn::Layer& model, const data::Dataset& dataset, std::uint64_t seed = 0);
/// The same with another loss. One of the user's own has no text: who loads the model must know it.
ModelInfo describe(const nn::Layer& model, const nn::Loss& loss, const data::Dataset& dataset,
                   std::uint64_t seed = 0);

/// The bytes of a model file. Throws ShapeError where the description is not that of the model, and
/// ValueError where a file of it could not be loaded: a text that is not UTF-8, not as many class
/// names as outputs, an input_scale that is not positive, a parameter that is not finite.
std::vector<std::byte> encode_model(const nn::Layer& model, const ModelInfo& info);

/// Writes a model file: the old or the new one stands there, whole. A model with layers of the
/// user's own, which make_model does not know, comes back by load_parameters. Throws FileError, and
/// what encode_model throws.
void save_model(const std::string& path, const nn::Layer& model, const ModelInfo& info);

/// The same for a model that learned from this data set, by the loss that describe() names.
void save_model(const std::string& path, const nn::Layer& model, const data::Dataset& dataset);

/// The model in the bytes of a file. Throws FileError, which starts with `source` (a path) and
/// names the entry and what is wrong with it.
ModelFile decode_model(std::span<const std::byte> bytes, const std::string& source);

/// Reads a model file. Throws what `read_file` and `decode_model` throw.
ModelFile load_model(const std::string& path);

/// Gives a model the states in a file. Throws FileError, which names the tensor, what the model
/// has and what was found, where they do not fit each other; the model is then as it was.
void load_parameters(const std::string& path, const nn::Layer& model);

/// Which tensors of a file go where in a model. In both patterns * stands for any characters, the
/// same ones.
struct LoadPartOptions {
  std::string from = "*";  ///< in the file: "body.*"
  std::string to = {};     ///< in the model: "encoder.*"; empty: the same names
};

/// Gives a model a part of the states in a file; the others stay. Throws ValueError for patterns
/// that have not one * each, and FileError where `from` matches no tensor, or one does not fit the
/// model; the model is then as it was.
void load_part(const std::string& path, const nn::Layer& model, const LoadPartOptions& options);

/// Throws ShapeError or ValueError where the data set is not of the kind that the model learned
/// from: another shape or scale of inputs, other classes; of one without targets only the inputs
/// are looked at.
void check_fits(const ModelInfo& info, const data::Dataset& dataset);

/// "28x28" for [28, 28], "" for a sample that is one number.
std::string extents_text(const Shape& shape);
/// The shape of "784" or "1x28x28". Throws ValueError for anything but extents of at least 1.
Shape parse_extents(std::string_view text);

}  // namespace nabla
