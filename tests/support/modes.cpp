#include "tests/support/modes.h"

#include <cstring>

#include <memory>

#include "nabla/base/text.h"
#include "nabla/plan/capture.h"
#include "nabla/plan/verify.h"

namespace nabla {
namespace {

// All tests verify their plans, in release builds too.
const bool tests_verify_plans = lowering::verifies_plans = true;

TensorsFunction captured(const TensorsFunction& f, PlanOptions options) {
  return [captured = std::make_shared<Captured>(f, options)](const Tensors& inputs) {
    return (*captured)(inputs);
  };
}

}  // namespace

const std::vector<Mode>& modes() {
  static const std::vector<Mode> all = {
      {"eager", [](const TensorsFunction& f) { return f; }},
      {"captured", [](const TensorsFunction& f) { return captured(f, {}); }},
      {"captured without fusion",
       [](const TensorsFunction& f) { return captured(f, {.fuse = false}); }},
  };
  return all;
}

std::string compare_modes(const TensorsFunction& f, const Tensors& inputs) {
  const Tensors expected = modes()[0].run(f, inputs);
  std::string text;
  for (const Mode& mode : modes()) {
    const TensorsFunction prepared = mode.prepare(f);
    // The second time into memory that was used before, while the first results are held.
    const Tensors runs[] = {prepared(inputs), prepared(inputs)};
    for (const Tensors& actual : runs) {
      if (actual.size() != expected.size()) return mode.name + ": another number of results";
      for (std::size_t i = 0; i < actual.size(); ++i) {
        const std::string difference = compare_bits(expected[i], actual[i]);
        if (!difference.empty()) text += str(mode.name, ", result ", i, ": ", difference, "\n");
      }
    }
  }
  return text;
}

std::string compare_bits(const Tensor& expected, const Tensor& actual) {
  if (expected.spec() != actual.spec()) {
    return str("expected ", expected.spec(), ", got ", actual.spec());
  }
  return visit(expected.dtype(), [&](auto type) -> std::string {
    const auto e = expected.to_vector<decltype(type)>();
    const auto a = actual.to_vector<decltype(type)>();
    for (std::size_t i = 0; i < e.size(); ++i) {
      if (std::memcmp(&e[i], &a[i], sizeof(type)) == 0) continue;
      return str("element ", i, " of ", expected.spec(), ": expected ", +e[i], ", got ", +a[i],
                 " (", static_cast<double>(a[i]) - static_cast<double>(e[i]), " more)");
    }
    return {};
  });
}

Tensor tensor_of(DType dtype, const Shape& shape, const std::vector<double>& values) {
  return visit(dtype, [&](auto type) {
    using T = decltype(type);
    std::vector<T> converted;
    for (const double value : values) {
      // Beyond the range of a small integer type it wraps around.
      using Wide = std::conditional_t<std::is_integral_v<T>, std::int64_t, T>;
      converted.push_back(static_cast<T>(static_cast<Wide>(value)));
    }
    return Tensor::from(converted, shape);
  });
}

}  // namespace nabla
