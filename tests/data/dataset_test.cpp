#include "nabla/data/dataset.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include "nabla/base/error.h"
#include "nabla/base/file.h"
#include "nabla/base/text.h"
#include "tests/support/files.h"
#include "tests/support/message.h"
#include "tests/support/packing.h"

namespace nabla::data {
namespace {

using namespace std::string_literals;
using test::bytes_of;
using test::Folder;
using test::gzip;
using test::message_of;

std::map<std::int64_t, int> counts_of(const Dataset& dataset) {
  std::map<std::int64_t, int> counts;
  for (const std::int64_t label : dataset.targets.to_vector<std::int64_t>()) ++counts[label];
  return counts;
}

// The class counts are those that UCI's description of optdigits gives for its testing set; the
// sums over the pixels are counted from the file with awk.
TEST(Digits, HoldsAllOfThem) {
  const auto [train, test] = digits();
  EXPECT_EQ(train.size() + test.size(), 1797);
  EXPECT_EQ(train.sample_shape(), (Shape{8, 8}));
  const int published[] = {178, 182, 177, 183, 181, 182, 181, 179, 174, 180};
  auto train_counts = counts_of(train);
  auto test_counts = counts_of(test);
  for (int digit = 0; digit < 10; ++digit) {
    EXPECT_EQ(train_counts[digit] + test_counts[digit], published[digit]);
    EXPECT_EQ(test_counts[digit], std::lround(0.2 * published[digit]));
  }
  // The sum of all pixels, and the largest.
  double sum = 0;
  double largest = 0;
  for (const Dataset* part : {&train, &test}) {
    for (const double pixel : part->inputs.to_doubles()) {
      sum += pixel;
      largest = std::max(largest, pixel);
    }
  }
  EXPECT_EQ(sum, 561718);
  EXPECT_EQ(largest * train.input_scale, 1);
}

TEST(Digits, SeedChoosesTheSplit) {
  EXPECT_EQ(digits(1).test.inputs.to_doubles(), digits(1).test.inputs.to_doubles());
  EXPECT_NE(digits(1).test.inputs.to_doubles(), digits(2).test.inputs.to_doubles());
}

// Row i of the inputs is {i, -i}; classes in turn, or the target 10 i.
Dataset counted(std::int64_t rows, std::int64_t classes) {
  Dataset dataset{.name = "counted",
                  .inputs = Tensor::empty({DType::f32, {rows, 2}}),
                  .targets = classes > 0 ? Tensor::empty({DType::i64, {rows}})
                                         : Tensor::empty({DType::f32, {rows, 1}}),
                  .class_names = std::vector<std::string>(static_cast<std::size_t>(classes), "c")};
  for (std::int64_t i = 0; i < rows; ++i) {
    dataset.inputs.data<float>()[2 * i] = static_cast<float>(i);
    dataset.inputs.data<float>()[2 * i + 1] = static_cast<float>(-i);
    if (classes > 0) {
      dataset.targets.data<std::int64_t>()[i] = i % classes;
    } else {
      dataset.targets.data<float>()[i] = static_cast<float>(10 * i);
    }
  }
  return dataset;
}

TEST(SplitData, KeepsRowsTogetherAndEachRowOnce) {
  for (const std::int64_t classes : {0, 3}) {
    const auto [train, test] = split(counted(100, classes), 0.25, 5);
    EXPECT_EQ(test.size(), 25);  // of the classes 9, 8 and 8: 8.5 and twice 8.25, rounded
    std::set<float> seen;
    for (const Dataset* part : {&train, &test}) {
      const auto inputs = part->inputs.to_vector<float>();
      const auto targets = part->targets.to_doubles();
      for (std::size_t i = 0; i < targets.size(); ++i) {
        EXPECT_TRUE(seen.insert(inputs[2 * i]).second);
        EXPECT_EQ(inputs[2 * i + 1], -inputs[2 * i]);
        EXPECT_EQ(targets[i], classes > 0 ? std::fmod(inputs[2 * i], 3) : 10 * inputs[2 * i]);
        if (i > 0) {
          EXPECT_LT(inputs[2 * i - 2], inputs[2 * i]) << "not in the old order";
        }
      }
    }
    EXPECT_EQ(seen.size(), 100U);
  }
}

TEST(SplitData, TakesAllOrNothing) {
  EXPECT_EQ(split(counted(10, 2), 0, 0).test.size(), 0);
  EXPECT_EQ(split(counted(10, 2), 1, 0).train.size(), 0);
  EXPECT_EQ(message_of<ValueError>([] { split(counted(10, 2), 1.5, 0); }),
            "split: test_part 1.5: expected 0 to 1");
  EXPECT_THROW(split(counted(10, 2), std::nan(""), 0), ValueError);
}

TEST(SelectRows, TakesThemInTheGivenOrder) {
  const Dataset whole = digits().test;
  const Dataset part = select_rows(whole, {5, 0, 5});
  ASSERT_EQ(part.size(), 3);
  for (const auto& [row, from] : {std::pair{0, 5}, {1, 0}, {2, 5}}) {
    EXPECT_EQ(part.targets.data<std::int64_t>()[row], whole.targets.data<std::int64_t>()[from]);
    EXPECT_EQ(std::memcmp(part.inputs.bytes() + 64 * row, whole.inputs.bytes() + 64 * from, 64), 0);
  }
  EXPECT_EQ(message_of<ValueError>([&] {
              select_rows(whole, {0, whole.size()});
            }),
            str("select_rows: row ", whole.size(), ": data set \"digits\" has ", whole.size()));
  EXPECT_THROW(select_rows(whole, {-1}), ValueError);
}

TEST(SelectClasses, NumbersThemAnew) {
  const Dataset whole = digits().train;
  const Dataset part = select_classes(whole, {7, 2});
  ASSERT_EQ(part.class_names.size(), 2U);
  EXPECT_EQ(part.class_names[0], "7");
  EXPECT_EQ(part.class_names[1], "2");
  // Every 7 of the whole is a 0 of the part, every 2 a 1, in their old order.
  std::int64_t next = 0;
  for (std::int64_t row = 0; row < whole.size(); ++row) {
    const std::int64_t label = whole.targets.data<std::int64_t>()[row];
    if (label != 7 && label != 2) continue;
    ASSERT_LT(next, part.size());
    EXPECT_EQ(part.targets.data<std::int64_t>()[next], label == 7 ? 0 : 1);
    EXPECT_EQ(std::memcmp(part.inputs.bytes() + 64 * next, whole.inputs.bytes() + 64 * row, 64), 0);
    ++next;
  }
  EXPECT_EQ(next, part.size());
  EXPECT_EQ(message_of<ValueError>([&] { select_classes(whole, {10}); }),
            "select_classes: class 10: data set \"digits\" has the classes 0 to 9");
  EXPECT_EQ(message_of<ValueError>([&] {
              select_classes(whole, {3, 3});
            }),
            "select_classes: class 3 is named twice");
}

TEST(SamplePerClass, TakesSoManyOfEach) {
  const Dataset whole = digits().train;
  const Dataset part = sample_per_class(whole, 3, 1);
  std::array<int, 10> counts{};
  for (std::int64_t row = 0; row < part.size(); ++row) {
    ++counts[static_cast<std::size_t>(part.targets.data<std::int64_t>()[row])];
  }
  for (const int count : counts) EXPECT_EQ(count, 3);
  EXPECT_NE(fingerprint(part), fingerprint(sample_per_class(whole, 3, 2)));
  EXPECT_EQ(fingerprint(sample_per_class(whole, 100'000, 1)), fingerprint(whole));
  EXPECT_EQ(message_of<ValueError>([&] { sample_per_class(whole, 0, 1); }),
            "sample_per_class: count 0: expected at least 1");
  Dataset numbers = digits().test;
  numbers.class_names.clear();
  numbers.targets = Tensor::from(std::vector<float>(static_cast<std::size_t>(numbers.size()), 1),
                                 {numbers.size(), 1});
  EXPECT_EQ(message_of<ValueError>([&] { sample_per_class(numbers, 1, 1); }),
            "sample_per_class: data set \"digits\" has no classes");
}

TEST(CheckDataset, NamesTheRow) {
  Dataset labels = counted(5, 3);
  labels.targets.data<std::int64_t>()[3] = 3;
  EXPECT_EQ(message_of<ValueError>([&] { check(labels); }),
            "data set \"counted\": label 3 of row 3: expected 0 to 2");
  labels.targets.data<std::int64_t>()[3] = -1;
  EXPECT_THROW(check(labels), ValueError);
  Dataset inputs = counted(5, 3);
  inputs.inputs.data<float>()[8] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(message_of<ValueError>([&] { check(inputs); }),
            "data set \"counted\": inputs of row 4: expected finite numbers");
  Dataset targets = counted(5, 0);
  targets.targets.data<float>()[0] = std::nanf("");
  EXPECT_EQ(message_of<ValueError>([&] { check(targets); }),
            "data set \"counted\": targets of row 0: expected finite numbers");
}

TEST(CheckDataset, NamesAScaleThatIsNone) {
  for (const double scale : {0.0, -1.0, std::nan(""), 1e300, 1e-60}) {
    Dataset dataset = counted(5, 3);
    dataset.input_scale = scale;
    const std::string message = message_of<ValueError>([&] { check(dataset); });
    EXPECT_NE(message.find(": expected a positive number"), std::string::npos) << message;
  }
}

TEST(CheckDataset, NamesShapesAndTypes) {
  const auto with = [](const Tensor& inputs, const Tensor& targets) {
    Dataset dataset = counted(2, 2);
    dataset.inputs = inputs;
    dataset.targets = targets;
    return dataset;
  };
  const Tensor two = Tensor::from<float>({1, 2}, {2, 1});
  const Tensor labels = Tensor::from<std::int64_t>({0, 1}, {2});
  EXPECT_NO_THROW(check(with(two, labels)));
  const Tensor three = Tensor::from<float>({1, 2, 3}, {3});
  EXPECT_EQ(message_of<ShapeError>([&] { check(with(three, labels)); }),
            "data set \"counted\": inputs f32[3] and targets i64[2]: expected one row of each for "
            "every sample");
  EXPECT_THROW(check(with({}, labels)), ShapeError);
  EXPECT_EQ(message_of<DTypeError>([&] { check(with(labels, labels)); }),
            "data set \"counted\": inputs i64[2]: expected u8 or f32");
  EXPECT_EQ(message_of<DTypeError>([&] { check(with(two, two)); }),
            "data set \"counted\": targets f32[2, 1] with class names: expected i64[samples]");
  EXPECT_EQ(message_of<ShapeError>([&] {
              check(with(Tensor::empty({DType::u8, {2, 0, 28}}), labels));
            }),
            "data set \"counted\": inputs u8[2, 0, 28]: expected samples of at least one number");
  Dataset numbers = with(two, labels);
  numbers.class_names.clear();
  EXPECT_EQ(message_of<DTypeError>([&] { check(numbers); }),
            "data set \"counted\": targets i64[2] without class names: expected f32[samples, "
            "outputs]");
  const Tensor square = Tensor::from<float>({1, 2, 3, 4}, {2, 2});
  const Tensor turned(square.layout().permute({1, 0}), DType::f32, square.buffer());
  EXPECT_THROW(check(with(turned, labels)), ShapeError);
}

// A folder as MNIST's, with `train` and `test` images of one pixel.
void write_idx_folder(const Folder& folder, char train, char test,
                      const std::string& train_labels) {
  const auto images = [](char count) {
    std::string file = "\0\0\x08\x03\0\0\0"s + count;
    file += "\0\0\0\x01\0\0\0\x01"s;
    return file.append(static_cast<std::size_t>(count), '\x05');
  };
  const auto labels = [](const std::string& values) {
    return "\0\0\x08\x01\0\0\0"s + static_cast<char>(values.size()) + values;
  };
  const auto write = [&](const std::string& name, const std::string& bytes) {
    write_file_atomically(folder / name, bytes_of(bytes));
  };
  write("train-images-idx3-ubyte", images(train));
  write("train-labels-idx1-ubyte.gz", gzip(labels(train_labels)));
  write("t10k-images-idx3-ubyte.gz", gzip(images(test)));
  write("t10k-labels-idx1-ubyte", labels(std::string(static_cast<std::size_t>(test), '\x04')));
}

TEST(IdxFolder, ReadsPlainAndPackedFiles) {
  const Folder folder;
  write_idx_folder(folder, 3, 2, "\x00\x01\x02"s);
  const auto [train, test] = load(folder.path());
  EXPECT_EQ(train.size(), 3);
  EXPECT_EQ(test.size(), 2);
  EXPECT_EQ(train.sample_shape(), (Shape{1, 1}));
  EXPECT_EQ(train.class_names, (std::vector<std::string>{"0", "1", "2", "3", "4"}));
  EXPECT_EQ(train.targets.to_doubles(), (std::vector<double>{0, 1, 2}));
  EXPECT_DOUBLE_EQ(train.input_scale, 1.0 / 255);
}

TEST(IdxFolder, ErrorsNameTheFile) {
  const Folder folder;
  write_idx_folder(folder, 3, 2, "\x00\x01"s);
  EXPECT_EQ(message_of<ShapeError>([&] { load(folder.path()); }),
            "data set \"" + folder.path() +
                ", train part\": inputs u8[3, 1, 1] and targets i64[2]: expected one row of each "
                "for every "
                "sample");
  write_file_atomically(folder / "t10k-labels-idx1-ubyte", bytes_of("\0\0\x0c\x01\0\0\0\0"s));
  EXPECT_EQ(message_of<FileError>([&] { load(folder.path()); }),
            folder / "t10k-labels-idx1-ubyte: holds i32[0]: expected labels, u8[samples]");
  write_idx_folder(folder, 3, 2, "\x00\x01\x02"s);
  write_file_atomically(folder / "t10k-images-idx3-ubyte.gz",
                        bytes_of("\0\0\x08\x02\0\0\0\x02\0\0\0\x01\0\0"s));
  EXPECT_EQ(message_of<ShapeError>([&] { load(folder.path()); }),
            "data set \"" + folder.path() +
                "\": samples [1, 1] in the train part, [1] in the test part: expected the same "
                "shape");
  write_file_atomically(folder / "t10k-images-idx3-ubyte.gz",
                        bytes_of("\0\0\x0d\x03\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\0"s));
  write_file_atomically(folder / "t10k-labels-idx1-ubyte", bytes_of("\0\0\x08\x01\0\0\0\x01\0"s));
  EXPECT_EQ(message_of<DTypeError>([&] { load(folder.path()); }),
            "data set \"" + folder.path() +
                "\": inputs u8 in the train part, f32 in the test part: expected the same type");
  std::filesystem::remove(folder / "t10k-labels-idx1-ubyte");
  EXPECT_EQ(message_of<FileError>([&] {
              load(folder.path());
            }).find(folder / "t10k-labels-idx1-ubyte: no such file"),
            0U);
}

TEST(Load, ListsWhatIsKnown) {
  EXPECT_EQ(load("digits", 3).test.targets.to_doubles(), digits(3).test.targets.to_doubles());
  EXPECT_EQ(message_of<ValueError>([] { load("mnits"); }),
            "unknown data set \"mnits\": expected digits, fashion-mnist, or a folder with four IDX "
            "files such as train-images-idx3-ubyte.gz");
}

TEST(FashionMnist, SaysHowToGetIt) {
  EXPECT_EQ(message_of<FileError>([] { fashion_mnist("/none"); }),
            "/none: no such folder: install the Debian package dataset-fashion-mnist, or set "
            "FASHION_MNIST_DIR to the folder that holds the four files of Fashion-MNIST, or use "
            "digits");
}

// What is known of it: 6,000 and 1,000 images of each class; first labels and mean as published in
// many places (the mean pixel, 0.2860 of 255).
TEST(FashionMnist, IsReadAsPublished) {
  const bool here = std::filesystem::exists("/usr/share/datasets/fashion-mnist");
  if (!here) GTEST_SKIP() << "the Debian package dataset-fashion-mnist is not installed";
  const auto [train, test] = fashion_mnist();
  EXPECT_EQ(train.inputs.spec(), (Spec{DType::u8, {60000, 28, 28}}));
  EXPECT_EQ(test.inputs.spec(), (Spec{DType::u8, {10000, 28, 28}}));
  const auto labels = train.targets.to_vector<std::int64_t>();
  EXPECT_EQ(std::vector(labels.begin(), labels.begin() + 10),
            (std::vector<std::int64_t>{9, 0, 0, 3, 0, 2, 7, 2, 5, 5}));
  for (const auto& [label, count] : counts_of(train)) EXPECT_EQ(count, 6000) << label;
  for (const auto& [label, count] : counts_of(test)) EXPECT_EQ(count, 1000) << label;
  EXPECT_EQ(train.class_names.at(9), "Ankle boot");
  const auto* pixels = train.inputs.data<std::uint8_t>();
  const std::int64_t sum = std::accumulate(pixels, pixels + train.inputs.size(), std::int64_t{0});
  EXPECT_NEAR(static_cast<double>(sum) / static_cast<double>(train.inputs.size()), 72.94, 0.005);
}

}  // namespace
}  // namespace nabla::data
