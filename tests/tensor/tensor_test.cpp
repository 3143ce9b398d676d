#include "nabla/tensor/tensor.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "nabla/autodiff/derivatives.h"
#include "nabla/base/error.h"
#include "nabla/nn/layers.h"
#include "nabla/ops/ops.h"
#include "nabla/plan/capture.h"
#include "tests/support/message.h"

namespace nabla {
namespace {

std::string message(const std::function<void()>& f) {
  try {
    f();
    return "no error";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(Tensor, HoldsWhatItWasMadeOf) {
  const Tensor x = Tensor::from({1.5F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F}, {2, 3});
  EXPECT_EQ(x.spec(), (Spec{DType::f32, {2, 3}}));
  EXPECT_EQ(x.size(), 6);
  EXPECT_EQ(x.to_vector<float>(), (std::vector<float>{1.5F, 2, 3, 4, 5, 6}));
  EXPECT_EQ(Tensor(2.5).item(), 2.5);
  EXPECT_EQ(Tensor(2.5).dtype(), DType::f64);
  EXPECT_EQ(Tensor(2.5F).dtype(), DType::f32);
  EXPECT_EQ(Tensor::from(std::vector<std::int64_t>{}, {0, 3}).size(), 0);
}

TEST(Tensor, ReadsThroughItsLayout) {
  const Tensor x = Tensor::from<std::int32_t>({0, 1, 2, 3, 4, 5}, {2, 3});
  EXPECT_EQ(transpose(x).to_vector<std::int32_t>(), (std::vector<std::int32_t>{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(transpose(x).buffer().get(), x.buffer().get());
  EXPECT_EQ(flip(x, 1).to_doubles(), (std::vector<double>{2, 1, 0, 5, 4, 3}));
  EXPECT_EQ(*slice(x, {{1, 2}, {2, 3}}).data<std::int32_t>(), 5);
}

TEST(Tensor, ErrorsTeach) {
  const Tensor x = Tensor::from({1.0F, 2.0F}, {2});
  EXPECT_EQ(message([&] {
              Tensor::from({1.0F, 2.0F}, {3});
            }),
            "Tensor::from: 2 values do not fill shape [3] with its 3 elements");
  EXPECT_EQ(message([&] { x.item(); }), "item: expected one element, got shape [2]");
  EXPECT_EQ(message([&] { x.to_vector<double>(); }),
            "the tensor holds f32, not f64; convert it with cast");
  EXPECT_EQ(message([&] { x.data<std::int64_t>(); }),
            "the tensor holds f32, not i64; convert it with cast");
  EXPECT_EQ(message([&] { Tensor().item(); }), "an undefined tensor has no value");
  EXPECT_EQ(message([&] { x + Tensor(); }), "an undefined tensor has no value");
}

// Sizes are counted in 63 bits; nothing may pass for small because its size wrapped round.
TEST(Tensor, TooManyBytesAreAnError) {
  constexpr std::int64_t many = std::int64_t{1} << 40;
  const std::string bytes = ": expected extents of at least 0 and below 2^63 bytes";
  EXPECT_EQ(message([] {
              Tensor::empty({DType::f32, {many, many}});
            }),
            "a tensor f32[1099511627776, 1099511627776]" + bytes);
  EXPECT_EQ(message([] { Tensor::from({1.0F, 2.0F}, {-2, -1}); }), "a tensor f32[-2, -1]" + bytes);
  EXPECT_EQ(message([] {
              broadcast_to(Tensor(1.0), {many, many});
            }),
            "broadcast: would give f64[1099511627776, 1099511627776]: expected below 2^63 bytes");
  EXPECT_EQ(
      message([] {
        capture([](const Tensor& x) { return sum(broadcast_to(x, {many, many})); })(Tensor(1.0));
      }),
      "broadcast: would give f64[1099511627776, 1099511627776]: expected below 2^63 bytes");
}

// Bytes that can be counted, but that no system has.
TEST(Tensor, MemoryThatIsRefusedIsNamed) {
  constexpr std::int64_t many = std::int64_t{1} << 50;
  const auto refused = [](const std::string& what) {
    return "not enough memory for " + what + " bytes: take a smaller model, batch or data set";
  };
  const auto message = [](auto f) { return test::message_of<MemoryError>(f); };
  const Tensor x = broadcast_to(Tensor(1.0F), {many});
  const std::string f32 = refused("a tensor f32[1125899906842624], 4503599627370496");
  EXPECT_EQ(message([] { Tensor::empty({DType::f32, {many}}); }), f32);
  EXPECT_EQ(message([] {
              Tensor::empty({DType::u8, {std::numeric_limits<std::int64_t>::max()}});
            }),
            refused("a tensor u8[9223372036854775807], 9223372036854775807"));
  EXPECT_EQ(message([&] { x + x; }), f32);
  EXPECT_EQ(message([&] { cast(x, DType::f64); }),
            refused("a tensor f64[1125899906842624], 9007199254740992"));
  EXPECT_EQ(message([&] { grad([&](const Tensor& y) { return sum(y * x * x); })(Tensor(1.0F)); }),
            f32);
  EXPECT_EQ(message([] { nn::Dense(std::int64_t{1} << 25, std::int64_t{1} << 25); }),
            refused("a tensor f32[33554432, 33554432], 4503599627370496"));
  EXPECT_EQ(message([&] { State{x}; }), refused("a buffer, 4503599627370496"));
  EXPECT_EQ(
      message([&] { capture([&](const Tensor& y) { return flip(x, 0) * y; })(Tensor(1.0F)); }),
      refused("a buffer, 4503599627370496"));
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer ends the program where a vector gets no memory";
#endif
  EXPECT_EQ(message([&] { x.to_vector<float>(); }),
            refused("the elements of f32[1125899906842624], 4503599627370496"));
  EXPECT_EQ(message([&] {
              broadcast_to(Tensor::from({std::uint8_t{1}}, {1}), {many << 10}).to_doubles();
            }),
            refused("the elements of u8[1152921504606846976], 1152921504606846976"));
}

// Nor may extents wrap round before their bytes are counted: 2^32 * 2^32 is no 0.
TEST(Tensor, ExtentsThatWrapRoundAreAnError) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t half = std::int64_t{1} << 32;
  const Tensor none = Tensor::from(std::vector<float>{}, {0});
  EXPECT_EQ(message([&] {
              reshape(none, {half, half});
            }),
            "reshape: [0] with 0 elements does not fit [4294967296, 4294967296]");
  EXPECT_EQ(message([&] {
              reshape(none, {-1, half, half});
            }),
            "reshape: [0] with 0 elements does not fit [-1, 4294967296, 4294967296]");
  EXPECT_EQ(message([&] {
              Tensor::from(std::vector<float>{}, {half, half});
            }),
            "a tensor f32[4294967296, 4294967296]: expected extents of at least 0 and below 2^63 "
            "bytes");
  const Tensor bytes = Tensor::from<std::uint8_t>({1}, {1});
  EXPECT_EQ(message([&] { pad(bytes, {most}, {most}); }),
            "pad: before=[9223372036854775807], after=[9223372036854775807], between=[0] does not "
            "fit [1]");
  const Tensor many = broadcast_to(bytes, {most});
  EXPECT_EQ(message([&] {
              concatenate({many, many}, 0);
            }),
            "concatenate: shapes [9223372036854775807] and [9223372036854775807] together pass "
            "2^63 on axis 0");
  EXPECT_THROW(Generator(0).uniform({half, half}), ShapeError);
  const std::int64_t least = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(slice(arange(3), {{Slice::end, Slice::end, least}}).to_doubles(),
            std::vector<double>{2});
}

TEST(Tensor, Prints) {
  EXPECT_EQ(Tensor::from({1.0F, 2.5F}, {2}).to_string(), "[1, 2.5] f32[2]");
  EXPECT_EQ(Tensor::from<std::uint8_t>({7, 8}, {1, 2}).to_string(), "[[7, 8]] u8[1, 2]");
  EXPECT_EQ(arange(10, DType::i64).to_string(), "[0, 1, 2, ..., 7, 8, 9] i64[10]");
  EXPECT_EQ(Tensor().to_string(), "undefined");
  EXPECT_EQ(Tensor(2.0).to_string(), "2 f64[]");
}

// ---- Slices as in Python, against a list.

TEST(Slices, WalkAsInPython) {
  const std::int64_t extent = 5;
  const Tensor x = arange(extent, DType::i64);
  const std::int64_t open = Slice::end;
  for (const std::int64_t start :
       {open, std::int64_t{-7}, std::int64_t{-5}, std::int64_t{-2}, std::int64_t{0},
        std::int64_t{2}, std::int64_t{4}, std::int64_t{5}, std::int64_t{9}}) {
    for (const std::int64_t stop :
         {open, std::int64_t{-7}, std::int64_t{-6}, std::int64_t{-1}, std::int64_t{0},
          std::int64_t{3}, std::int64_t{5}, std::int64_t{8}}) {
      for (const std::int64_t step : {-3, -2, -1, 1, 2, 7}) {
        std::vector<std::int64_t> expected;
        const auto place = [&](std::int64_t at) { return at < 0 ? at + extent : at; };
        std::int64_t i = start == open ? (step > 0 ? 0 : extent - 1) : place(start);
        if (step > 0 && i < 0) i = 0;
        if (step < 0 && i >= extent) i = extent - 1;
        const auto before_stop = [&] {
          if (stop == open) return true;
          return step > 0 ? i < place(stop) : i > place(stop);
        };
        for (; before_stop() && i >= 0 && i < extent; i += step) expected.push_back(i);
        EXPECT_EQ(slice(x, {{start, stop, step}}).to_vector<std::int64_t>(), expected)
            << start << ':' << stop << ':' << step;
      }
    }
  }
}

TEST(Slices, TakeStepsOfAnyLength) {
  const Tensor x = reshape(arange(6, DType::i64), {3, 2});
  const std::int64_t far = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(slice(x, {{1, Slice::end, far}}).to_vector<std::int64_t>(),
            (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(slice(x, {{Slice::end, Slice::end, -far}}).to_vector<std::int64_t>(),
            (std::vector<std::int64_t>{4, 5}));
}

TEST(Slices, ErrorsTeach) {
  const Tensor x = arange(4);
  EXPECT_EQ(message([&] { slice(x, {{0, 1, 0}}); }), "slice: the step of axis 0 of [4] is 0");
  EXPECT_EQ(message([&] { slice(x, {{}, {}}); }), "slice: 2 slices for shape [4]");
  EXPECT_EQ(message([&] { select(x, 0, 4); }), "select: index 4 is outside of axis 0 of [4]");
  EXPECT_EQ(select(x, 0, -1).item(), 3);
}

TEST(Shaping, ErrorsTeach) {
  const Tensor x = Tensor::from({1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F}, {2, 3});
  EXPECT_EQ(message([&] {
              reshape(x, {4, -1});
            }),
            "reshape: [2, 3] with 6 elements does not fit [4, -1]");
  EXPECT_EQ(message([&] {
              reshape(x, {-1, -1});
            }),
            "reshape: [2, 3] with 6 elements does not fit [-1, -1]");
  EXPECT_EQ(message([&] {
              permute(x, {0, 0});
            }),
            "permute: [0, 0] is not an order of the 2 axes of [2, 3]");
  EXPECT_EQ(message([&] {
              broadcast_to(x, {3, 3});
            }),
            "broadcast: [2, 3] does not stretch to [3, 3]");
  EXPECT_EQ(message([&] {
              concatenate({x, transpose(x)}, 0);
            }),
            "concatenate: shapes [2, 3] and [3, 2] differ outside of axis 0");
  EXPECT_EQ(message([&] {
              x + Tensor::from({1.0F, 2.0F}, {2});
            }),
            "add: shapes [2, 3] and [2] do not broadcast (3 != 2 on axis 1)");
  EXPECT_EQ(message([&] { x + Tensor(1.0); }),
            "add: types f32 and f64 differ; convert one with cast");
  EXPECT_EQ(message([&] { sum(x, {2}); }), "sum: axis 2 is outside of a tensor with 2 axes");
  EXPECT_EQ(message([&] { sum(x, {0, -2}); }), "sum: axis -2 stands twice in [0, -2]");
  EXPECT_EQ(message([&] { matmul(x, x); }),
            "matmul: inner extents differ: a [2, 3], b [2, 3] (3 != 2)");
}

}  // namespace
}  // namespace nabla
