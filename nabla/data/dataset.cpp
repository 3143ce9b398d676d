#include "nabla/data/dataset.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <limits>
#include <span>

#include "nabla/base/checksum.h"
#include "nabla/base/error.h"
#include "nabla/base/random.h"
#include "nabla/base/text.h"
#include "nabla/data/byte_reader.h"
#include "nabla/data/idx.h"
#include "nabla/tensor/copy.h"

namespace nabla::data {

std::span<const unsigned char> packed_digits();  // made by CMake

namespace {

Shape without_first(const Shape& shape) { return Shape(std::span(shape.begin() + 1, shape.end())); }

// Throws where one of the rows of a tensor holds an infinity or NaN.
void check_finite(const Tensor& rows, std::string_view what) {
  const std::int64_t length = without_first(rows.shape()).elements();
  const float* values = rows.data<float>();
  for (std::int64_t row = 0; row < rows.shape()[0]; ++row, values += length) {
    bool finite = true;  // without a branch, so that the compiler can use vectors
    for (std::int64_t i = 0; i < length; ++i) {
      finite &= std::abs(values[i]) <= std::numeric_limits<float>::max();
    }
    if (!finite) throw ValueError(str(what, " of row ", row, ": expected finite numbers"));
  }
}

void check_labels(const Tensor& labels, std::size_t classes, std::string_view what) {
  const std::int64_t* values = labels.data<std::int64_t>();
  for (std::int64_t row = 0; row < labels.size(); ++row) {
    if (values[row] < 0 || values[row] >= static_cast<std::int64_t>(classes)) {
      throw ValueError(str(what, " ", values[row], " of row ", row, ": expected 0 to ",
                           static_cast<std::int64_t>(classes) - 1));
    }
  }
}

Tensor take_rows(const Tensor& tensor, const std::vector<std::int64_t>& rows) {
  Shape shape = tensor.shape();
  const auto row_bytes =
      static_cast<std::size_t>(without_first(shape).elements()) * size_of(tensor.dtype());
  shape[0] = static_cast<std::int64_t>(rows.size());
  Tensor taken = Tensor::empty({tensor.dtype(), shape});
  std::byte* to = taken.writable_bytes();
  for (const std::int64_t row : rows) {
    std::memcpy(to, tensor.bytes() + static_cast<std::size_t>(row) * row_bytes, row_bytes);
    to += row_bytes;
  }
  return taken;
}

Dataset take(const Dataset& whole, const std::vector<std::int64_t>& rows) {
  Dataset part = whole;
  part.inputs = take_rows(whole.inputs, rows);
  part.targets = take_rows(whole.targets, rows);
  return part;
}

std::vector<std::string> numbers_below(std::int64_t count) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < count; ++i) names.push_back(std::to_string(i));
  return names;
}

// The path of a file in a folder, packed or not.
std::string find_idx(const std::string& folder, const std::string& name) {
  const auto path = std::filesystem::path(folder) / name;
  for (const std::string& candidate : {path.string() + ".gz", path.string()}) {
    std::error_code error;  // what cannot be looked at is refused by name when it is read
    if (std::filesystem::exists(candidate, error) || error) return candidate;
  }
  throw FileError(str(path.string(), ": no such file, nor with .gz: expected the four IDX files ",
                      "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte ",
                      "and t10k-labels-idx1-ubyte"));
}

Tensor to_labels(const Tensor& bytes, const std::string& path) {
  if (bytes.dtype() != DType::u8 || bytes.rank() != 1) {
    throw FileError(str(path, ": holds ", bytes.spec(), ": expected labels, u8[samples]"));
  }
  Tensor labels = Tensor::empty({DType::i64, bytes.shape()});
  std::copy_n(bytes.data<std::uint8_t>(), bytes.size(), labels.writable_data<std::int64_t>());
  return labels;
}

// Names the part in an error.
void check(const Split& split) {
  const auto check_part = [](Dataset part, std::string_view what) {
    part.name += what;
    data::check(part);
  };
  check_part(split.train, ", train part");
  check_part(split.test, ", test part");
  if (split.train.sample_shape() != split.test.sample_shape()) {
    throw ShapeError(str("data set ", quote(split.train.name), ": samples ",
                         split.train.sample_shape(), " in the train part, ",
                         split.test.sample_shape(), " in the test part: expected the same shape"));
  }
  if (split.train.inputs.dtype() != split.test.inputs.dtype()) {
    throw DTypeError(str("data set ", quote(split.train.name), ": inputs ",
                         split.train.inputs.dtype(), " in the train part, ",
                         split.test.inputs.dtype(), " in the test part: expected the same type"));
  }
}

