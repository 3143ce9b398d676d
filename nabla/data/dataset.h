/// Data sets: samples with their labels or targets, and those that nabla knows by name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nabla/tensor/tensor.h"

namespace nabla::data {

/// Samples and what is to be learned about each.
/// ```cpp
/// const Tensor inputs = Tensor::from({0.0F, 1.0F, 2.0F, 3.0F}, {4, 1});
/// const data::Dataset line = {.name = "line", .inputs = inputs, .targets = 2 * inputs + 1};
/// data::check(line);
/// line.size();     // 4
/// line.outputs();  // 1
/// ```
struct Dataset {
  std::string name;
  /// u8 or f32 [samples, ...]; f64 is taken as f32
  Tensor inputs;
  /// Labels, i64 [samples], each an index into class_names; or f32 [samples, outputs].
  Tensor targets;
  /// Empty: the targets are numbers to be predicted.
  std::vector<std::string> class_names;
  /// A model sees inputs * input_scale: 1/255 for the bytes of images.
  double input_scale = 1;

  /// Number of samples.
  std::int64_t size() const { return inputs.shape()[0]; }
  /// Shape of one input. Throws ShapeError where the inputs have no axis of samples.
  Shape sample_shape() const;
  /// How many numbers a model gives for a sample: a score for each class, or as many as there are
  /// targets. Throws ShapeError where there are neither classes nor targets [samples, outputs].
  std::int64_t outputs() const;
};

/// One part to learn from, and one to judge by.
struct Split {
  Dataset train;
  Dataset test;
};

/// Throws ShapeError or DTypeError where `dataset` is not as described above or a sample holds no
/// number, ValueError, naming the row, where a label is no index into the class names or where an
/// input or target is not finite; and where input_scale is no positive f32.
void check(const Dataset& dataset);

/// The data set with f64 inputs and targets converted to f32; shares the others.
Dataset in_f32(const Dataset& dataset);

/// A checksum of all inputs and targets: to notice other data.
std::uint32_t fingerprint(const Dataset& dataset);

/// A part of `whole` for testing, the rest for training, both in their old order. Of each class (of
/// all samples where there are none) the part is test_part, rounded; `seed` chooses the samples.
/// Throws ValueError where test_part is not in [0, 1].
/// ```cpp
/// const auto [train, test] = data::split(data::digits().train, 0.25, 1);
/// ```
Split split(const Dataset& whole, double test_part, std::uint64_t seed);

/// These rows of a data set, in this order; a row may come twice. Throws ValueError for one that is
/// not there.
Dataset select_rows(const Dataset& whole, const std::vector<std::int64_t>& rows);

/// The samples of these classes, given by their indices; the i-th of them becomes class i. Throws
/// ValueError where the data set has no such class, or one is named twice.
Dataset select_classes(const Dataset& whole, const std::vector<std::int64_t>& classes);

/// `count` samples of each class, or all of a class that has fewer, in their old order; `seed`
/// chooses them. Throws ValueError where the data set has no classes or `count` is below 1.
Dataset sample_per_class(const Dataset& whole, std::int64_t count, std::uint64_t seed);

/// Fashion-MNIST (Xiao, Rasul, Vollgraf 2017): 60,000 and 10,000 grey images [28, 28] of ten kinds
/// of clothing. Default folder: the environment's FASHION_MNIST_DIR, else where the Debian package
/// dataset-fashion-mnist puts it. Throws FileError where it is not there or damaged.
Split fashion_mnist(const std::string& folder = "");

/// Handwritten digits, part of the library: 1,797 images [8, 8] of values 0 to 16, a fifth of each
/// class for testing. Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, UCI
/// Machine Learning Repository, CC BY 4.0.
/// ```cpp
/// const auto [train, test] = data::digits();
/// train.size() + test.size();  // 1797
/// train.sample_shape();        // [8, 8]
/// train.outputs();             // 10
/// ```
Split digits(std::uint64_t seed = 0);

/// The samples of one IDX file, plain or gzip, without targets: for predictions. Bytes are those of
/// images, and scaled by 1/255. Throws what read_idx throws.
Dataset read_idx_samples(const std::string& path);
/// The same for an array that was read; `name` is that of the data set.
Dataset samples_of(const Tensor& samples, const std::string& name);

/// The images and labels in a folder's four IDX files, named as those of MNIST are (such as
/// train-images-idx3-ubyte, plain or with .gz). Throws FileError where one is missing or damaged.
Split read_idx_folder(const std::string& folder);

/// Whether it is a name that `load` knows.
bool is_known(std::string_view name);
/// Where `load` reads the data set of that name: a folder, or nothing for one that nabla carries.
std::string place_of(const std::string& name);

/// The data set of that name ("fashion-mnist", "digits"), or of the folder with that path (see
/// read_idx_folder). `seed` is for those that nabla splits itself. Throws ValueError that lists the
/// names, for another one.
Split load(const std::string& name, std::uint64_t seed = 0);

}  // namespace nabla::data
