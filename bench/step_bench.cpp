// Speed of training: captured steps, the same written by hand on oneDNN, what Trainer adds to one,
// and what second derivatives cost. Names: step or by_hand / network / batch size / rule / threads.
#include <benchmark/benchmark.h>
#include <omp.h>

#include <memory>
#include <string>
#include <vector>

#include "bench/by_hand.h"
#include "nabla/base/flush_denormals.h"
#include "nabla/base/parallel.h"
#include "nabla/base/text.h"
#include "nabla/nabla.h"
#include "nabla/tensor/copy.h"

namespace nabla {
namespace {

// A network to train, and batches that lie in memory: one that stays in the cache would flatter.
struct Case {
  std::vector<std::int64_t> widths;  // of the inputs, and of the outputs of each layer
  std::string activation;
  bool classes;
  std::int64_t batch_size;

  std::string name() const { return join(widths, "-") + "/" + std::to_string(batch_size); }
  nn::Sequential model() const {
    std::string layers;
    for (std::size_t i = 1; i + 1 < widths.size(); ++i) {
      layers += str("dense(", widths[i], ") ", activation, " ");
    }
    return nn::make_model(layers + "dense", {widths.front()}, widths.back());
  }
  Tensor loss(const nn::Sequential& model, const Tensors& batch) const {
    const Tensor scores = model(batch[0]);
    return classes ? nn::cross_entropy(scores, batch[1]) : nn::mean_squared_error(scores, batch[1]);
  }
  Tensors batch(Generator& generator) const {
    return {generator.uniform({batch_size, widths.front()}),
            classes ? cast(generator.uniform({batch_size}, 0, static_cast<double>(widths.back())),
                           DType::i64)
                    : generator.uniform({batch_size, widths.back()})};
  }
  std::vector<Tensors> batches() const {
    Generator generator(1);
    std::vector<Tensors> all(100);
    for (Tensors& one : all) one = batch(generator);
    return all;
  }
};

const Case xor_net = {{2, 16, 1}, "tanh", false, 4};
Case dense_net(std::int64_t batch_size) { return {{784, 128, 10}, "relu", true, batch_size}; }
Case large_net(std::int64_t batch_size) { return {{784, 512, 512, 10}, "relu", true, batch_size}; }

void train(benchmark::State& state, const Case& net, const std::string& rule, int threads) {
  set_threads(threads);
  const nn::Sequential model = net.model();
  const auto optimizer = optim::make_optimizer(rule);
  optimizer->attach(model.parameters());
  Captured step([&](const Tensors& in) -> Tensors {
    return {optimizer->minimize([&] { return net.loss(model, in); })};
  });
  const std::vector<Tensors> batches = net.batches();
  for (const Tensors& batch : batches) step(batch);
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(step(batches[next]).data());
    next = next + 1 == batches.size() ? 0 : next + 1;
  }
  set_threads(1);
}

void train_by_hand(benchmark::State& state, const Case& net, const std::string& rule) {
  const FlushDenormals flush;  // as every replay of a plan does
  omp_set_num_threads(1);      // for oneDNN
  ByHand by_hand(net.widths, net.batch_size, rule == "adam");
  const std::vector<Tensors> batches = net.batches();
  std::size_t next = 0;
  for (auto _ : state) {
    const Tensors& batch = batches[next];
    benchmark::DoNotOptimize(by_hand.step(batch[0].data<float>(), batch[1].data<std::int64_t>()));
    next = next + 1 == batches.size() ? 0 : next + 1;
  }
}

// One epoch on many copies of XOR's four points, in order and in batches of four. Time is that of
// an epoch; its items are steps.
data::Dataset xor_data(std::int64_t steps) {
  const Tensor x = Tensor::from<float>({0, 0, 0, 1, 1, 0, 1, 1}, {1, 4, 2});
  const Tensor y = Tensor::from<float>({0, 1, 1, 0}, {1, 4, 1});
  return {.name = "xor",
          .inputs = contiguous(reshape(broadcast_to(x, {steps, 4, 2}), {4 * steps, 2})),
          .targets = contiguous(reshape(broadcast_to(y, {steps, 4, 1}), {4 * steps, 1})),
          .class_names = {}};
}

constexpr std::int64_t epoch_steps = 1000;

void replay_xor(benchmark::State& state) {
  const nn::Sequential model = xor_net.model();
  const auto optimizer = optim::make_optimizer("sgd");
  optimizer->attach(model.parameters());
  Captured step([&](const Tensors& in) -> Tensors {
    return {optimizer->minimize([&] { return xor_net.loss(model, in); })};
  });
  const data::Dataset points = xor_data(1);
  const Tensors batch = {points.inputs, points.targets};
  for (auto _ : state) {
    for (std::int64_t i = 0; i < epoch_steps; ++i) step(batch);
  }
  state.SetItemsProcessed(state.iterations() * epoch_steps);
}

void fit_xor(benchmark::State& state) {
  struct Nothing : Callback {};
  Trainer trainer(xor_net.model(), nn::mean_squared_error, optim::make_optimizer("sgd"));
  const data::Dataset points = xor_data(epoch_steps);
  const FitOptions options = {.batch_size = 4, .callbacks = {std::make_shared<Nothing>()}};
  trainer.fit(points, options);
  for (auto _ : state) trainer.fit(points, options);
  state.SetItemsProcessed(state.iterations() * epoch_steps);
}

// The loss and its gradient; and both with a Hessian-vector product.
void derivatives(benchmark::State& state, bool second) {
  const Case net = dense_net(128);
  const nn::Sequential model = net.model();
  const std::vector<State> parameters = model.parameters();
  Generator generator(1);
  Tensors inputs = net.batch(generator);
  for (const State& parameter : parameters) {
    inputs.push_back(generator.uniform(parameter.spec().shape, -1, 1));
  }
  Captured captured([&](const Tensors& in) -> Tensors {
    const auto loss = [&] { return net.loss(model, in); };
    if (!second) {
      auto [value, gradient] = value_and_grad(loss, parameters);
      gradient.push_back(value);
      return gradient;
    }
    auto [value, gradient, product] = hvp(loss, parameters, Tensors(in.begin() + 2, in.end()));
    gradient.push_back(value);
    gradient.insert(gradient.end(), product.begin(), product.end());
    return gradient;
  });
  for (auto _ : state) benchmark::DoNotOptimize(captured(inputs).data());
}

void add_steps(const Case& net) {
  for (const std::string rule : {"sgd", "adam"}) {
    const std::string name = net.name() + "/" + rule;
    for (const int threads : {1, 2}) {
      auto* entry = benchmark::RegisterBenchmark(str("step/", name, "/", threads).c_str(), train,
                                                 net, rule, threads);
      entry->Unit(benchmark::kMicrosecond);
      if (threads > 1) entry->UseRealTime();  // the other threads' time is no time of this one
    }
    if (!net.classes) continue;
    benchmark::RegisterBenchmark(("by_hand/" + name + "/1").c_str(), train_by_hand, net, rule)
        ->Unit(benchmark::kMicrosecond);
  }
}

void add_all() {
  for (const std::int64_t batch_size : {32, 128, 512}) add_steps(dense_net(batch_size));
  for (const std::int64_t batch_size : {32, 128}) add_steps(large_net(batch_size));
  add_steps(xor_net);
  benchmark::RegisterBenchmark("xor_epoch/replay", replay_xor)->Unit(benchmark::kMicrosecond);
  benchmark::RegisterBenchmark("xor_epoch/trainer", fit_xor)->Unit(benchmark::kMicrosecond);
  for (const bool second : {false, true}) {
    benchmark::RegisterBenchmark(
        second ? "derivatives/gradient_and_hessian_product" : "derivatives/gradient", derivatives,
        second)
        ->Unit(benchmark::kMicrosecond);
  }
}

}  // namespace
}  // namespace nabla

int main(int argc, char** argv) {
  nabla::set_threads(1);
  benchmark::Initialize(&argc, argv);
  nabla::add_all();
  benchmark::RunSpecifiedBenchmarks();
}