Dataset all_digits() {
  constexpr std::int64_t pixels = 64;
  const ByteReader reader(std::as_bytes(packed_digits()), "digits.csv.gz");
  const std::string_view text = reader.text();
  const std::int64_t rows = std::count(text.begin(), text.end(), '\n') - 1;
  Dataset digits{.name = "digits",
                 .inputs = Tensor::empty({DType::u8, {rows, 8, 8}}),
                 .targets = Tensor::empty({DType::i64, {rows}}),
                 .class_names = numbers_below(10),
                 .input_scale = 1.0 / 16};
  auto* pixel = digits.inputs.writable_data<std::uint8_t>();
  auto* label = digits.targets.writable_data<std::int64_t>();
  const char* at = text.data() + text.find('\n') + 1;  // behind the names of the columns
  const char* end = text.data() + text.size();
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t i = 0; i < pixels; ++i) at = std::from_chars(at, end, *pixel++).ptr + 1;
    at = std::from_chars(at, end, *label++).ptr + 1;
  }
  return digits;
}

std::string fashion_mnist_place() {
  const char* variable = std::getenv("FASHION_MNIST_DIR");
  const bool is_set = variable != nullptr && *variable != '\0';
  return is_set ? variable : "/usr/share/datasets/fashion-mnist";
}

}  // namespace

Shape Dataset::sample_shape() const {
  if (inputs.rank() < 1) {
    throw ShapeError(
        str("data set ", quote(name), ": inputs ", inputs.spec(), ": expected an axis of samples"));
  }
  return without_first(inputs.shape());
}

std::int64_t Dataset::outputs() const {
  if (!class_names.empty()) return static_cast<std::int64_t>(class_names.size());
  if (targets.rank() != 2) {
    throw ShapeError(str("data set ", quote(name), ": targets ", targets.spec(),
                         " without class names: expected f32[samples, outputs]"));
  }
  return targets.shape()[1];
}

Dataset in_f32(const Dataset& dataset) {
  Dataset converted = dataset;
  for (Tensor* tensor : {&converted.inputs, &converted.targets}) {
    if (tensor->dtype() != DType::f64) continue;
    const std::vector<double> values = tensor->to_doubles();
    *tensor = Tensor::from(std::vector<float>(values.begin(), values.end()), tensor->shape());
  }
  return converted;
}

void check(const Dataset& dataset) {
  if (dataset.inputs.dtype() == DType::f64 || dataset.targets.dtype() == DType::f64) {
    return check(in_f32(dataset));
  }
  const auto& [name, inputs, targets, class_names, scale] = dataset;
  const std::string what = str("data set ", quote(name), ": ");
  if (inputs.rank() < 1 || targets.rank() < 1 || inputs.shape()[0] != targets.shape()[0]) {
    throw ShapeError(str(what, "inputs ", inputs.spec(), " and targets ", targets.spec(),
                         ": expected one row of each for every sample"));
  }
  if (dataset.sample_shape().elements() == 0) {
    throw ShapeError(
        str(what, "inputs ", inputs.spec(), ": expected samples of at least one number"));
  }
  if (!inputs.layout().is_contiguous() || !targets.layout().is_contiguous()) {
    throw ShapeError(str(what, "expected inputs and targets in row-major order without gaps"));
  }
  if (inputs.dtype() != DType::u8 && inputs.dtype() != DType::f32) {
    throw DTypeError(str(what, "inputs ", inputs.spec(), ": expected u8 or f32"));
  }
  if (!is_positive_f32(scale)) {
    throw ValueError(
        str(what, "input_scale ", shortest(scale), ": expected a positive number that f32 has"));
  }
  if (inputs.dtype() == DType::f32) check_finite(inputs, what + "inputs");
  if (class_names.empty()) {
    if (targets.dtype() != DType::f32 || targets.rank() != 2) {
      throw DTypeError(str(what, "targets ", targets.spec(),
                           " without class names: expected f32[samples, outputs]"));
    }
    check_finite(targets, what + "targets");
  } else {
    if (targets.dtype() != DType::i64 || targets.rank() != 1) {
      throw DTypeError(
          str(what, "targets ", targets.spec(), " with class names: expected i64[samples]"));
    }
    check_labels(targets, class_names.size(), what + "label");
  }
}

