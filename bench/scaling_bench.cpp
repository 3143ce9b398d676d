// How what a call costs grows with its size: eight times the size should take about eight times the
// time. The last lines give the fitted complexity.
#include <benchmark/benchmark.h>

#include <functional>
#include <string>
#include <vector>

#include "nabla/nabla.h"

namespace nabla {
namespace {

const Tensor eye = Tensor::from({1.0, 0.0, 0.0, 1.0}, {2, 2});

std::vector<State> states_of(int n) {
  std::vector<State> states;
  for (int i = 0; i < n; ++i) states.emplace_back(Tensor::from({1.0, 2.0}, {2}));
  return states;
}

Tensor loss_of(const std::vector<State>& states) {
  Tensor loss(0.0);
  for (const State& state : states) loss = loss + sum(square(state.value()));
  return loss;
}

struct Case {
  const char* name;
  int size;  // takes some ten milliseconds
  std::function<void(int)> run;
};

const std::vector<Case> cases = {
    {"a chain of calls", 2500,
     [](int n) {
       capture([n](const Tensor& x) {
         Tensor y = x;
         for (int i = 0; i < n; ++i) y = matmul(y, x);
         return y;
       })(eye);
     }},
    {"results that wait for the end", 1500,
     [](int n) {
       capture([n](const Tensor& x) {
         Tensors all = {x};
         for (int i = 0; i < n; ++i) all.push_back(matmul(all.back(), x));
         Tensor y = x;
         for (; !all.empty(); all.pop_back()) y = matmul(y, all.back());
         return y;
       })(eye);
     }},
    {"calls on parts of one tensor", 2500,
     [](int n) {
       const Tensor rows =
           Tensor::from(std::vector<double>(static_cast<std::size_t>(2 * n)), {n, 2});
       capture([n](const Tensor& x) {
         Tensor y(0.0);
         for (int i = 0; i < n; ++i) y = y + sum(cumulative_sum(select(x, 0, i)));
         return y;
       })(rows);
     }},
    {"derivatives by many tensors", 5000,
     [](int n) {
       const Tensors x(static_cast<std::size_t>(n), Tensor(1.0));
       value_and_grad(
           [](const Tensors& in) {
             Tensor y = in[0];
             for (const Tensor& factor : in) y = y * factor;
             return y;
           },
           x);
     }},
    {"a step of Adam", 2000,
     [](int n) {
       const auto states = states_of(n);
       optim::Adam adam({});
       adam.attach(states);
       adam.minimize([&] { return loss_of(states); });
     }},
    {"a captured step of Adam", 500,
     [](int n) {
       const auto states = states_of(n);
       optim::Adam adam({});
       adam.attach(states);
       capture([&] { return adam.minimize([&] { return loss_of(states); }); })();
     }},
    {"states read behind their new values", 1000,
     [](int n) {
       const auto states = states_of(n);
       capture([&] {
         Tensors old;
         for (const State& state : states) {
           old.push_back(state.value());
           state.assign(cumulative_sum(old.back()));
         }
         Tensor y(0.0);
         for (const Tensor& value : old) y = y + sum(flip(value, 0));
         return y;
       })();
     }},
    {"a drawing", 1000,
     [](int n) {
       const Tensors x(static_cast<std::size_t>(n), Tensor(1.0));
       to_dot(trace(
           [](const Tensors& in) {
             Tensor y = in[0];
             for (const Tensor& factor : in) y = y * factor;
             return y;
           },
           x));
     }},
    {"a file of many tensors", 2500,
     [](int n) {
       TensorFile file;
       for (int i = 0; i < n; ++i) file.tensors.push_back({std::to_string(i), Tensor(1.0)});
       decode_safetensors(encode_safetensors(file), "file");
     }},
};

}  // namespace
}  // namespace nabla

int main(int argc, char** argv) {
  for (const nabla::Case& each : nabla::cases) {
    benchmark::RegisterBenchmark(each.name,
                                 [&](benchmark::State& state) {
                                   for (auto _ : state) each.run(static_cast<int>(state.range(0)));
                                   state.SetComplexityN(state.range(0));
                                 })
        ->Arg(each.size)
        ->Arg(8 * each.size)
        ->Unit(benchmark::kMillisecond)
        ->Complexity();
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
