// What people who know NumPy look for: operators, indices, slices, and tensors from nothing.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "nabla/nabla.h"
#include "tests/support/message.h"
#include "tests/support/modes.h"

namespace nabla {
namespace {

using Values = std::vector<double>;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct Case {
  std::string name;
  std::function<Tensor()> call;
  Spec spec;
  Values expected;
};

void expect_cases(const std::vector<Case>& cases) {
  for (const auto& [name, call, spec, expected] : cases) {
    SCOPED_TRACE(name);
    const Tensor y = call();
    EXPECT_EQ(y.spec(), spec);
    EXPECT_EQ(y.to_doubles(), expected);
  }
}

const Tensor x = Tensor::from({1.0, 2.0, 3.0, 4.0, 5.0, 6.0}, {2, 3});
const Tensor v = Tensor::from<std::int64_t>({1, 2, 3}, {3});

TEST(Surface, ComparisonsAreOperators) {
  const Spec u8{DType::u8, {3}};
  const Tensor w = Tensor::from<std::int64_t>({3, 2, 1}, {3});
  expect_cases({
      {"==", [&] { return v == w; }, u8, {0, 1, 0}},
      {"!=", [&] { return v != w; }, u8, {1, 0, 1}},
      {"<", [&] { return v < w; }, u8, {1, 0, 0}},
      {"<=", [&] { return v <= w; }, u8, {1, 1, 0}},
      {">", [&] { return v > w; }, u8, {0, 0, 1}},
      {">=", [&] { return v >= w; }, u8, {0, 1, 1}},
      {"== n", [] { return v == 2; }, u8, {0, 1, 0}},
      {"n ==", [] { return 2 == v; }, u8, {0, 1, 0}},
      {"!= n", [] { return v != 2; }, u8, {1, 0, 1}},
      {"n !=", [] { return 2 != v; }, u8, {1, 0, 1}},
      {"< n", [] { return v < 2; }, u8, {1, 0, 0}},
      {"n <", [] { return 2 < v; }, u8, {0, 0, 1}},
      {"<= n", [] { return v <= 2; }, u8, {1, 1, 0}},
      {"n <=", [] { return 2 <= v; }, u8, {0, 1, 1}},
      {"> n", [] { return v > 2; }, u8, {0, 0, 1}},
      {"n >", [] { return 2 > v; }, u8, {1, 0, 0}},
      {">= n", [] { return v >= 2; }, u8, {0, 1, 1}},
      {"n >=", [] { return 2 >= v; }, u8, {1, 1, 0}},
      {"f32", [] { return cast(v, DType::f32) > 1.5; }, u8, {0, 1, 1}},
      {"of a shape each", [] { return x == x[0]; }, {DType::u8, {2, 3}}, {1, 1, 1, 0, 0, 0}},
      {"greater(n, x)", [] { return greater(2, v); }, u8, {1, 0, 0}},
      {"NaN", [] { return Tensor(nan) == Tensor(nan); }, {DType::u8, {}}, {0}},
      {"add(x, n)", [] { return add(v, 1); }, v.spec(), {2, 3, 4}},
      {"where(c, n, x)", [] { return where(v > 2, 0, v); }, v.spec(), {1, 2, 0}},
      {"any", [] { return any(v > 2); }, {DType::u8, {}}, {1}},
      {"all", [] { return all(v > 2); }, {DType::u8, {}}, {0}},
      {"any of rows", [] { return any(x > 4, 1); }, {DType::u8, {2}}, {0, 1}},
      {"all of rows", [] { return all(x > 3, -1, true); }, {DType::u8, {2, 1}}, {0, 1}},
      {"any of none", [] { return any(zeros(0)); }, {DType::u8, {}}, {0}},
      {"all of none", [] { return all(zeros(0)); }, {DType::u8, {}}, {1}},
      {"any NaN", [] { return any(Tensor(nan)); }, {DType::u8, {}}, {1}},
  });
}

TEST(Surface, ASingleElementIsACondition) {
  EXPECT_TRUE(Tensor(2.0) > 1 && 3 == Tensor(3));
  EXPECT_FALSE(Tensor(0) || Tensor(0.0) != 0);
  EXPECT_TRUE(all(x == x));
  test::expect_errors({
      {[] { EXPECT_TRUE(x > 1); },
       "a condition: expected one element, got shape [2, 3]; say with any() or all() which are "
       "meant"},
      {[] { static_cast<void>(v == zeros(2, DType::i64)); },
       "equal: shapes [3] and [2] do not broadcast (3 != 2 on axis 0)"},
      {[] { capture([](const Tensor& t) { return t > 0 ? t : -t; })(Tensor(1.0)); },
       "a tensor has no value while its function is being captured: return it from the captured "
       "function and read it there, or keep it in a State"},
  });
}

TEST(Surface, AssignmentsMakeAnotherTensor) {
  Tensor y = v;
  const Tensor before = y;
  y += 1;
  y *= y;
  y -= v;
  EXPECT_EQ(y.to_doubles(), (Values{3, 7, 13}));
  EXPECT_EQ(before.to_doubles(), (Values{1, 2, 3}));
  Tensor z = x[0];
  z /= 2;
  EXPECT_EQ((-z).to_doubles(), (Values{-0.5, -1, -1.5}));
  const auto f = [](const Tensor& t) {
    Tensor total = 0.0;
    for (std::int64_t i = 0; i < 3; ++i) total += t[i] * t[i];
    return total;
  };
  EXPECT_EQ(grad(f)(x[0]).to_doubles(), (Values{2, 4, 6}));
}

TEST(Surface, IndicesAndSlices) {
  const Spec row{DType::f64, {3}};
  expect_cases({
      {"x[0]", [] { return x[0]; }, row, {1, 2, 3}},
      {"x[-1]", [] { return x[-1]; }, row, {4, 5, 6}},
      {"x[1][2]", [] { return x[1][2]; }, {DType::f64, {}}, {6}},
      {"v[{1, 3}]",
       [] {
         return v[{1, 3}];
       },
       {DType::i64, {2}},
       {2, 3}},
      {"v[{0, 3, 2}]",
       [] {
         return v[{0, 3, 2}];
       },
       {DType::i64, {2}},
       {1, 3}},
      {"last two", [] { return v[{.start = -2}]; }, {DType::i64, {2}}, {2, 3}},
      {"to the last but one", [] { return v[{.stop = -1}]; }, {DType::i64, {2}}, {1, 2}},
      {"backwards", [] { return v[{.step = -1}]; }, {DType::i64, {3}}, {3, 2, 1}},
      {"beyond the end",
       [] {
         return v[{2, 9}];
       },
       {DType::i64, {1}},
       {3}},
      {"none",
       [] {
         return v[{2, 1}];
       },
       {DType::i64, {0}},
       {}},
      {"rows",
       [] {
         return x[{1, 2}];
       },
       {DType::f64, {1, 3}},
       {4, 5, 6}},
      {"both axes",
       [] {
         return x[{{0, 2}, {1, 3}}];
       },
       {DType::f64, {2, 2}},
       {2, 3, 5, 6}},
      {"a column",
       [] {
         return x[{{}, {1, 2}}];
       },
       {DType::f64, {2, 1}},
       {2, 5}},
      {"all", [] { return x[{}]; }, x.spec(), x.to_doubles()},
      {"T", [] { return x.T(); }, {DType::f64, {3, 2}}, {1, 4, 2, 5, 3, 6}},
  });
  test::expect_errors({
      {[] { x[2]; }, "select: index 2 is outside of axis 0 of [2, 3]"},
      {[] { x[-3]; }, "select: index -3 is outside of axis 0 of [2, 3]"},
      {[] { x[0][0][0]; }, "x[0]: shape [] has no axis to index"},
      {[] {
         x[{{0, 1}, {0, 1}, {0, 1}}];
       },
       "slice: 3 slices for shape [2, 3]"},
      {[] {
         x[{0, 1, 0}];
       },
       "slice: the step of axis 0 of [2, 3] is 0"},
      {[] {
         Tensor(1.0)[{0, 1}];
       },
       "slice: 1 slices for shape []"},
      {[] { v.T(); }, "transpose: expected at least 2 axes, got shape [3]"},
      {[] { Tensor()[0]; }, "an undefined tensor has no value"},
      {[] { sum(Tensor()); }, "sum: an undefined tensor has no value"},
      {[] { product(Tensor()); }, "product: an undefined tensor has no value"},
      {[] { max(Tensor()); }, "max: an undefined tensor has no value"},
      {[] { sum(Tensor(1.0), {1}); }, "sum: axis 1 is outside of a tensor with 0 axes"},
  });
}

TEST(Surface, IndicesRunInAllModes) {
  const auto f = [](const Tensors& in) {
    const Tensor a = in[0];
    Tensor s = a[0] + a[{1, 2}][0];
    s += a.T()[{.step = -1}].T()[1];
    return Tensors{where(s > 5, s, -s), any(a > 5, 0), all(a > 1, -1), a == a[1]};
  };
  for (const DType dtype : all_dtypes) EXPECT_EQ(compare_modes(f, {cast(x, dtype)}), "");
}

TEST(Surface, AxesAreOneOrSeveral) {
  expect_cases({
      {"sum 0", [] { return sum(x, 0); }, {DType::f64, {3}}, {5, 7, 9}},
      {"sum -1", [] { return sum(x, -1, true); }, {DType::f64, {2, 1}}, {6, 15}},
      {"sum {}", [] { return sum(x, {}, true); }, {DType::f64, {1, 1}}, {21}},
      {"sum {0}", [] { return sum(x, {0}); }, {DType::f64, {3}}, {5, 7, 9}},
      {"sum {0, -1}",
       [] {
         return sum(x, {0, -1});
       },
       {DType::f64, {}},
       {21}},
      {"mean", [] { return mean(x, 0); }, {DType::f64, {3}}, {2.5, 3.5, 4.5}},
      {"max", [] { return max(x, 1); }, {DType::f64, {2}}, {3, 6}},
      {"matrix times vector", [] { return matmul(x, x[0]); }, {DType::f64, {2}}, {14, 32}},
  });
  test::expect_errors({{[] { sum(x, 2); }, "sum: axis 2 is outside of a tensor with 2 axes"},
                       {[] {
                          any(x, {0, 0});
                        },
                        "any: axis 0 stands twice in [0, 0]"},
                       {[] { all(x, -3); }, "all: axis -3 is outside of a tensor with 2 axes"}});
}

TEST(Surface, TensorsFromNothing) {
  const auto f32 = [](const Shape& shape) { return Spec{DType::f32, shape}; };
  expect_cases({
      {"int", [] { return Tensor(1); }, {DType::i64, {}}, {1}},
      {"short", [] { return Tensor(short{-1}); }, {DType::i64, {}}, {-1}},
      {"size_t", [] { return Tensor(std::size_t{7}); }, {DType::i64, {}}, {7}},
      {"bool", [] { return Tensor(true); }, {DType::u8, {}}, {1}},
      {"= 1",
       [] {
         const Tensor y = 1;
         return y;
       },
       {DType::i64, {}},
       {1}},
      {"= 1.5",
       [] {
         const Tensor y = 1.5;
         return y;
       },
       {DType::f64, {}},
       {1.5}},
      {"= 1.5F",
       [] {
         const Tensor y = 1.5F;
         return y;
       },
       f32({}),
       {1.5}},
      {"zeros",
       [] {
         return zeros({2, 2});
       },
       f32({2, 2}),
       {0, 0, 0, 0}},
      {"zeros 3", [] { return zeros(3); }, f32({3}), {0, 0, 0}},
      {"ones", [] { return ones(2, DType::i32); }, {DType::i32, {2}}, {1, 1}},
      {"full", [] { return full({2}, 2.5); }, f32({2}), {2.5, 2.5}},
      {"full i64",
       [] { return full(1, (std::int64_t{1} << 53) + 1, DType::i64) - 1; },
       {DType::i64, {1}},
       {0x1p53}},
      {"full of a tensor", [] { return full({2}, Tensor(0.1)); }, {DType::f64, {2}}, {0.1, 0.1}},
      {"eye", [] { return eye(2); }, f32({2, 2}), {1, 0, 0, 1}},
      {"eye f64", [] { return eye(1, DType::f64); }, {DType::f64, {1, 1}}, {1}},
      {"eye 0", [] { return eye(0); }, f32({0, 0}), {}},
      {"arange", [] { return arange(3); }, f32({3}), {0, 1, 2}},
      {"arange of", [] { return arange(1, 4); }, f32({3}), {1, 2, 3}},
      {"arange by", [] { return arange(5, 0, -2, DType::i64); }, {DType::i64, {3}}, {5, 3, 1}},
      {"arange of none", [] { return arange(1, 0); }, f32({0}), {}},
      {"arange 0.1",
       [] { return arange(0, 1, 0.25, DType::f64); },
       {DType::f64, {4}},
       {0, 0.25, 0.5, 0.75}},
      {"linspace", [] { return linspace(0, 1, 5); }, f32({5}), {0, 0.25, 0.5, 0.75, 1}},
      {"linspace of one", [] { return linspace(2, 3, 1); }, f32({1}), {2}},
      // numpy.linspace(0.1, 0.7, 4)[-1] is 0.7, though 0.1 + 3 * 0.2 is not.
      {"linspace ends",
       [] { return linspace(0.1, 0.7, 4, DType::f64)[-1]; },
       {DType::f64, {}},
       {0.7}},
  });
  test::expect_errors({
      {[] { Tensor(std::numeric_limits<std::uint64_t>::max()); },
       "a tensor from 18446744073709551615: i64 does not have it; take a double"},
      {[] { zeros({-1}); },
       "a tensor f32[-1]: expected extents of at least 0 and below 2^63 bytes"},
      {[] { full(2, ones(3)); }, "full: expected one value, got shape [3]"},
      {[] { eye(-1); }, "arange: expected extents of at least 0, got i64[-1]"},
      {[] { arange(0, 1, 0); },
       "arange: from 0 to 1 by 0: expected finite numbers, a step that is not 0, and below 2^60 of "
       "them"},
      {[] { arange(0, nan); },
       "arange: from 0 to nan by 1: expected finite numbers, a step that is not 0, and below 2^60 "
       "of "
       "them"},
      {[] { linspace(0, 1, 0); },
       "linspace: 0 numbers from 0 to 1: expected at least 1, and finite ends"},
  });
}

// Its moments; other numbers in each call, and none in a captured function, which would repeat
// them.
TEST(Surface, RandnDrawsAnew) {
  const Tensor a = randn({100, 100}, DType::f64);
  EXPECT_NEAR(mean(a).item(), 0, 0.05);
  EXPECT_NEAR(variance(a).item(), 1, 0.05);
  EXPECT_FALSE(any(a == randn({100, 100}, DType::f64)));
  test::expect_errors(
      {{[] { capture([](const Tensor& t) { return t + randn(t.shape()); })(ones(2)); },
        "randn: a captured function would draw once and repeat the numbers: draw from a "
        "Generator"}});
}

TEST(Surface, PrintingObeysTheStream) {
  const Tensor y = Tensor::from({1.0 / 3, 2e10}, {2});
  const auto printed = [&](const auto& prepare) {
    std::ostringstream out;
    prepare(out);
    out << y;
    return out.str();
  };
  EXPECT_EQ(printed([](auto&) {}), "[0.333333, 2e+10] f64[2]");
  EXPECT_EQ(printed([](auto& out) { out.precision(3); }), "[0.333, 2e+10] f64[2]");
  EXPECT_EQ(printed([](auto& out) { out.precision(17); }),
            "[0.33333333333333331, 20000000000] f64[2]");
  EXPECT_EQ(printed([](auto& out) {
              out << std::fixed;
              out.precision(1);
            }),
            "[0.3, 20000000000.0] f64[2]");
  EXPECT_EQ(printed([](auto& out) { out.width(28); }), "    [0.333333, 2e+10] f64[2]");
  EXPECT_EQ(y.to_string(), "[0.333333, 2e+10] f64[2]");
}

TEST(Surface, DataAreWrittenByTheirOnlyOwner) {
  static_assert(std::is_same_v<decltype(std::declval<Tensor&>().data<float>()), const float*>);
  static_assert(std::is_same_v<decltype(std::declval<Tensor&>().bytes()), const std::byte*>);
  Tensor y = zeros(2);
  y.writable_data<float>()[1] = 3;
  EXPECT_EQ(y.to_doubles(), (Values{0, 3}));
  const Tensor copy = y;
  const std::string shared =
      "the tensor f32[2] shares its memory, which is then only read: fill a new one from "
      "Tensor::empty before it is copied";
  const State state(ones(2));
  Tensor read = state.value();
  const auto step = capture([](const Tensor& t) { return t + 1; });
  Tensor result = step(copy);
  test::expect_errors({{[&] { y.writable_data<float>(); }, shared},
                       {[&] { read.writable_bytes(); }, shared},
                       {[&] { result.writable_bytes(); }, shared},
                       {[&] { y.writable_data<double>(); },
                        "the tensor holds f32, not f64; convert it with cast"}});
}

}  // namespace
}  // namespace nabla
