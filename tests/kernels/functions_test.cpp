// exp, log, tanh and their like in f32, over the whole range of floats.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "nabla/base/flush_denormals.h"
#include "nabla/kernels/tiles.h"

namespace nabla {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

struct Function {
  const char* name;
  TileSet TileTable::*tile;
  double (*exact)(double);
  double units;  // in the last place, for normal results
};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double softplus(double x) { return std::fmax(x, 0) + std::log1p(std::exp(-std::abs(x))); }

const std::vector<Function> functions = {
    {"exp", &TileTable::exp, std::exp, 1.1},         {"expm1", &TileTable::expm1, std::expm1, 2},
    {"log", &TileTable::log, std::log, 1},           {"log1p", &TileTable::log1p, std::log1p, 1.5},
    {"tanh", &TileTable::tanh, std::tanh, 3},        {"sigmoid", &TileTable::sigmoid, sigmoid, 2.1},
    {"softplus", &TileTable::softplus, softplus, 2},
};

std::vector<float> values_of(const Function& function, const std::vector<float>& x) {
  std::vector<float> y(x.size());
  (tiles().*function.tile)[DType::f32].dense(static_cast<std::int64_t>(x.size()), x.data(), nullptr,
                                             nullptr, y.data());
  return y;
}

float denormal_is_zero(float x) {
  return std::abs(x) < std::numeric_limits<float>::min() ? std::copysign(0.0F, x) : x;
}

// Distance in units in the last place of the exact value; 0 where both count as zero, are the same
// infinity or not a number.
double error_of(float y, double exact) {
  const auto rounded = static_cast<float>(exact);
  constexpr float least = std::numeric_limits<float>::min();
  if (std::isnan(rounded)) return std::isnan(y) ? 0 : infinity;
  if (std::abs(rounded) < least) return std::abs(y) <= least ? 0 : infinity;
  if (y == rounded) return 0;
  return std::abs(y - exact) / std::ldexp(1, std::ilogb(rounded) - 23);
}

// Every 4093rd float of all there are, in order of their bits, so that neighbours in a vector are
// near each other.
TEST(Functions, AreExactOverTheRangeOfFloats) {
  std::vector<float> x;
  for (std::uint64_t bits = 0; bits < std::uint64_t{1} << 32U; bits += 4093) {
    x.push_back(denormal_is_zero(std::bit_cast<float>(static_cast<std::uint32_t>(bits))));
  }
  for (const Function& function : functions) {
    std::vector<float> y;
    {
      const FlushDenormals flush;
      y = values_of(function, x);
    }
    double worst = 0;
    float at = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double error = error_of(y[i], function.exact(x[i]));
      if (!(error <= worst)) worst = error, at = x[i];
    }
    EXPECT_LE(worst, function.units) << function.name << " at " << at;
    RecordProperty(function.name, std::to_string(worst));
  }
}

// Close to where ranges meet: the ends of the normal results, and half-integer multiples of ln 2.
TEST(Functions, AreExactAtTheirSeams) {
  std::vector<float> x;
  const auto add_around = [&](double centre) {
    auto bits = std::bit_cast<std::int32_t>(static_cast<float>(centre));
    for (std::int32_t i = -40; i <= 40; ++i) x.push_back(std::bit_cast<float>(bits + i));
  };
  for (int n = -256; n <= 256; ++n) add_around((n + 0.5) * std::log(2.0) / 2);
  for (const double seam : {-103.97, -88.0, -87.33654, -20.0, 8.0, 9.01, 10.0, 16.7, 88.0, 88.7228,
                            89.0, 0.70710678, 1.41421356, 1.0, 0.5, 1.17549e-38, 3.4e38}) {
    add_around(seam);
    add_around(-seam);
  }
  for (float& value : x) value = denormal_is_zero(value);
  for (const Function& function : functions) {
    std::vector<float> y;
    {
      const FlushDenormals flush;
      y = values_of(function, x);
    }
    for (std::size_t i = 0; i < x.size(); ++i) {
      EXPECT_LE(error_of(y[i], function.exact(x[i])), function.units)
          << function.name << " at " << x[i];
    }
  }
}

// The same bits wherever a number stands, and whatever stands beside it.
TEST(Functions, DoNotDependOnThePlace) {
  std::vector<float> x(100);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = 0.37F * static_cast<float>(i) - 18;
  x[70] = infinity;
  x[80] = -1e30F;
  for (const Function& function : functions) {
    const std::vector<float> y = values_of(function, x);
    for (std::size_t i = 0; i < x.size(); ++i) {
      for (const std::size_t n : {1U, 5U, 64U, 67U}) {
        std::vector<float> others(n, 0.5F);
        others[n / 2] = x[i];
        EXPECT_EQ(std::bit_cast<std::uint32_t>(values_of(function, others)[n / 2]),
                  std::bit_cast<std::uint32_t>(y[i]))
            << function.name << " of " << x[i] << " among " << n;
      }
    }
  }
}

// Beside numbers that are too large for the vector function, too.
TEST(Functions, SineAndCosineDoNotDependOnTheirNeighbours) {
  const auto check = [](auto type) {
    using T = decltype(type);
    for (const auto set : {&TileTable::sin, &TileTable::cos}) {
      const Tile tile = (tiles().*set)[dtype_of<T>].dense;
      for (int i = 0; i < 2000; ++i) {
        const T x = static_cast<T>(0.0137) * static_cast<T>(i - 1000);
        const std::vector<T> alone(16, x);
        std::vector<T> beside(16, x);
        beside[i % 16] = static_cast<T>(1e6);
        beside[(i + 5) % 16] = std::numeric_limits<T>::infinity();
        std::vector<T> expected(16);
        std::vector<T> y(16);
        tile(16, alone.data(), nullptr, nullptr, expected.data());
        tile(16, beside.data(), nullptr, nullptr, y.data());
        EXPECT_EQ(y[(i + 1) % 16], expected[0]) << x;
        EXPECT_NEAR(y[i % 16], set == &TileTable::sin ? std::sin(1e6) : std::cos(1e6), 1e-7);
        EXPECT_TRUE(std::isnan(y[(i + 5) % 16]));
      }
    }
  };
  check(float{});
  check(double{});
}

TEST(Functions, KeepEveryKindOfNotANumber) {
  for (const std::uint32_t bits :
       {0x7fc00000U, 0xffc00000U, 0x7f800001U, 0x7fc12345U, 0xffffffffU}) {
    for (const Function& function : functions) {
      for (const float y :
           values_of(function, std::vector<float>(37, std::bit_cast<float>(bits)))) {
        EXPECT_TRUE(std::isnan(y)) << function.name << " of the bits " << bits << " is " << y;
      }
    }
  }
}

TEST(Functions, KeepTheSignOfZero) {
  for (const std::size_t i : {1U, 3U, 4U}) {  // expm1, log1p, tanh
    const float y = values_of(functions[i], {-0.0F})[0];
    EXPECT_EQ(y, 0) << functions[i].name;
    EXPECT_TRUE(std::signbit(y)) << functions[i].name;
  }
}

}  // namespace
}  // namespace nabla
