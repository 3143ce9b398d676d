// Speed of gemm on the products of training steps, alone and with epilogues, beside oneDNN's sgemm
// with the same work done afterwards. Names: kind / m x n x k / who.
#include "nabla/kernels/gemm.h"

#include <benchmark/benchmark.h>
#include <dnnl.h>
#include <omp.h>

#include <string>
#include <vector>

#include "nabla/base/flush_denormals.h"
#include "nabla/base/random.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/gemm_bench.cpp"
#include <hwy/aligned_allocator.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef NABLA_BENCH_GEMM_TYPES  // once, for all instruction sets
#define NABLA_BENCH_GEMM_TYPES
namespace nabla {

// What the epilogues read and write; the arrays have the shape of the product.
struct Arrays {
  std::int64_t columns;
  const float* bias;
  float* weight;
  float* mean;
  float* square;
};

}  // namespace nabla
#endif

HWY_BEFORE_NAMESPACE();
namespace nabla::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Calls f(lanes of the strip, position in the row, position in the arrays) for a strip whose
// columns are a multiple of the lanes, else for single elements.
template <class Vector, class Scalar>
HWY_INLINE void for_each(const Arrays& arrays, const GemmStrip<float>& strip, Vector f, Scalar g) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(hn::ScalableTag<float>()));
  for (std::int64_t i = 0; i < strip.rows; ++i) {
    float* row = strip.data + i * strip.row_stride;
    const std::int64_t at = (strip.row + i) * arrays.columns + strip.column;
    std::int64_t j = 0;
    for (; j + lanes <= strip.columns; j += lanes)
      f(hn::ScalableTag<float>(), row + j, strip.column + j, at + j);
    for (; j < strip.columns; ++j) g(hn::CappedTag<float, 1>(), row + j, strip.column + j, at + j);
  }
}

void bias_relu(void* context, const GemmStrip<float>& strip) {
  const auto& arrays = *static_cast<const Arrays*>(context);
  const auto f = [&](auto d, float* c, std::int64_t j, std::int64_t) HWY_ATTR {
    const auto z = hn::Add(hn::LoadU(d, c), hn::LoadU(d, arrays.bias + j));
    hn::StoreU(hn::Max(z, hn::Zero(d)), d, c);
  };
  for_each(arrays, strip, f, f);
}

void sgd(void* context, const GemmStrip<float>& strip) {
  const auto& arrays = *static_cast<const Arrays*>(context);
  const auto f = [&](auto d, const float* c, std::int64_t, std::int64_t at) HWY_ATTR {
    float* weight = arrays.weight + at;
    hn::StoreU(hn::NegMulAdd(hn::Set(d, 1e-9F), hn::LoadU(d, c), hn::LoadU(d, weight)), d, weight);
  };
  for_each(arrays, strip, f, f);
}

void adam(void* context, const GemmStrip<float>& strip) {
  const auto& arrays = *static_cast<const Arrays*>(context);
  const auto f = [&](auto d, const float* c, std::int64_t, std::int64_t at) HWY_ATTR {
    const auto g = hn::LoadU(d, c);
    const auto m =
        hn::MulAdd(hn::Set(d, 0.9F), hn::LoadU(d, arrays.mean + at), hn::Mul(hn::Set(d, 0.1F), g));
    const auto v = hn::MulAdd(hn::Set(d, 0.999F), hn::LoadU(d, arrays.square + at),
                              hn::Mul(hn::Set(d, 0.001F), hn::Mul(g, g)));
    const auto step = hn::Div(m, hn::Add(hn::Sqrt(v), hn::Set(d, 1e-8F)));
    const auto w = hn::NegMulAdd(hn::Set(d, 1e-9F), step, hn::LoadU(d, arrays.weight + at));
    hn::StoreU(m, d, arrays.mean + at);
    hn::StoreU(v, d, arrays.square + at);
    hn::StoreU(w, d, arrays.weight + at);
  };
  for_each(arrays, strip, f, f);
}

// Ten independent chains of multiply-adds, as many as the processor can overlap: its peak. Returns
// the operations done; `memory` holds ten vectors.
double multiply_adds(float* memory) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto x = hn::Set(d, 0.5F);
  hn::Vec<decltype(d)> sum[10];
#pragma GCC unroll 10
  for (std::size_t i = 0; i < 10; ++i) sum[i] = hn::LoadU(d, memory + i * lanes);
  for (int k = 0; k < 1000; ++k) {
#pragma GCC unroll 10
    for (int i = 0; i < 10; ++i) sum[i] = hn::MulAdd(sum[i], x, x);
  }