std::uint32_t fingerprint(const Dataset& dataset) {
  std::uint32_t sum = 0;
  for (const Tensor& tensor : {dataset.inputs, dataset.targets}) {
    Tensor dense = tensor;
    if (!tensor.layout().is_contiguous()) {
      dense = Tensor::empty(tensor.spec());
      copy_elements(tensor, dense.writable_bytes());
    }
    sum = crc32({dense.bytes(), tensor.spec().byte_count()}, sum);
  }
  return sum;
}

namespace {

// The rows of each class, or of all samples where there are none, each in an order by the seed.
std::vector<std::vector<std::int64_t>> shuffled_rows(const Dataset& whole, std::uint64_t seed) {
  const bool labelled = !whole.class_names.empty();
  std::vector<std::vector<std::int64_t>> groups(labelled ? whole.class_names.size() : 1);
  for (std::int64_t row = 0; row < whole.size(); ++row) {
    const std::int64_t group = labelled ? whole.targets.data<std::int64_t>()[row] : 0;
    groups[static_cast<std::size_t>(group)].push_back(row);
  }
  for (std::size_t group = 0; group < groups.size(); ++group) {
    Random random(seed, streams::splits + group);
    shuffle(std::span(groups[group]), random);
  }
  return groups;
}

void check_has_classes(const Dataset& dataset, std::string_view what) {
  check(dataset);
  if (!dataset.class_names.empty()) return;
  throw ValueError(str(what, ": data set ", quote(dataset.name), " has no classes"));
}

}  // namespace

Split split(const Dataset& whole, double test_part, std::uint64_t seed) {
  if (!(test_part >= 0 && test_part <= 1)) {
    throw ValueError(str("split: test_part ", test_part, ": expected 0 to 1"));
  }
  check(whole);
  std::vector<std::int64_t> train;
  std::vector<std::int64_t> test;
  for (const std::vector<std::int64_t>& rows : shuffled_rows(whole, seed)) {
    const auto border = rows.begin() + std::lround(test_part * static_cast<double>(rows.size()));
    test.insert(test.end(), rows.begin(), border);
    train.insert(train.end(), border, rows.end());
  }
  std::ranges::sort(train);
  std::ranges::sort(test);
  return {take(whole, train), take(whole, test)};
}

Dataset select_rows(const Dataset& whole, const std::vector<std::int64_t>& rows) {
  check(whole);
  for (const std::int64_t row : rows) {
    if (row >= 0 && row < whole.size()) continue;
    throw ValueError(
        str("select_rows: row ", row, ": data set ", quote(whole.name), " has ", whole.size()));
  }
  return take(whole, rows);
}

Dataset select_classes(const Dataset& whole, const std::vector<std::int64_t>& classes) {
  check_has_classes(whole, "select_classes");
  const auto count = static_cast<std::int64_t>(whole.class_names.size());
  std::vector<std::int64_t> new_label(whole.class_names.size(), -1);
  std::vector<std::string> names;
  names.reserve(classes.size());
  for (const std::int64_t label : classes) {
    if (label < 0 || label >= count) {
      throw ValueError(str("select_classes: class ", label, ": data set ", quote(whole.name),
                           " has the classes 0 to ", count - 1));
    }
    std::int64_t& place = new_label[static_cast<std::size_t>(label)];
    if (place >= 0) throw ValueError(str("select_classes: class ", label, " is named twice"));
    place = static_cast<std::int64_t>(names.size());
    names.push_back(whole.class_names[static_cast<std::size_t>(label)]);
  }
  std::vector<std::int64_t> rows;
  for (std::int64_t row = 0; row < whole.size(); ++row) {
    const auto label = static_cast<std::size_t>(whole.targets.data<std::int64_t>()[row]);
    if (new_label[label] >= 0) rows.push_back(row);
  }
  Dataset part = take(whole, rows);
  auto* labels = part.targets.writable_data<std::int64_t>();
  for (std::int64_t row = 0; row < part.size(); ++row) {
    labels[row] = new_label[static_cast<std::size_t>(labels[row])];
  }
  part.class_names = std::move(names);
  return part;
}

