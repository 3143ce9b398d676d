// What people write in their first hour, with both namespaces open and types left out.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <tuple>

#include "nabla/nabla.h"
#include "tests/support/message.h"

using namespace nabla;
using namespace nabla::nn;

namespace {

using Values = std::vector<double>;

TEST(FirstHour, BothNamespacesAreOpen) {
  const Sequential model{Dense(2, 4), relu,        Dense(4, 4), tanh,     Dense(4, 4),
                         sigmoid,     Dense(4, 4), softplus,    identity, Dense(4, 1)};
  EXPECT_EQ(model.text(),
            "dense(4) relu dense(4) tanh dense(4) sigmoid dense(4) softplus identity dense(1)");
  const Sequential same(Dense(2, 3), nabla::tanh, nn::relu, leaky_relu({.slope = 0.2}),
                        elu({.alpha = 2}), Dropout({.rate = 0.1}),
                        Dense(3, 1, {.initializer = orthogonal({.gain = 2})}));
  EXPECT_EQ(same.text(),
            "dense(3) tanh relu leaky_relu(0.2) elu(2) dropout(0.1) "
            "dense(1, initializer=orthogonal(2))");
  const Tensor x = ones({3, 2});
  EXPECT_EQ(model(relu(tanh(x))).shape(), (Shape{3, 1}));
  EXPECT_EQ(Sequential{square}.text(), "function");
  EXPECT_EQ(make_model("relu tanh dense", {2}, 1).text(), "relu tanh dense(1)");
  const Trainer trainer(model, mean_squared_error, optim::Sgd());
  EXPECT_THROW((Sequential{Dense(1, 1), static_cast<Tensor (*)(const Tensor&)>(nullptr)}),
               ValueError);
}

data::Dataset line(DType dtype) {
  const Tensor x = linspace(-1, 1, 20, dtype);
  return {.name = "line", .inputs = reshape(x, {20, 1}), .targets = reshape(2 * x + 1, {20, 1})};
}

TEST(FirstHour, CallbacksAreGivenByValue) {
  struct Counter : Callback {
    explicit Counter(int& epochs_) : epochs(epochs_) {}
    void on_epoch_end(Progress&, const EpochRecord&) override { ++epochs; }
    int& epochs;
  };
  int epochs = 0;
  const auto pointer = std::make_shared<EarlyStopping>(
      EarlyStoppingOptions{.monitor = Monitor::train_loss, .patience = 2, .min_delta = 1e9});
  Trainer trainer(Dense(1, 1), mean_squared_error, optim::Sgd({.learning_rate = 0.1}));
  const auto rule = std::make_shared<optim::Adam>(optim::AdamOptions{.learning_rate = 0.1});
  Trainer with_a_pointer(Dense(1, 1), mean_squared_error, rule);
  for (const AnyCallback& stopping :
       {AnyCallback(pointer),
        AnyCallback(
            EarlyStopping({.monitor = Monitor::train_loss, .patience = 2, .min_delta = 1e9}))}) {
    epochs = 0;
    trainer.fit(line(DType::f32), {.epochs = 100, .callbacks = {stopping, Counter(epochs)}});
    EXPECT_EQ(epochs, 3);
  }
}

// f64 goes into a model of f32, and is converted at its door.
TEST(FirstHour, ListsWithoutATypeGoIntoAModel) {
  const Tensor x = Tensor::from({0.0, 0.0, 0.0, 1.0}, {2, 2});
  const Tensor y = Tensor::from({0.0, 1.0}, {2, 1});
  const Sequential model{Dense(2, 3), tanh, Dense(3, 1)};
  EXPECT_EQ(x.dtype(), DType::f64);
  EXPECT_EQ(model(x).dtype(), DType::f32);
  EXPECT_EQ(model(x).to_doubles(), model(cast(x, DType::f32)).to_doubles());
  EXPECT_EQ(mean_squared_error(model(x), y).dtype(), DType::f32);
  EXPECT_EQ(Loss(sigmoid_cross_entropy)(model(x), y).dtype(), DType::f32);
  EXPECT_EQ(relu(x).dtype(), DType::f64);
  EXPECT_EQ(grad([&](const Tensor& in) { return sum(model(in)); })(x).dtype(), DType::f64);
  const auto step = capture([&](const Tensor& in) { return model(in); });
  EXPECT_EQ(step(x).to_doubles(), model(x).to_doubles());
  Values losses[2];
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Sequential learner{Dense(1, 1)};
    learner.initialize(1);
    Trainer trainer(learner, mean_squared_error, optim::Sgd());
    const History history = trainer.fit(line(dtype), {.epochs = 3, .validation = line(dtype)});
    for (const EpochRecord& each : history.epochs) {
      losses[dtype == DType::f64].push_back(each.train_loss);
      losses[dtype == DType::f64].push_back(*each.validation_loss);
    }
    EXPECT_EQ(trainer.predict(line(dtype)).shape(), (Shape{20, 1}));
  }
  for (std::size_t i = 0; i < losses[0].size(); ++i) EXPECT_NEAR(losses[0][i], losses[1][i], 1e-5);
  data::Dataset bad = line(DType::f64);
  bad.targets = full({20, 1}, 1e300, DType::f64);  // beyond f32
  EXPECT_THROW(data::check(bad), ValueError);
}

