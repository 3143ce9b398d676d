// The checks of the op table must see what is wrong: ops with one planted error each.
#include <gtest/gtest.h>

#include <cmath>

#include "nabla/autodiff/derivatives.h"
#include "nabla/graph/graph.h"
#include "nabla/ops/ops.h"
#include "tests/ops/checks.h"
#include "tests/support/message.h"
#include "tests/support/modes.h"

namespace nabla {
namespace {

Op entry(std::string_view name) {
  for (const Op* op : op_table()) {
    if (op->name == name) return *op;
  }
  throw std::logic_error("no such op");
}

// How many cases of an op a check fails on.
template <class Check>
int failures(const Op& op, DType dtype, Check check) {
  int count = 0;
  for (const Case& c : cases_of(op, dtype)) count += check(c).empty() ? 0 : 1;
  return count;
}

int wrong_values(const Op& op, DType dtype) {
  const Reference& reference = references().find(op.name)->second;
  return failures(op, dtype, [&](const Case& c) { return check_values(c, reference); });
}

int wrong_derivatives(const Op& op) {
  return failures(op, DType::f64, [](const Case& c) { return check_derivatives(c); });
}

TEST(Sabotage, NothingPlantedNothingFound) {
  EXPECT_EQ(wrong_values(entry("tanh"), DType::f32), 0);
  EXPECT_EQ(wrong_derivatives(entry("tanh")), 0);
  EXPECT_EQ(failures(entry("matmul"), DType::f64, check_linearity), 0);
  EXPECT_EQ(failures(entry("matmul"), DType::f64, check_guards), 0);
}

// Off by a few units in the last place.
void inexact_exp(std::int64_t n, const void* a, const void*, const void*, void* out) {
  for (std::int64_t i = 0; i < n; ++i) {
    const float x = static_cast<const float*>(a)[i];
    static_cast<float*>(out)[i] = std::exp(x) * (1 + 1e-6F);
  }
}

TEST(Sabotage, WrongKernel) {
  Op exp = entry("exp");
  exp.tile = [](const TileTable&, DType in, DType) {
    return in == DType::f32 ? TileVariants{.dense = inexact_exp} : TileVariants{};
  };
  EXPECT_GT(wrong_values(exp, DType::f32), 0);
  Op subtract = entry("subtract");
  subtract.tile = [](const TileTable& table, DType in, DType) { return table.add[in]; };
  for (const DType dtype : all_dtypes) EXPECT_GT(wrong_values(subtract, dtype), 0) << dtype;
}

TEST(Sabotage, ViewOfOtherElements) {
  Op flip = entry("flip");
  flip.view = [](const Layout& in, const Attributes&) { return std::optional(in); };
  EXPECT_GT(wrong_values(flip, DType::u8), 0);
}

// A kernel that takes its input for contiguous though it says otherwise.
TEST(Sabotage, KernelThatIgnoresStrides) {
  Op pad = entry("pad");
  static const auto good = pad.kernel;
  pad.kernel = [](std::span<const Argument> in, const Argument& out, const Attributes& attributes) {
    Argument dense = in[0];
    dense.layout = Layout::contiguous(dense.shape());
    good({&dense, 1}, out, attributes);
  };
  EXPECT_GT(wrong_values(pad, DType::f32), 0);
}

// Right but for an empty input, and but for a scalar.
TEST(Sabotage, KernelThatForgetsAnEdge) {
  Op pad = entry("pad");
  static const auto good_pad = pad.kernel;
  pad.kernel = [](std::span<const Argument> in, const Argument& out, const Attributes& attributes) {
    good_pad(in, out, attributes);
    if (in[0].shape().elements() == 0 && out.shape().elements() > 0) out.as<float>()[0] = 1;
  };
  EXPECT_GT(wrong_values(pad, DType::f32), 0);
  for (const std::string_view name : {"sum", "max", "min"}) {
    Op op = entry(name);
    static decltype(op.kernel) good;
    good = op.kernel;
    op.kernel = [](std::span<const Argument> in, const Argument& out,
                   const Attributes& attributes) {
      good(in, out, attributes);
      if (in[0].shape().rank() == 0) out.as<float>()[0] = 0;
    };
    EXPECT_GT(wrong_values(op, DType::f32), 0) << name;
  }
}

TEST(Sabotage, WritesBesideItsOutput) {
  Op negative = entry("negative");
  negative.tile = [](const TileTable&, DType, DType) {
    return TileVariants{
        .dense = [](std::int64_t n, const void* a, const void*, const void*, void* out) {
          for (std::int64_t i = 0; i <= n; ++i) {
            static_cast<float*>(out)[i] = -static_cast<const float*>(a)[i];
          }
        }};
  };
  EXPECT_GT(failures(negative, DType::f32, check_guards), 0);
}

TEST(Sabotage, WritesIntoItsInput) {
  Op cumulative = entry("cumulative_sum");
  static const auto good = cumulative.kernel;
  cumulative.kernel = [](std::span<const Argument> in, const Argument& out,
                         const Attributes& attributes) {
    good(in, out, attributes);
    if (out.shape().elements() > 0) in[0].as<float>()[0] = 0;
  };
  EXPECT_GT(failures(cumulative, DType::f32, check_guards), 0);
}

TEST(Sabotage, LeavesElementsUnwritten) {
  Op one_hot = entry("one_hot");
  one_hot.kernel = [](std::span<const Argument>, const Argument&, const Attributes&) {};
  EXPECT_GT(failures(one_hot, DType::f32, check_guards), 0);
}

TEST(Sabotage, WrongPartial) {
  Op tanh = entry("tanh");
  tanh.rule = Elementwise{{[](const Call& c) { return 1 - c.out; }}};
  EXPECT_GT(wrong_derivatives(tanh), 0);
}

// Right at first order, and cut off from the second.
TEST(Sabotage, WrongSecondDerivative) {
  Op tanh = entry("tanh");
  tanh.rule = Elementwise{{[](const Call& c) { return 1 - square(stop_gradient(c.out)); }}};
  EXPECT_GT(wrong_derivatives(tanh), 0);
  EXPECT_EQ(failures(tanh, DType::f64, [](const Case& c) { return check_derivatives(c, 1); }), 0);
}

// Right wherever the gradient is ones, which sums of outputs would never notice.
TEST(Sabotage, TransposeThatForgetsTheGradient) {
  Op product = entry("multiply");
  product.rule = Multilinear{{[](const Call& c, const Tensor&) { return c.in[1] + 0; },
                              [](const Call& c, const Tensor& g) { return g * c.in[0]; }}};
  EXPECT_GT(failures(product, DType::f64, check_linearity), 0);
  EXPECT_GT(wrong_derivatives(product), 0);
}

TEST(Sabotage, RuleWithOneInputForgotten) {
  Op subtract = entry("subtract");
  subtract.rule = Linear{{[](const Call&, const Tensor& g) { return g; },
                          [](const Call&, const Tensor& g) { return g; }}};
  EXPECT_GT(failures(subtract, DType::f64, check_linearity), 0);
}

// A rule whose gradient has another shape is an error that names the op, with or without checks.
TEST(Sabotage, RuleThatGivesAnotherShape) {
  Op negative = entry("negative");
  negative.rule = Linear{{[](const Call&, const Tensor& gradient) { return sum(gradient); }}};
  const auto gradient = [&] {
    grad([&](const Tensor& x) { return sum(apply(negative, {x})); })(Tensor::from({1.0, 2.0}, {2}));
  };
  EXPECT_EQ(test::message_of<ShapeError>(gradient),
            "negative: its derivative rule gives f64[] for input 0: expected f64[2]");
  negative.rule = Elementwise{{[](const Call&) { return Tensor(-1.0); }}};
  EXPECT_EQ(test::message_of<ShapeError>(gradient),
            "negative: its derivative rule gives f64[] for input 0: expected f64[2]");
  negative.rule =
      Custom{[](const Call&, int, const Tensor& g) { return -g; },
             [](const Call&, std::span<const Tensor> tangents) { return sum(tangents[0]); }};
  const Tensor x = Tensor::from({1.0, 2.0}, {2});
  EXPECT_EQ(test::message_of<ShapeError>([&] {
              jvp([&](const Tensors& in) { return apply(negative, {in[0]}); }, {x}, {x});
            }),
            "negative: its derivative rule gives f64[] for its result: expected f64[2]");
}

// Nothing is no gradient of 0.
TEST(Sabotage, RuleThatGivesNothing) {
  Op negative = entry("negative");
  const Tensor x = Tensor::from({1.0F}, {1});
  const Function f = [&](const Tensors& in) { return apply(negative, {in[0]}); };
  const auto reverse = [&] { return test::message_of<ValueError>([&] { vjp(f, {x}, x); }); };
  const auto forward = [&] { return test::message_of<ValueError>([&] { jvp(f, {x}, {x}); }); };
  const std::string expected =
      "negative: its derivative rule gives an undefined tensor for input 0: expected f32[1]";
  negative.rule = Linear{{[](const Call&, const Tensor&) { return Tensor(); }}};
  EXPECT_EQ(reverse(), expected);
  negative.rule = Multilinear{{[](const Call&, const Tensor&) { return Tensor(); }}};
  EXPECT_EQ(reverse(), expected);
  negative.rule = Elementwise{{[](const Call&) { return Tensor(); }}};
  EXPECT_EQ(reverse(), expected);
  EXPECT_EQ(forward(), expected);
  negative.rule = Custom{[](const Call&, int, const Tensor&) { return Tensor(); },
                         [](const Call&, std::span<const Tensor>) { return Tensor(); }};
  EXPECT_EQ(reverse(), expected);
  EXPECT_EQ(forward(),
            "negative: its derivative rule gives an undefined tensor for its result: expected "
            "f32[1]");
}

TEST(Sabotage, OpThatIsNotWhole) {
  Op op = entry("negative");
  EXPECT_EQ(test::message_of<ShapeError>([&] {
              apply(op, {Tensor(1.0), Tensor(1.0)});
            }),
            "negative: takes 1 tensors, got 2");
  op.tile = nullptr;
  EXPECT_THROW(TableEntry{op}, ValueError);
  op = entry("negative");
  op.infer = nullptr;
  EXPECT_THROW(TableEntry{op}, ValueError);
  op = entry("negative");
  op.rule = Custom{};
  EXPECT_THROW(TableEntry{op}, ValueError);
  op = entry("identity");
  op.arity = 2;
  EXPECT_THROW(TableEntry{op}, ValueError);
  op.arity = -1;
  EXPECT_THROW(TableEntry{op}, ValueError);
  op = entry("negative");
  op.name = "";
  EXPECT_THROW(TableEntry{op}, ValueError);
}

TEST(Sabotage, OpWithANameThatIsTaken) {
  const std::size_t before = op_table().size();
  EXPECT_EQ(test::message_of<ValueError>([] { TableEntry{entry("negative")}; }),
            "op \"negative\": expected a name that no other op of the table has");
  EXPECT_EQ(op_table().size(), before);
}

// An Op that is no TableEntry may lack anything, and a tile may lack a type.
TEST(Sabotage, OpThatCannotBeApplied) {
  const Tensor x = Tensor::from({1.0F}, {1});
  Op op = entry("negative");
  op.tile = nullptr;
  const std::string expected =
      "op \"negative\": expected a name, infer, one of view (of one input), tile (of 1 to 3) and "
      "kernel (of 0 to 3), and both functions of a Custom rule";
  for (const Mode& mode : modes()) {
    const auto error = [&] {
      return test::message_of<ValueError>([&] {
        mode.run([&](const Tensors& in) -> Tensors { return {nabla::apply(op, in)}; }, {x});
      });
    };
    op.infer = entry("negative").infer;
    EXPECT_EQ(error(), expected) << mode.name;
    op.infer = nullptr;
    EXPECT_EQ(error(), expected) << mode.name;
  }
  Op exp = entry("exp");
  exp.infer = [](const Op&, Inputs in, const Attributes&) { return in[0].spec(); };
  const Tensor labels = Tensor::from<std::int64_t>({1}, {1});
  for (const Mode& mode : modes()) {
    EXPECT_EQ(test::message_of<DTypeError>([&] {
                mode.run([&](const Tensors& in) -> Tensors { return {nabla::apply(exp, in)}; },
                         {labels});
              }),
              "exp: its tile has no function from i64 to i64: expected infer to refuse these types")
        << mode.name;
  }
}

TEST(Sabotage, LinearRuleForWhatIsNot) {
  Op square = entry("square");
  square.rule = Linear{{[](const Call& c, const Tensor& g) { return 2 * g * c.in[0]; }}};
  EXPECT_GT(failures(square, DType::f64, check_linearity), 0);
}

// A transpose whose own rule stops: only a third derivative tells.
TEST(Sabotage, RuleOfARuleMissing) {
  Op sum = entry("sum");
  sum.rule = Linear{{[](const Call& c, const Tensor& g) {
    Shape kept = c.in[0].shape();
    const auto& axes = std::get<AxesAttribute>(c.attributes);
    for (int i = axes.first; i < axes.first + axes.count; ++i) kept[i] = 1;
    return broadcast_to(reshape(stop_gradient(g), kept), c.in[0].shape());
  }}};
  EXPECT_EQ(failures(sum, DType::f64, check_linearity), 0);
  EXPECT_GT(failures(sum, DType::f64, check_closure), 0);
}

// Sees which mode it runs in, which no op may.
TEST(Sabotage, ModeThatDiffers) {
  Case c = cases_of(entry("exp"), DType::f32)[0];
  const auto f = [&](const Tensors& in) -> Tensors {
    return {is_capturing() ? exp(in[0]) * 1.0000002 : exp(in[0])};
  };
  EXPECT_NE(compare_modes(f, c.bases()), "");
}

// Forward mode that sees in which mode it runs, beside a right value and gradient.
TEST(Sabotage, TangentThatDiffersBetweenModes) {
  Op negative = entry("negative");
  negative.rule = Custom{[](const Call&, int, const Tensor& g) { return -g; },
                         [](const Call&, std::span<const Tensor> tangents) {
                           return is_capturing() ? tangents[0] * -1.0000002 : -tangents[0];
                         }};
  for (const DType dtype : {DType::f32, DType::f64}) {
    EXPECT_GT(failures(negative, dtype, check_modes), 0) << dtype;
  }
}

// The same bits at first order.
TEST(Sabotage, SecondDerivativeThatDiffersBetweenModes) {
  Op tanh = entry("tanh");
  tanh.rule = Elementwise{
      {[](const Call& c) { return 1 - square(is_capturing() ? stop_gradient(c.out) : c.out); }}};
  for (const DType dtype : {DType::f32, DType::f64}) {
    EXPECT_GT(failures(tanh, dtype, check_modes), 0) << dtype;
  }
}

int imprecise_derivatives(const Op& op) { return failures(op, DType::f32, check_single_precision); }

// Wrong in f32 alone: the checks against differences run in f64 and cannot see it.
TEST(Sabotage, DerivativeWithTooFewDigitsInSinglePrecision) {
  Op erf = entry("erf");
  EXPECT_EQ(imprecise_derivatives(erf), 0);
  erf.rule = Elementwise{{[](const Call& c) {
    return (c.out.dtype() == DType::f32 ? 1.1284 : 1.1283791670955126) * exp(-square(c.in[0]));
  }}};
  EXPECT_EQ(wrong_derivatives(erf), 0);
  EXPECT_GT(imprecise_derivatives(erf), 0);
  Op negative = entry("negative");
  negative.rule = Custom{[](const Call&, int, const Tensor& g) { return -g; },
                         [](const Call& c, std::span<const Tensor> tangents) {
                           return tangents[0] * (c.out.dtype() == DType::f32 ? -1.0001 : -1);
                         }};
  EXPECT_GT(imprecise_derivatives(negative), 0);
  Op tanh = entry("tanh");
  tanh.rule = Elementwise{{[](const Call& c) {
    return 1 - square(c.out.dtype() == DType::f32 ? stop_gradient(c.out) : c.out);
  }}};
  EXPECT_GT(imprecise_derivatives(tanh), 0);
}

TEST(Sabotage, VariantThatRepeatsTheWrongInput) {
  Op subtract = entry("subtract");
  subtract.tile = [](const TileTable& table, DType in, DType) {
    TileVariants variants = table.subtract[in];
    std::swap(variants.repeat_a, variants.repeat_b);
    return variants;
  };
  EXPECT_GT(failures(subtract, DType::f32, check_repeats), 0);
}

}  // namespace
}  // namespace nabla
