// Random programs: the same bits in every mode and on every number of threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "nabla/base/parallel.h"
#include "nabla/base/text.h"
#include "nabla/graph/graph.h"
#include "nabla/ops/ops.h"
#include "tests/support/depth.h"
#include "tests/support/random_program.h"

namespace nabla {
namespace {

// How many programs: NABLA_TEST_SEEDS asks for more.
std::uint64_t seeds(std::uint64_t standard) {
  const char* wanted = std::getenv("NABLA_TEST_SEEDS");
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : standard;
}

// The program's results, the gradient of their sum by all floating inputs, and for some seeds a
// product with the Hessian.
TensorsFunction with_gradients(std::uint64_t seed, int length) {
  return [seed, length](const Tensors& inputs) {
    std::vector<std::size_t> floating;
    Tensors x;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!is_floating(inputs[i].dtype())) continue;
      floating.push_back(i);
      x.push_back(inputs[i]);
    }
    Tensors results;
    const Function loss = [&](const Tensors& variables) {
      Tensors all = inputs;
      for (std::size_t i = 0; i < floating.size(); ++i) all[floating[i]] = variables[i];
      results = random_program(seed, length, all);
      Tensor total = number(0, DType::f64);
      for (const Tensor& result : results) {
        if (is_floating(result.dtype())) total = total + sum(cast(tanh(result), DType::f64));
      }
      return total;
    };
    Tensors derivatives;
    if (seed % 4 == 0) {
      const auto [value, gradient, product] = hvp(loss, x, x);
      derivatives = gradient;
      derivatives.insert(derivatives.end(), product.begin(), product.end());
    } else {
      derivatives = value_and_grad(loss, x).derivative;
    }
    derivatives.insert(derivatives.end(), results.begin(), results.end());
    return derivatives;
  };
}

// The shortest program of a seed that fails, as text.
std::string shortest_failure(std::uint64_t seed, int length, const Tensors& inputs) {
  for (int n = 1; n <= length; ++n) {
    const TensorsFunction f = with_gradients(seed, n);
    const std::string text = compare_modes(f, inputs);
    if (!text.empty()) return str("seed ", seed, ", ", n, " steps\n", text, listing(f, inputs));
  }
  return "the shorter programs are right";
}

TEST(RandomPrograms, SameBitsInAllModes) {
  std::set<std::string_view> seen;
  for (std::uint64_t seed = 0; seed < seeds(300); ++seed) {
    const Tensors inputs = random_inputs(seed, false);
    const int length = 4 + static_cast<int>(seed % 20);
    const TensorsFunction f = with_gradients(seed, length);
    listing(f, inputs, &seen);
    if (compare_modes(f, inputs).empty()) continue;
    FAIL() << shortest_failure(seed, length, inputs);
  }
  for (const Op* op : op_table()) {
    EXPECT_TRUE(seen.contains(op->name)) << op->name << " never ran";
  }
}

TEST(RandomPrograms, SameBitsOnAnyNumberOfThreads) {
  for (std::uint64_t seed = 0; seed < seeds(test::fewer_will_do() ? 8 : 24); ++seed) {
    const Tensors inputs = random_inputs(seed, true);
    const TensorsFunction f = with_gradients(seed, 6);
    set_threads(1);
    const Tensors expected = f(inputs);
    for (const int count : {1, 2, 3}) {
      set_threads(count);
      for (const Mode& mode : modes()) {
        const Tensors actual = mode.run(f, inputs);
        for (std::size_t i = 0; i < expected.size(); ++i) {
          const std::string difference = compare_bits(expected[i], actual[i]);
          ASSERT_EQ(difference, "") << "seed " << seed << ", " << count << " threads, " << mode.name
                                    << ", result " << i << "\n"
                                    << listing(f, inputs);
        }
      }
    }
  }
  set_threads(1);
}

// The inputs of one of several runs: other numbers at other places in memory.
Tensors inputs_of_run(const Tensors& inputs, int run) {
  Tensors in;
  for (const Tensor& x : inputs) {
    in.push_back(is_floating(x.dtype()) ? x * (1 - 0.25 * run) : x);
  }
  return in;
}

// Steps that read and assign states, some through views of each other.
Tensors train(const Mode& mode, std::uint64_t seed, const Tensors& inputs) {
  std::vector<State> states;
  for (std::size_t i = 0; i < 3; ++i) states.emplace_back(inputs[i], str("state ", i));
  const TensorsFunction step = mode.prepare([&](const Tensors& in) {
    Tensors all = in;
    for (std::size_t i = 0; i < states.size(); ++i) all[i] = states[i].value();
    const Tensors results = random_program(seed, 8, all);
    const Tensor& square = all[0];
    for (std::size_t i = 0; i < states.size(); ++i) {
      const std::size_t kind = (seed + i) % 4;
      const Tensor old = states[i].value();
      Tensor value = kind == 0 ? flip(old, 0) : old * 0.5;
      if (kind == 1) value = value + cast(tanh(sum(square)), old.dtype());
      for (const Tensor& result : results) {
        if (kind == 2 && result.spec() == old.spec()) value = result;
        if (kind == 3 && result.rank() == 0)
          value = value + cast(tanh(cast(result, DType::f64)), old.dtype());
      }
      states[i].assign(value);
    }
    return results;
  });
  Tensors all;
  std::vector<Tensors> in;
  for (int run = 0; run < 3; ++run) {
    in.push_back(inputs_of_run(inputs, run));
    const Tensors results = step(in.back());
    all.insert(all.end(), results.begin(), results.end());
    for (const State& state : states) all.push_back(state.value());
  }
  return all;
}

TEST(RandomPrograms, SameStatesInAllModes) {
  for (std::uint64_t seed = 0; seed < seeds(200); ++seed) {
    const Tensors inputs = random_inputs(seed, false);
    const Tensors expected = train(modes()[0], seed, inputs);
    for (const Mode& mode : modes()) {
      const Tensors actual = train(mode, seed, inputs);
      ASSERT_EQ(actual.size(), expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) {
        ASSERT_EQ(compare_bits(expected[i], actual[i]), "")
            << "seed " << seed << ", " << mode.name << ", value " << i;
      }
    }
  }
}

}  // namespace
}  // namespace nabla