Dataset sample_per_class(const Dataset& whole, std::int64_t count, std::uint64_t seed) {
  check_has_classes(whole, "sample_per_class");
  if (count < 1) throw ValueError(str("sample_per_class: count ", count, ": expected at least 1"));
  std::vector<std::int64_t> chosen;
  for (const std::vector<std::int64_t>& rows : shuffled_rows(whole, seed)) {
    const auto end = std::min<std::int64_t>(count, static_cast<std::int64_t>(rows.size()));
    chosen.insert(chosen.end(), rows.begin(), rows.begin() + end);
  }
  std::ranges::sort(chosen);
  return take(whole, chosen);
}

Dataset read_idx_samples(const std::string& path) { return samples_of(read_idx(path), path); }

Dataset samples_of(const Tensor& samples, const std::string& name) {
  return {.name = name,
          .inputs = samples,
          .targets = {},
          .class_names = {},
          .input_scale = samples.dtype() == DType::u8 ? 1.0 / 255 : 1.0};
}

Split read_idx_folder(const std::string& folder) {
  // Not in parallel: unpacking the training images takes most of the time, and no gain was
  // measured.
  const auto read_part = [&](const std::string& prefix) {
    Dataset part = read_idx_samples(find_idx(folder, prefix + "-images-idx3-ubyte"));
    const std::string label_path = find_idx(folder, prefix + "-labels-idx1-ubyte");
    part.targets = to_labels(read_idx(label_path), label_path);
    part.name = folder;
    return part;
  };
  Split split{read_part("train"), read_part("t10k")};
  std::int64_t classes = 0;
  for (const Dataset* dataset : {&split.train, &split.test}) {
    const std::int64_t* labels = dataset->targets.data<std::int64_t>();
    for (std::int64_t i = 0; i < dataset->targets.size(); ++i) {
      classes = std::max(classes, labels[i] + 1);
    }
  }
  if (classes == 0) throw ValueError(str(folder, ": expected labels, found none in the two files"));
  split.train.class_names = split.test.class_names = numbers_below(classes);
  check(split);
  return split;
}

Split fashion_mnist(const std::string& folder) {
  const std::string place = folder.empty() ? fashion_mnist_place() : folder;
  std::error_code error;  // what cannot be looked at is no folder, either
  if (!std::filesystem::is_directory(place, error)) {
    throw FileError(str(place,
                        ": no such folder: install the Debian package "
                        "dataset-fashion-mnist, or set FASHION_MNIST_DIR to the folder that "
                        "holds the four files of Fashion-MNIST, or use digits"));
  }
  Split split = read_idx_folder(place);
  for (Dataset* dataset : {&split.train, &split.test}) {
    dataset->name = "fashion-mnist";
    dataset->class_names = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                            "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
  }
  check(split);
  return split;
}

Split digits(std::uint64_t seed) { return split(all_digits(), 0.2, seed); }

namespace {

// The data sets that have a name.
struct Known {
  std::string_view name;
  Split (*load)(std::uint64_t seed);
  std::string (*place)();
};

const Known* find_known(std::string_view name) {
  static constexpr std::array<Known, 2> all = {{
      {"digits", digits, [] { return std::string(); }},
      {"fashion-mnist", [](std::uint64_t) { return fashion_mnist(); }, fashion_mnist_place},
  }};
  const auto* known = std::ranges::find(all, name, &Known::name);
  return known == all.end() ? nullptr : known;
}

}  // namespace

bool is_known(std::string_view name) { return find_known(name) != nullptr; }

std::string place_of(const std::string& name) {
  const Known* known = find_known(name);
  return known == nullptr ? name : known->place();
}

Split load(const std::string& name, std::uint64_t seed) {
  if (const Known* known = find_known(name)) return known->load(seed);
  std::error_code error;
  if (std::filesystem::is_directory(name, error)) return read_idx_folder(name);
  if (error == std::errc::permission_denied) {
    throw FileError(str(name, ": cannot read: ", error.message()));
  }
  throw ValueError(str("unknown data set ", quote(name),
                       ": expected digits, fashion-mnist, or a folder with four IDX files such as "
                       "train-images-idx3-ubyte.gz"));
}

}  // namespace nabla::data
