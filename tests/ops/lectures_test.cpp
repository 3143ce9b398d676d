// The exact numbers of the lectures on neurons, linear models, logic, information and second order.
#include <gtest/gtest.h>

#include <cmath>
#include <string_view>
#include <utility>

#include "nabla/autodiff/derivatives.h"
#include "nabla/ops/ops.h"

namespace nabla {
namespace {

using Values = std::vector<double>;

void expect_near(const Tensor& actual, const Values& expected, double tolerance) {
  const Values values = actual.to_doubles();
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_NEAR(values[i], expected[i], tolerance) << "element " << i;
  }
}

Tensor row(const Values& values) {
  return Tensor::from(values, {1, static_cast<std::int64_t>(values.size())});
}
Tensor column(const Values& values) {
  return Tensor::from(values, {static_cast<std::int64_t>(values.size()), 1});
}

TEST(LectureNumbers, Softmax) {
  const Values expected = {0.09003057317038046, 0.24472847105479764, 0.6652409557748218};
  expect_near(softmax(row({1, 2, 3})), expected, 1e-16);
  expect_near(softmax(row({1001, 1002, 1003})), expected, 1e-16);
  expect_near(-log_softmax(row({1, 2, 3})), {2.40760596444438, 1.40760596444438, 0.40760596444438},
              1e-14);
  for (std::int64_t label = 0; label < 3; ++label) {
    const Tensor loss =
        softmax_cross_entropy(row({1, 2, 3}), Tensor::from<std::int64_t>({label}, {1}));
    EXPECT_NEAR(loss.to_doubles()[0], 2.40760596444438 - static_cast<double>(label), 1e-14);
  }
}

// relu(3 x1 - 2 x2 + 1)
TEST(LectureNumbers, Neuron) {
  const Tensor x = Tensor::from({1.0, 1.0, 0.0, 0.0, -1.0, 0.0, 1.0, 2.0, 2.0, 1.0}, {5, 2});
  const auto z = [](const Tensor& in) { return matmul(in, column({3, -2})) + 1; };
  expect_near(relu(z(x)), {2, 1, 0, 0, 5}, 0);
  EXPECT_EQ(z(x).to_doubles()[2], -2);
  const Tensor slopes = grad([&](const Tensor& in) { return sum(relu(z(in))); })(x);
  EXPECT_EQ(slopes.to_doubles(), (Values{3, -2, 3, -2, 0, 0, 0, 0, 3, -2}));
}

TEST(LectureNumbers, Activations) {
  EXPECT_NEAR(sigmoid(Tensor(1.0)).item(), .7310585786300049, 1e-16);
  EXPECT_NEAR(tanh(Tensor(1.0)).item(), .7615941559557649, 1e-16);
  EXPECT_NEAR(grad(tanh)(Tensor(1.0)).item(), .41997434161402614, 1e-15);
  const auto leaky = [](const Tensor& x) { return maximum(0.1 * x, x); };
  EXPECT_EQ(leaky(Tensor(-1.0)).item(), -0.1);
  const auto elu = [](const Tensor& x) { return where(greater(x, 0), x, expm1(x)); };
  EXPECT_NEAR(elu(Tensor(-1.0)).item(), -.6321205588285577, 1e-15);
}

TEST(LectureNumbers, Hinge) {
  const auto hinge = [](double t, const Tensor& y) { return maximum(1 - t * y, 0); };
  EXPECT_EQ(hinge(1, Tensor(2.0)).item(), 0);
  EXPECT_EQ(hinge(1, Tensor(.5)).item(), .5);
  EXPECT_EQ(hinge(-1, Tensor(.5)).item(), 1.5);
  EXPECT_EQ(hinge(1, Tensor(1.0)).item(), 0);
}

TEST(LectureNumbers, LinearClassifier) {
  const Tensor w =
      Tensor::from<double>({.2, -.5, .1, 2, 1.5, 1.3, 2.1, 0, 0, .25, .2, -.3}, {3, 4});
  const Tensor scores = matmul(w, column({56, 231, 24, 2})) + column({1.1, 3.2, -1.2});
  expect_near(scores, {-96.8, 437.9, 60.75}, 1e-12);
}

// w += 2 a sum(delta x) is a step of gradient descent on the squared error.
TEST(LectureNumbers, RegressionRule) {
  const Tensor x = Tensor::from({1.0, 2.0, 3.0, 4.0}, {2, 2});
  const auto loss = [&](const Tensor& w) { return sum(square(column({1, 2}) - matmul(x, w))); };
  const Tensor w = column({0, 0});
  expect_near(w - 0.01 * grad(loss)(w), {0.14, 0.20}, 1e-15);
}

// The same with o = sigmoid(w x): w += 2 eta sum(delta o (1 - o) x).
TEST(LectureNumbers, SigmoidRule) {
  const Tensor x = Tensor::from({1.0, 2.0, 3.0, 4.0}, {2, 2});
  const auto loss = [&](const Tensor& w) {
    return sum(square(column({0, 1}) - sigmoid(matmul(x, w))));
  };
  const Tensor w = column({0, 0});
  expect_near(w - 0.5 * grad(loss)(w), {0.25, 0.25}, 1e-15);
}

// E = 1/2 (t - o)^2, o = sigmoid(w x)
TEST(LectureNumbers, DeltaRule) {
  const Tensor x = column({1, 2});
  const Tensor w = row({.5, -.5});
  EXPECT_NEAR(sum(sigmoid(matmul(w, x))).item(), .3775406687981454, 1e-16);
  const auto error = [&](const Tensor& v) { return sum(0.5 * square(1 - sigmoid(matmul(v, x)))); };
  const Tensor gradient = grad(error)(w);
  expect_near(gradient, {-.146280254, -.292560507}, 1e-9);
  expect_near(gradient, {-.14628025352695762, -2 * .14628025352695762}, 1e-16);
  expect_near(w - gradient, {.646280254, -.207439493}, 1e-9);
}

TEST(LectureNumbers, LinearLayersCollapse) {
  const Tensor first = Tensor::from({1.0, 2.0, 3.0, 4.0}, {2, 2});
  const Tensor second = Tensor::from({0.0, 1.0, 1.0, 0.0}, {2, 2});
  const Tensor x = column({5, -1});
  EXPECT_EQ(matmul(second, matmul(first, x)).to_doubles(), (Values{11, 3}));
  EXPECT_EQ(matmul(matmul(second, first), x).to_doubles(), (Values{11, 3}));
}

// All pairs of two bits, in the order 00, 01, 10, 11; a bit that is not set is written as `low`.
Tensor bit_pairs(double low) {
  return Tensor::from<double>({low, low, low, 1, 1, low, 1, 1}, {4, 2});
}

// The step unit with the weights (w0, w1, w2): 1 where w0 + w1 x1 + w2 x2 >= 0, else 0.
Tensor step_unit(const Values& w, const Tensor& x) {
  return cast(greater_equal(matmul(x, column({w[1], w[2]})) + w[0], 0), DType::f64);
}

struct Gate {
  std::string_view name;
  Values outputs;  // for 00, 01, 10, 11
};
const Gate and_gate{"and", {0, 0, 0, 1}};
const Gate or_gate{"or", {0, 1, 1, 1}};
const Gate nand_gate{"nand", {1, 1, 1, 0}};
const Gate nor_gate{"nor", {1, 0, 0, 0}};
const Gate xor_gate{"xor", {0, 1, 1, 0}};
const Gate xnor_gate{"xnor", {1, 0, 0, 1}};

TEST(LectureNumbers, LogicUnits) {
  const auto expect_gate = [](const Gate& gate, const Values& of_bits, const Values& of_signs) {
    EXPECT_EQ(step_unit(of_bits, bit_pairs(0)).to_doubles(), gate.outputs) << gate.name;
    EXPECT_EQ(step_unit(of_signs, bit_pairs(-1)).to_doubles(), gate.outputs) << gate.name;
  };
  expect_gate(and_gate, {-1.5, 1, 1}, {-1, 1, 1});
  expect_gate(or_gate, {-.5, 1, 1}, {1, 1, 1});
  expect_gate(nand_gate, {1.5, -1, -1}, {1, -1, -1});
  expect_gate(nor_gate, {.5, -1, -1}, {-1, -1, -1});
}

// How many units with whole weights from -2 to 2 are the gate, with w0 from -bias to bias.
int units(const Gate& gate, double low, int bias) {
  int count = 0;
  for (int w0 = -bias; w0 <= bias; ++w0) {
    for (int w1 = -2; w1 <= 2; ++w1) {
      for (int w2 = -2; w2 <= 2; ++w2) {
        const Tensor out = step_unit(Values{1.0 * w0, 1.0 * w1, 1.0 * w2}, bit_pairs(low));
        if (out.to_doubles() == gate.outputs) ++count;
      }
    }
  }
  return count;
}

// The inequalities of 0/1 leave only NOR, where w1 < 0 and w2 < 0; those of -1/+1 leave OR, where
// w1 = w2 > 0, and NAND, where w1 = w2 < 0.
TEST(LectureNumbers, LogicUnitsWithoutABias) {
  const auto expect_units = [](const Gate& gate, int of_bits, int of_signs) {
    EXPECT_EQ(units(gate, 0, 0), of_bits) << gate.name;
    EXPECT_EQ(units(gate, -1, 0), of_signs) << gate.name;
  };
  expect_units(and_gate, 0, 0);
  expect_units(or_gate, 0, 2);
  expect_units(nand_gate, 0, 2);
  expect_units(nor_gate, 2 * 2, 0);
  expect_units(xor_gate, 0, 0);
  expect_units(xnor_gate, 0, 0);
  EXPECT_EQ(step_unit({0, -1, -1}, bit_pairs(0)).to_doubles(), nor_gate.outputs);
  EXPECT_EQ(step_unit({0, 1, 1}, bit_pairs(-1)).to_doubles(), or_gate.outputs);
  EXPECT_EQ(step_unit({0, -1, -1}, bit_pairs(-1)).to_doubles(), nand_gate.outputs);
}

// z(00) + z(11) = z(01) + z(10), so no line parts the two pairs.
TEST(LectureNumbers, NoUnitIsXor) {
  for (const double low : {0.0, -1.0}) {
    EXPECT_EQ(units(xor_gate, low, 2), 0);
    EXPECT_EQ(units(xnor_gate, low, 2), 0);
    EXPECT_GT(units(and_gate, low, 2), 0);  // the grid does hold gates
  }
}

TEST(LectureNumbers, XorOfTwoUnits) {
  const Tensor x = bit_pairs(0);
  const Tensor steps = step_unit({-.5, 1, 1}, x) - step_unit({-1.5, 1, 1}, x) - .5;
  EXPECT_EQ(cast(greater_equal(steps, 0), DType::f64).to_doubles(), xor_gate.outputs);
  // r(a + b) - 2 r(a + b - 1)
  const Tensor hidden = relu(matmul(x, Tensor::from({1.0, 1.0, 1.0, 1.0}, {2, 2})) + row({0, -1}));
  EXPECT_EQ(matmul(hidden, column({1, -2})).to_doubles(), xor_gate.outputs);
}

// w += eta (t - o) x, eta = 1, from zeros. Gives w and the first epoch without an error, 0 if none.
std::pair<Values, int> learn(const Gate& gate) {
  const Tensor ones = Tensor::from({1.0, 1.0, 1.0, 1.0}, {4, 1});
  const Tensor x = concatenate({ones, bit_pairs(0)}, 1);
  Tensor w = Tensor::from({0.0, 0.0, 0.0}, {3});
  for (int epoch = 1; epoch <= 100; ++epoch) {
    bool wrong = false;
    for (std::size_t i = 0; i < 4; ++i) {
      const Tensor sample = select(x, 0, static_cast<std::int64_t>(i));
      const Tensor out = cast(greater_equal(sum(w * sample), 0), DType::f64);
      w = w + (gate.outputs[i] - out) * sample;
      wrong = wrong || out.item() != gate.outputs[i];
    }
    if (!wrong) return {w.to_doubles(), epoch};
  }
  return {w.to_doubles(), 0};
}

TEST(LectureNumbers, PerceptronRule) {
  EXPECT_EQ(learn(and_gate), (std::pair{Values{-3, 2, 1}, 6}));
  EXPECT_EQ(learn(or_gate), (std::pair{Values{-1, 1, 1}, 4}));
  EXPECT_EQ(learn(nand_gate), (std::pair{Values{2, -2, -1}, 6}));
  EXPECT_EQ(learn(nor_gate), (std::pair{Values{0, -1, -1}, 4}));
  EXPECT_EQ(learn(xor_gate).second, 0);
}

// J = 1/2 t' A t - b' t
TEST(LectureNumbers, GradientAndHessianOfTheQuadratic) {
  const Tensor a = Tensor::from({3.0, 1.0, 1.0, 2.0}, {2, 2});
  const Tensor b = Tensor::from({1.0, 1.0}, {2});
  const auto objective = [&](const Tensor& t) {
    const Tensor c = reshape(t, {2, 1});
    return 0.5 * sum(c * matmul(a, c)) - sum(b * t);
  };
  const Tensor zero = Tensor::from({0.0, 0.0}, {2});
  EXPECT_EQ(grad(objective)(zero).to_doubles(), (Values{-1, -1}));
  EXPECT_EQ(hessian(objective, zero).to_doubles(), a.to_doubles());
  // Newton's step [0.2, 0.4] is where the gradient vanishes.
  expect_near(grad(objective)(Tensor::from({0.2, 0.4}, {2})), {0, 0}, 1e-15);
  // The first step of conjugate gradients: g'g / g'Hg along -g.
  const Tensor g = grad(objective)(zero);
  const auto product = hvp([&](const Tensors& in) { return objective(in[0]); }, {zero}, {g});
  const double length = sum(g * g).item() / sum(g * product.product[0]).item();
  expect_near(zero - length * g, {2.0 / 7, 2.0 / 7}, 1e-16);
}

TEST(LectureNumbers, Divergences) {
  const Tensor p = row({.5, .25, .25});
  const Tensor q = row({1.0 / 3, 1.0 / 3, 1.0 / 3});
  const auto divergence = [](const Tensor& a, const Tensor& b) {
    return sum(a * (log(a) - log(b))).item();
  };
  EXPECT_NEAR(divergence(p, q), .05889151782819, 1e-14);
  EXPECT_NEAR(divergence(q, p), .05663301226513, 1e-14);
  EXPECT_NEAR(divergence(p, q) + divergence(q, p), .11552453009332, 1e-14);
  const double entropy = -sum(p * log(p)).item();
  const double cross_entropy = -sum(p * log(q)).item();
  EXPECT_NEAR(entropy, 1.03972077083992, 1e-14);
  EXPECT_NEAR(cross_entropy, std::log(3.0), 1e-15);
  EXPECT_NEAR(cross_entropy - entropy, divergence(p, q), 1e-15);
  EXPECT_NEAR(-log(sum(sqrt(p * q))).item(), .01450614759448, 1e-14);
}

TEST(LectureNumbers, Standardisation) {
  const Tensor x = row({1, 2, 3, 4});
  expect_near((x - mean(x)) / sqrt(variance(x)),
              {-1.3416407865, -.4472135955, .4472135955, 1.3416407865}, 5e-11);
}

// Scores near zero: ln K.
TEST(LectureNumbers, InitialLoss) {
  for (const auto& [classes, expected] :
       {std::pair{2, .693147}, std::pair{3, 1.098612}, std::pair{10, 2.302585}}) {
    const Tensor scores = broadcast_to(Tensor(1e-9), {4, classes});
    const Tensor labels = Tensor::from<std::int64_t>({0, 1, 0, 1}, {4});
    const double loss = mean(softmax_cross_entropy(scores, labels)).item();
    EXPECT_NEAR(loss, std::log(classes), 1e-14);
    EXPECT_NEAR(loss, expected, 5e-7);
  }
}

TEST(LectureNumbers, LossGrowsWithRegularisation) {
  const Tensor w = row({0.3, -0.7});
  double before = -1;
  for (const double lambda : {0.0, 0.001, 0.1, 1.0, 10.0}) {
    const double loss = (square(sum(w) - 1) + 0.5 * lambda * sum(square(w))).item();
    EXPECT_GT(loss, before);
    before = loss;
  }
}

// Gradients for hidden and output weights of a small network, all weights equal to one number.
Tensors network_gradients(double weight) {
  const Tensor x = Tensor::from({0.5, -1.0, 2.0, 0.3, 0.1, -0.4}, {2, 3});
  const Tensor labels = Tensor::from<std::int64_t>({0, 2}, {2});
  const auto loss = [&](const Tensors& w) {
    return mean(softmax_cross_entropy(matmul(tanh(matmul(x, w[0])), w[1]), labels));
  };
  const auto filled = [&](const Shape& shape) {
    return Tensor::from(Values(static_cast<std::size_t>(shape.elements()), weight), shape);
  };
  return value_and_grad(loss, {filled({3, 4}), filled({4, 3})}).derivative;
}

TEST(LectureNumbers, ZeroWeightsDoNotLearn) {
  for (const double g : network_gradients(0)[0].to_doubles()) EXPECT_EQ(g, 0);
}

TEST(LectureNumbers, EqualWeightsStayEqual) {
  const Values g = network_gradients(0.3)[0].to_doubles();  // [3, 4]: a column a hidden unit
  for (std::size_t i = 0; i < g.size(); ++i) EXPECT_EQ(g[i], g[i / 4 * 4]);
  EXPECT_NE(g[0], 0);
}

}  // namespace
}  // namespace nabla