#pragma GCC unroll 10
  for (std::size_t i = 0; i < 10; ++i) hn::StoreU(sum[i], d, memory + i * lanes);
  return 2.0 * 10 * 1000 * static_cast<double>(lanes);
}

}  // namespace nabla::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nabla {
namespace {

HWY_EXPORT(bias_relu);
HWY_EXPORT(sgd);
HWY_EXPORT(adam);
HWY_EXPORT(multiply_adds);

using Epilogue = void (*)(void*, const GemmStrip<float>&);

void bias_relu_strip(void* context, const GemmStrip<float>& strip) {
  HWY_DYNAMIC_DISPATCH(bias_relu)(context, strip);
}
void sgd_strip(void* context, const GemmStrip<float>& strip) {
  HWY_DYNAMIC_DISPATCH(sgd)(context, strip);
}
void adam_strip(void* context, const GemmStrip<float>& strip) {
  HWY_DYNAMIC_DISPATCH(adam)(context, strip);
}

// One product of row-major matrices and the arrays of its epilogue.
struct Product {
  Product(char a, char b, std::int64_t rows, std::int64_t columns, std::int64_t depth)
      : transpose_a(a), transpose_b(b), m(rows), n(columns), k(depth) {
    for (auto* values : {&x, &y, &c, &weight, &mean, &square, &bias}) {
      const std::int64_t size = values == &x ? m * k : values == &y ? k * n : m * n;
      *values = hwy::AllocateAligned<float>(static_cast<std::size_t>(size));
      Random random(1);
      for (std::int64_t i = 0; i < size; ++i) {
        values->get()[i] = static_cast<float>(random.uniform() - (values == &square ? 0.0 : 0.5));
      }
    }
    arrays = {n, bias.get(), weight.get(), mean.get(), square.get()};
  }

  void nabla(Epilogue epilogue, bool stored) {
    gemm({.m = m,
          .n = n,
          .k = k,
          .a = transpose_a == 'T' ? MatrixView<float>{x.get(), 1, m}
                                  : MatrixView<float>{x.get(), k, 1},
          .b = transpose_b == 'T' ? MatrixView<float>{y.get(), 1, k}
                                  : MatrixView<float>{y.get(), n, 1},
          .c = stored ? c.get() : nullptr,
          .c_row_stride = n,
          .epilogue = epilogue,
          .context = &arrays});
  }

  void onednn(Epilogue epilogue) {
    dnnl_sgemm(transpose_a, transpose_b, m, n, k, 1, x.get(), transpose_a == 'T' ? m : k, y.get(),
               transpose_b == 'T' ? k : n, 0, c.get(), n);
    if (epilogue != nullptr) epilogue(&arrays, {0, m, 0, n, c.get(), n});
  }

  char transpose_a, transpose_b;
  std::int64_t m, n, k;
  hwy::AlignedFreeUniquePtr<float[]> x, y, c, weight, mean, square, bias;
  Arrays arrays{};
};

void add(const std::string& kind, char a, char b, std::int64_t m, std::int64_t n, std::int64_t k,
         Epilogue epilogue, bool stored) {
  const auto run = [=](benchmark::State& state, bool ours) {
    Product product(a, b, m, n, k);
    for (auto _ : state) {
      ours ? product.nabla(epilogue, stored) : product.onednn(epilogue);
      benchmark::ClobberMemory();
    }
    state.counters["FLOP/s"] = benchmark::Counter(2.0 * static_cast<double>(m * n * k),
                                                  benchmark::Counter::kIsIterationInvariantRate);
  };
  const std::string name =
      kind + "/" + std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(k);
  benchmark::RegisterBenchmark((name + "/nabla").c_str(), run, true)->Unit(benchmark::kMicrosecond);
  benchmark::RegisterBenchmark((name + "/onednn").c_str(), run, false)
      ->Unit(benchmark::kMicrosecond);
}

void add_all() {
  benchmark::RegisterBenchmark("peak", [](benchmark::State& state) {
    std::vector<float> memory(std::size_t{10} * 16);
    for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<float>(i);
    double operations = 0;
    for (auto _ : state) operations = HWY_DYNAMIC_DISPATCH(multiply_adds)(memory.data());
    state.counters["FLOP/s"] =
        benchmark::Counter(operations, benchmark::Counter::kIsIterationInvariantRate);
  });
  for (const std::int64_t batch : {32, 128, 512}) {
    for (const auto& [in, out] :
         {std::pair{784, 128}, {128, 10}, {784, 512}, {512, 512}, {512, 10}}) {
      add("forward", 'N', 'N', batch, out, in, nullptr, true);
      add("forward_bias_relu", 'N', 'N', batch, out, in, bias_relu_strip, true);
      add("weight_gradient", 'T', 'N', in, out, batch, nullptr, true);
      add("weight_gradient_sgd", 'T', 'N', in, out, batch, sgd_strip, false);
      add("weight_gradient_adam", 'T', 'N', in, out, batch, adam_strip, false);
      if (in != 784) add("input_gradient", 'N', 'T', batch, in, out, nullptr, true);
    }
  }
  // The network 2-16-1 on four points.
  add("tiny", 'N', 'N', 4, 16, 2, nullptr, true);
  add("tiny", 'N', 'N', 4, 1, 16, nullptr, true);
  add("tiny", 'T', 'N', 2, 16, 4, nullptr, true);
  add("tiny", 'T', 'N', 16, 1, 4, nullptr, true);
  add("tiny", 'N', 'T', 4, 16, 1, nullptr, true);
}

}  // namespace
}  // namespace nabla

int main(int argc, char** argv) {
  const nabla::FlushDenormals flush;
  omp_set_num_threads(1);  // for oneDNN
  benchmark::Initialize(&argc, argv);
  nabla::add_all();
  benchmark::RunSpecifiedBenchmarks();
}
#endif
