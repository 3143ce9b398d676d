#include "nabla/data/loader.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "nabla/base/error.h"
#include "nabla/base/parallel.h"
#include "nabla/base/random.h"
#include "nabla/graph/state.h"
#include "tests/support/message.h"

namespace nabla::data {
namespace {

using test::message_of;

// Input i is i of 256 and target i is 10 i; `length` bytes a row.
Dataset counted(std::int64_t rows, std::int64_t length = 1) {
  Dataset dataset{.name = "counted",
                  .inputs = Tensor::empty({DType::u8, {rows, length}}),
                  .targets = Tensor::empty({DType::f32, {rows, 1}}),
                  .class_names = {},
                  .input_scale = 0.5};
  for (std::int64_t i = 0; i < rows; ++i) {
    std::fill_n(dataset.inputs.writable_data<std::uint8_t>() + i * length, length, i % 256);
    dataset.targets.writable_data<float>()[i] = static_cast<float>(10 * i);
  }
  return dataset;
}

// The targets of an epoch, in order.
std::vector<double> epoch_of(Loader& loader, std::int64_t epoch) {
  std::vector<double> order;
  Batch batch;
  loader.start_epoch(epoch);
  while (loader.next(batch)) {
    const auto targets = batch.targets.to_doubles();
    order.insert(order.end(), targets.begin(), targets.end());
  }
  return order;
}

std::vector<double> tens(int count) {
  std::vector<double> values(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) values[static_cast<std::size_t>(i)] = 10 * i;
  return values;
}

TEST(Loader, GoesThroughTheDataInOrder) {
  Loader loader(counted(10), {.batch_size = 4});
  EXPECT_EQ(loader.batches(), 3);
  Batch batch;
  ASSERT_TRUE(loader.next(batch));
  EXPECT_EQ(batch.inputs.spec(), (Spec{DType::f32, {4, 1}}));
  EXPECT_EQ(batch.inputs.to_doubles(), (std::vector<double>{0, 0.5, 1, 1.5}));
  EXPECT_EQ(batch.targets.to_doubles(), (std::vector<double>{0, 10, 20, 30}));
  ASSERT_TRUE(loader.next(batch));
  ASSERT_TRUE(loader.next(batch));
  EXPECT_EQ(batch.inputs.to_doubles(), (std::vector<double>{4, 4.5}));
  EXPECT_EQ(batch.targets.shape(), (Shape{2, 1}));
  EXPECT_FALSE(loader.next(batch));
  EXPECT_FALSE(loader.next(batch));
  EXPECT_EQ(epoch_of(loader, 1), tens(10));
}

TEST(Loader, DropsTheLastBatchOnRequest) {
  Loader loader(counted(10), {.batch_size = 4, .drop_last = true});
  EXPECT_EQ(loader.batches(), 2);
  EXPECT_EQ(epoch_of(loader, 0), tens(8));
  Loader whole(counted(8), {.batch_size = 4, .drop_last = true});
  EXPECT_EQ(whole.batches(), 2);
  EXPECT_EQ(epoch_of(whole, 0), tens(8));
}

TEST(Loader, ShufflesEachSampleOnceAnEpoch) {
  Loader loader(counted(100), {.batch_size = 7, .shuffle = true, .seed = 3});
  auto first = epoch_of(loader, 0);
  EXPECT_EQ(epoch_of(loader, 0), first);
  EXPECT_NE(epoch_of(loader, 1), first);
  Loader same(counted(100), {.batch_size = 20, .shuffle = true, .seed = 3});
  EXPECT_EQ(epoch_of(same, 0), first) << "the order depends on the batch size";
  Loader other(counted(100), {.batch_size = 7, .shuffle = true, .seed = 4});
  EXPECT_NE(epoch_of(other, 0), first);
  std::ranges::sort(first);
  EXPECT_EQ(first, tens(100));
}

// The order is Fisher and Yates' shuffle from the last element down, by stream 2^32 + epoch.
TEST(Loader, OrderIsTheOneDescribed) {
  Loader loader(counted(5), {.batch_size = 5, .shuffle = true, .seed = 9});
  std::vector<double> expected = tens(5);
  Random random(9, (std::uint64_t{1} << 32) + 2);
  for (std::uint32_t left = 5; left > 1; --left) {
    std::swap(expected[left - 1], expected[random.below(left)]);
  }
  EXPECT_EQ(epoch_of(loader, 2), expected);
}

TEST(Loader, InputsAndTargetsBelongTogether) {
  Loader loader(counted(100, 3), {.batch_size = 16, .shuffle = true});
  Batch batch;
  while (loader.next(batch)) {
    const auto inputs = batch.inputs.to_doubles();
    const auto targets = batch.targets.to_doubles();
    for (std::size_t i = 0; i < inputs.size(); ++i) EXPECT_EQ(20 * inputs[i], targets[i / 3]);
  }
}

TEST(Loader, UsesItsMemoryAgain) {
  Loader loader(counted(10), {.batch_size = 4});
  Batch batch;
  loader.next(batch);
  const std::byte* inputs = batch.inputs.bytes();
  const std::byte* targets = batch.targets.bytes();
  for (int epoch = 0; epoch < 3; ++epoch) {
    loader.start_epoch(epoch);
    while (loader.next(batch)) {
      EXPECT_EQ(batch.inputs.bytes(), inputs);
      EXPECT_EQ(batch.targets.bytes(), targets);
    }
  }
}

TEST(Loader, LeavesABatchAloneThatIsStillInUse) {
  Loader loader(counted(10), {.batch_size = 4});
  Batch batch;
  loader.next(batch);
  const Batch kept = batch;
  loader.next(batch);
  EXPECT_EQ(kept.targets.to_doubles(), (std::vector<double>{0, 10, 20, 30}));
  EXPECT_EQ(kept.inputs.to_doubles(), (std::vector<double>{0, 0.5, 1, 1.5}));
}

// Of a data set that was read from a state which changes then.
TEST(Loader, GivesTheValuesThatTheDataSetHolds) {
  const State inputs(Tensor::from({1.0F, 2.0F}, {2, 1}));
  const State targets(Tensor::from({3.0F, 4.0F}, {2, 1}));
  Loader loader(
      {.name = "states", .inputs = inputs.value(), .targets = targets.value(), .class_names = {}});
  inputs.assign(Tensor::from({5.0F, 6.0F}, {2, 1}));
  targets.assign(Tensor::from({7.0F, 8.0F}, {2, 1}));
  Batch batch;
  ASSERT_TRUE(loader.next(batch));
  EXPECT_EQ(batch.inputs.to_doubles(), (std::vector<double>{1, 2}));
  EXPECT_EQ(batch.targets.to_doubles(), (std::vector<double>{3, 4}));
}

TEST(Loader, GivesFloatsAndLabels) {
  Dataset dataset{.name = "xor",
                  .inputs = Tensor::from<float>({0, 0, 0, 1, 1, 0, 1, 1}, {4, 2}),
                  .targets = Tensor::from<std::int64_t>({0, 1, 1, 0}, {4}),
                  .class_names = {"false", "true"}};
  for (const double scale : {1.0, 3.0}) {
    dataset.input_scale = scale;
    Loader loader(dataset, {.batch_size = 4});
    Batch batch;
    loader.next(batch);
    EXPECT_EQ(batch.inputs.to_doubles(),
              (std::vector<double>{0, 0, 0, scale, scale, 0, scale, scale}));
    EXPECT_EQ(batch.targets.to_vector<std::int64_t>(), (std::vector<std::int64_t>{0, 1, 1, 0}));
  }
}

TEST(Loader, ThreadsDoNotChangeABatch) {
  const LoaderOptions options{.batch_size = 999, .shuffle = true};
  const Dataset dataset = counted(1000, 784);
  Batch one;
  Loader(dataset, options).next(one);
  set_threads(4);
  Batch four;
  Loader(dataset, options).next(four);
  set_threads(1);
  EXPECT_EQ(one.inputs.to_vector<float>(), four.inputs.to_vector<float>());
  EXPECT_EQ(one.targets.to_vector<float>(), four.targets.to_vector<float>());
}

TEST(Loader, HasNothingToGiveOfNoSamples) {
  Loader loader(counted(0));
  Batch batch;
  EXPECT_EQ(loader.batches(), 0);
  EXPECT_FALSE(loader.next(batch));
}

TEST(Loader, RefusesWhatItCannotDo) {
  EXPECT_EQ(message_of<ValueError>([] { Loader(counted(3), {.batch_size = 0}); }),
            "loader: batch_size 0: expected at least 1");
  Dataset bad = counted(3);
  bad.targets = Tensor::from<float>({1, 2}, {2, 1});
  EXPECT_THROW(Loader{bad}, ShapeError);
  Loader loader(counted(3));
  EXPECT_EQ(message_of<ValueError>([&] { loader.start_epoch(-1); }),
            "loader: epoch -1: expected at least 0");
}

}  // namespace
}  // namespace nabla::data
