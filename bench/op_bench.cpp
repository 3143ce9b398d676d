// Speed of single ops: what calling one costs, and how fast large ones go through memory.
#include <benchmark/benchmark.h>

#include <functional>
#include <string>

#include "nabla/autodiff/recording.h"
#include "nabla/base/parallel.h"
#include "nabla/nabla.h"

namespace nabla {
namespace {

// A chain of products on 4 elements, executed, or executed and recorded. Time is that of an op.
void product_of_4(benchmark::State& state, bool recorded) {
  constexpr int length = 2000;
  const Tensor factor = Tensor::from<float>({1, 1, 1, 1}, {4});
  const auto run = [&](Tensor x) {
    for (int i = 0; i < length; ++i) x = x * factor;
    benchmark::DoNotOptimize(x.bytes());
  };
  for (auto _ : state) {
    if (recorded) {
      Recording recording;
      run(recording.variable(factor));
    } else {
      run(factor);
    }
  }
  state.SetItemsProcessed(state.iterations() * length);
  state.counters["s/op"] = benchmark::Counter(
      length, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

// A captured function of one tensor, whose result is written over that of the call before.
void function_of(benchmark::State& state, const Shape& shape,
                 const std::function<Tensors(const Tensor&)>& f) {
  const Tensor x = Generator(1).normal(shape);
  const Tensors inputs = {x};
  Captured captured([&](const Tensors& in) { return f(in[0]); });
  for (auto _ : state) benchmark::DoNotOptimize(captured(inputs).data());
  state.SetItemsProcessed(state.iterations() * x.size());
}

void add(const std::string& name, const Shape& shape,
         const std::function<Tensors(const Tensor&)>& f) {
  benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
    function_of(state, shape, f);
  })->Unit(benchmark::kMicrosecond);
}

void add_all() {
  benchmark::RegisterBenchmark("product_of_4/executed", product_of_4, false);
  benchmark::RegisterBenchmark("product_of_4/recorded", product_of_4, true);

  constexpr std::int64_t million = std::int64_t{1} << 20;
  add("negative/1M", {million}, [](const Tensor& x) -> Tensors { return {-x}; });  // memory speed
  add("exp/1M", {million}, [](const Tensor& x) -> Tensors { return {exp(x)}; });
  add("tanh/1M", {million}, [](const Tensor& x) -> Tensors { return {tanh(x)}; });
  add("sigmoid/1M", {million}, [](const Tensor& x) -> Tensors { return {sigmoid(x)}; });
  add("log/1M", {million}, [](const Tensor& x) -> Tensors { return {log(x)}; });
  const auto mean_and_variance = [](const Tensor& x) -> Tensors {
    return {mean(x, {1}), variance(x, {1})};
  };
  add("mean_variance_of_rows/1024x1024", {1024, 1024}, mean_and_variance);
  add("mean_variance_of_rows/104857x10", {104857, 10}, mean_and_variance);
  for (const Shape& shape : {Shape{4, 16}, Shape{32, 128}, Shape{512, 10}, Shape{512, 512}}) {
    add("column_sum/" + std::to_string(shape[0]) + "x" + std::to_string(shape[1]), shape,
        [](const Tensor& x) -> Tensors { return {sum(x, {0})}; });
  }
  for (const std::int64_t rows : {32, 512, 104857}) {
    const std::string shape = std::to_string(rows) + "x10";
    add("softmax/" + shape, {rows, 10}, [](const Tensor& x) -> Tensors { return {softmax(x)}; });
    const Tensor labels = cast(Generator(2).uniform({rows}, 0, 10), DType::i64);
    add("cross_entropy/" + shape, {rows, 10},
        [=](const Tensor& x) -> Tensors { return {softmax_cross_entropy(x, labels)}; });
    add("cross_entropy_and_gradient/" + shape, {rows, 10}, [=](const Tensor& x) -> Tensors {
      const auto [loss, gradient] = value_and_grad(
          [&](const Tensors& in) { return mean(softmax_cross_entropy(in[0], labels)); }, {x});
      return {loss, gradient[0]};
    });
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
