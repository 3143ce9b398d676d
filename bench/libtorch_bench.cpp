// Speed of libtorch's functions, under the names that op_bench gives to ours: each writes its
// result over that of the call before.
#include <benchmark/benchmark.h>
#include <torch/torch.h>

#include <functional>
#include <string>

namespace {

using torch::Tensor;

void add(const std::string& name, const torch::IntArrayRef shape,
         const std::function<void(Tensor& result, const Tensor& x)>& f) {
  const Tensor x = torch::randn(shape);
  Tensor result = torch::empty_like(x);
  benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) mutable {
    const torch::NoGradGuard no_gradients;
    for (auto _ : state) f(result, x);
  })->Unit(benchmark::kMicrosecond);
}

void add_all() {
  constexpr std::int64_t million = std::int64_t{1} << 20;
  add("negative/1M", million, [](Tensor& to, const Tensor& x) { torch::neg_out(to, x); });
  add("exp/1M", million, [](Tensor& to, const Tensor& x) { torch::exp_out(to, x); });
  add("tanh/1M", million, [](Tensor& to, const Tensor& x) { torch::tanh_out(to, x); });
  add("sigmoid/1M", million, [](Tensor& to, const Tensor& x) { torch::sigmoid_out(to, x); });
  add("log/1M", million, [](Tensor& to, const Tensor& x) { torch::log_out(to, x); });
  for (const std::int64_t rows : {32, 512, 104857}) {
    add("softmax/" + std::to_string(rows) + "x10", {rows, 10},
        [](Tensor& to, const Tensor& x) { torch::softmax_out(to, x, 1); });
  }
  add("mean_variance_of_rows/1024x1024", {1024, 1024},
      [](Tensor&, const Tensor& x) { benchmark::DoNotOptimize(torch::var_mean(x, 1, false)); });
  add("mean_variance_of_rows/104857x10", {104857, 10},
      [](Tensor&, const Tensor& x) { benchmark::DoNotOptimize(torch::var_mean(x, 1, false)); });
}

}  // namespace

int main(int argc, char** argv) {
  torch::set_num_threads(1);
  benchmark::Initialize(&argc, argv);
  add_all();
  benchmark::RunSpecifiedBenchmarks();
}