// A layer of one's own in f64 stays in f64.
TEST(FirstHour, AModelInDoublePrecisionStaysSo) {
  struct Scale : Layer {
    State factor{Tensor(3.0), "factor"};
    std::string text() const override { return "scale"; }
    Parts parts() const override { return {{"factor", factor}}; }
    Tensor forward(const Tensor& x) const override { return x * factor.value(); }
  };
  EXPECT_EQ(Sequential{Scale()}(Tensor::from({1.0, 2.0}, {2, 1})).dtype(), DType::f64);
}

TEST(FirstHour, GradientsOfNumbers) {
  const auto cube = [](const Tensor& x) { return x * x * x; };
  EXPECT_EQ(grad(cube)(2.0).item(), 12);
  EXPECT_EQ(grad(grad(cube))(2.0F).item(), 12);
  EXPECT_EQ(grad(nabla::exp)(0.0).item(), 1);
  EXPECT_EQ(grad(UnaryFunction(cube))(1.0).item(), 3);
  const auto [value, slope] = value_and_grad(cube, Tensor(2.0));
  EXPECT_EQ(value.item(), 8);
  EXPECT_EQ(slope.item(), 12);
  EXPECT_THROW(grad(cube)(2), DTypeError);  // an integer has no derivative
}

TEST(FirstHour, CaptureTakesAnyNumber) {
  const Tensor x = Tensor::from({1.0, 2.0});
  EXPECT_EQ(capture([] { return Tensor(2.0) * 3; })().item(), 6);
  const auto five = capture([](const Tensor& a, Tensor b, const Tensor& c, const Tensor& d,
                               const Tensor& e) { return a + 2 * b + 3 * c + 4 * d + 5 * e; });
  EXPECT_EQ(five(1.0, 1.0, 1.0, 1.0, 1.0).item(), 15);
  const auto list = capture([](const Tensors& in) { return in[0] * in[1]; });
  EXPECT_EQ(list(Tensors{x, x}).to_doubles(), (Values{1, 4}));
  const auto generic = capture([](const auto& a, const auto& b) { return a - b; });
  EXPECT_EQ(generic(x, 1.0).to_doubles(), (Values{0, 1}));
  const auto either = capture([](const Tensor& a, const Tensor& b = 10.0) { return a + b; });
  EXPECT_EQ(either(1.0).item(), 11);
  EXPECT_EQ(either(1.0, 2.0).item(), 3);
  EXPECT_EQ(capture([held = std::make_unique<int>(3)](const Tensor& a) { return a * *held; })(x)
                .to_doubles(),
            (Values{3, 6}));
}

TEST(FirstHour, CaptureGivesSeveralAndNone) {
  const Tensor x = Tensor::from({1.0, 2.0});
  const auto pair = capture([](const Tensor& a) { return std::pair(a + 1, sum(a)); });
  const auto [next, total] = pair(x);
  EXPECT_EQ(next.to_doubles(), (Values{2, 3}));
  EXPECT_EQ(total.item(), 3);
  const auto tuple = capture([](const Tensor& a) { return std::tuple(a, -a, a * a); });
  EXPECT_EQ(std::get<2>(tuple(x)).to_doubles(), (Values{1, 4}));
  const auto array = capture([](const Tensor& a) { return std::array{a, a + a}; });
  EXPECT_EQ(array(x)[1].to_doubles(), (Values{2, 4}));
  const auto list = capture([](const Tensor& a) { return Tensors{a, a + a}; });
  EXPECT_EQ(list(x).size(), 2U);
  const State count(Tensor(0.0));
  const auto none = capture([&](const Tensor& a) { count.assign(count.value() + sum(a)); });
  none(x);
  none(x);
  EXPECT_EQ(count.value().item(), 6);
}

// Also where the second model is trained by a method that moves its parameters into one vector.
TEST(FirstHour, ATrainedPartKeepsItsWeights) {
  const Dense part(1, 4);
  const Sequential first{named("part", part), tanh, Dense(4, 1)};
  Trainer trainer(first, mean_squared_error, optim::Adam());
  trainer.fit(line(DType::f32), {.epochs = 5});
  const auto weights = [&] { return part.states()[0].state.value().to_doubles(); };
  const auto outputs = [&] { return trainer.predict(line(DType::f32)).to_doubles(); };
  const Values trained = weights();
  const Values predicted = outputs();
  const Sequential second{Dense(1, 1), part, relu, Dense(4, 2)};
  EXPECT_EQ(weights(), trained);
  EXPECT_EQ(second.states()[2].state.value().to_doubles(), trained);
  optim::Sgd sgd;
  sgd.attach(second.parameters());
  EXPECT_EQ(weights(), trained);
  const optim::Objective objective(second, mean_squared_error);
  EXPECT_EQ(weights(), trained);
  EXPECT_EQ(outputs(), predicted);
  sgd.minimize([&] { return sum(second(ones({1, 1}))); });
  EXPECT_EQ(second.states()[2].state.value().to_doubles(), weights());
}

static_assert(std::is_copy_assignable_v<Tensor>);
template <class T>
concept TakesSteps = requires(T& t) {
  t.minimize([] { return Tensor(); });
};
static_assert(TakesSteps<optim::Adam> && !TakesSteps<const optim::Adam>);
template <class T>
concept HasASlotToWrite = requires(const T& t) {
  *t.template data<float>() = 1;
};
static_assert(!HasASlotToWrite<Tensor>);
template <class T>
concept IsAssignedAsATemporary = requires(T t) {
  std::move(t) = t;
};
static_assert(!IsAssignedAsATemporary<Tensor>);

}  // namespace
