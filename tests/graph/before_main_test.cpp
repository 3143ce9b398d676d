// Globals of a program may use nabla before main, whatever file they are in.
#include <gtest/gtest.h>

#include "nabla/nabla.h"

namespace nabla {
namespace {

// These are made while the program starts, and this file is linked in front of the library.
const std::size_t ops_before_main = op_table().size();
const nn::Dense layer(2, 3);
const nn::Sequential model = nn::make_model("dense(3) relu tanh dense", {2}, 2);
const nn::Activation activation("softplus", nn::softplus);
const Tensor gradient = grad([](const Tensor& x) { return sum(square(x)); })(Tensor(3.0));
const Tensor product = matmul(Tensor::from({1.0, 2.0}, {1, 2}), Tensor::from({3.0, 4.0}, {2, 1}));
const Tensor captured =
    capture([](const Tensor& x) { return exp(flip(x, 0)) + 1; })(Tensor::from({0.0, 0.0}, {2}));
const auto optimizer = optim::make_optimizer("adam");
const State state(Tensor(2.0), "w");
const data::Split digits = data::load("digits", 0);

TEST(BeforeMain, TheOpTableIsWhole) { EXPECT_EQ(ops_before_main, op_table().size()); }

TEST(BeforeMain, WhatWasMadeWorks) {
  EXPECT_EQ(layer.parameters().size(), 2U);
  EXPECT_EQ(model.text(), "dense(3) relu tanh dense(2)");
  EXPECT_EQ(activation.text(), "softplus");
  EXPECT_NEAR(activation(Tensor(0.0)).item(), 0.6931471805599453, 1e-15);
  EXPECT_EQ(gradient.item(), 6);
  EXPECT_EQ(product.item(), 11);
  EXPECT_EQ(captured.to_doubles(), (std::vector<double>{2, 2}));
  optimizer->attach({state});
  EXPECT_EQ(optimizer->minimize([] { return square(state.value()); }).item(), 4);
  EXPECT_EQ(digits.train.size() + digits.test.size(), 1797);
}

}  // namespace
}  // namespace nabla
