#include <cmath>

#include "tests/ops/reference.h"

namespace nabla {
namespace {

template <double (*f)(double)>
Array map(const std::vector<Array>& in, const Attributes&) {
  Array out = in[0];
  for (double& value : out.values) value = f(value);
  return out;
}

template <double (*f)(double, double)>
Array map2(const std::vector<Array>& in, const Attributes&) {
  Array out = in[0];
  for (std::size_t i = 0; i < out.values.size(); ++i) {
    out.values[i] = f(in[0].values[i], in[1].values[i]);
  }
  return out;
}

template <double (*f)(double)>
constexpr Reference of(double units = 0) {
  return {map<f>, units};
}
template <double (*f)(double, double)>
constexpr Reference of2(double units = 0) {
  return {map2<f>, units};
}

double same(double x) { return x; }
double negative(double x) { return -x; }
double sign(double x) { return std::isnan(x) ? x : x > 0 ? 1 : x < 0 ? -1 : 0; }
double positive(double x) { return std::isnan(x) ? x : x > 0 ? 1 : 0; }
double sech(double x) { return 1 / std::cosh(x); }
double relu(double x) { return x < 0 ? 0 : x; }
double square(double x) { return x * x; }
double rsqrt(double x) { return 1 / std::sqrt(x); }
double sigmoid(double x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}
double softplus(double x) { return std::fmax(x, 0) + std::log1p(std::exp(-std::abs(x))); }

double add(double a, double b) { return a + b; }
double subtract(double a, double b) { return a - b; }
double multiply(double a, double b) { return a * b; }
double divide(double a, double b) { return a / b; }
double scale_gradient(double a, double b) { return a == 0 ? 0 : a * b; }
double maximum(double a, double b) { return std::isnan(a) ? a : std::isnan(b) || b > a ? b : a; }
double minimum(double a, double b) { return std::isnan(a) ? a : std::isnan(b) || b < a ? b : a; }
double equal(double a, double b) { return a == b; }
double not_equal(double a, double b) { return a != b; }
double less(double a, double b) { return a < b; }
double less_equal(double a, double b) { return a <= b; }

Array where(const std::vector<Array>& in, const Attributes&) {
  Array out = in[1];
  for (std::size_t i = 0; i < out.values.size(); ++i) {
    if (in[0].values[i] == 0) out.values[i] = in[2].values[i];
  }
  return out;
}

// a + b c and its like: the error is relative to the parts, which may cancel.
template <double (*f)(double, double, double), double (*size)(double, double, double)>
Array map3(const std::vector<Array>& in, const Attributes&) {
  Array out = in[0];
  out.scale = out.values;
  for (std::size_t i = 0; i < out.values.size(); ++i) {
    const double a = in[0].values[i];
    const double b = in[1].values[i];
    const double c = in[2].values[i];
    out.values[i] = f(a, b, c);
    out.scale[i] = size(a, b, c);
  }
  return out;
}
double add_scaled(double a, double b, double c) { return a + b * c; }
double add_scaled_parts(double a, double b, double c) { return std::abs(a) + std::abs(b * c); }
double interpolate(double a, double b, double c) { return (1 - c) * a + c * b; }
double interpolate_parts(double a, double b, double c) {
  return std::abs(a) + std::abs(c) * (std::abs(a) + std::abs(b));
}
double divide_by_root(double a, double b, double c) { return a / (std::sqrt(b) + c); }
double divide_by_root_parts(double a, double b, double c) {
  return std::abs(divide_by_root(a, b, c));
}

Array cast(const std::vector<Array>& in, const Attributes& attributes) {
  Array out = in[0];
  if (is_floating(std::get<TypeAttribute>(attributes).dtype)) return out;
  for (double& value : out.values) value = std::trunc(value);
  return out;
}

}  // namespace

std::map<std::string_view, Reference> elementwise_references() {
  // Exact: one operation of IEEE 754, or none; a double holds the exact result of an operation on
  // two f32 closely enough that rounding it again gives the rounded result. Two units: two
  // roundings, or the C library. Four: Highway states 1 to 3.4 for its functions; those in terms of
  // them add their own roundings.
  return {
      {"identity", of<same>()},
      {"stop_gradient", of<same>()},
      {"add", of2<add>()},
      {"subtract", of2<subtract>()},
      {"multiply", of2<multiply>()},
      {"scale_gradient", of2<scale_gradient>()},
      {"divide", of2<divide>()},
      {"power", of2<std::pow>(2)},
      {"maximum", of2<maximum>()},
      {"minimum", of2<minimum>()},
      {"negative", of<negative>()},
      {"absolute", of<std::fabs>()},
      {"sign", of<sign>()},
      {"floor", of<std::floor>()},
      {"positive", of<positive>()},
      {"relu", of<relu>()},
      {"square", of<square>()},
      {"squarable", of<same>()},  // in the range of the samples
      {"sqrt", of<std::sqrt>()},
      {"rsqrt", of<rsqrt>(2)},
      {"exp", of<std::exp>(4)},
      {"expm1", of<std::expm1>(4)},
      {"log", of<std::log>(4)},
      {"log1p", of<std::log1p>(4)},
      {"sin", of<std::sin>(4)},
      {"cos", of<std::cos>(4)},
      {"tanh", of<std::tanh>(4)},
      {"sigmoid", of<sigmoid>(6)},
      {"sech", of<sech>(6)},
      {"softplus", of<softplus>(6)},
      {"erf", of<std::erf>(2)},
      {"equal", of2<equal>()},
      {"not_equal", of2<not_equal>()},
      {"less", of2<less>()},
      {"less_equal", of2<less_equal>()},
      {"where", {where}},
      {"add_scaled", {map3<add_scaled, add_scaled_parts>, 2}},
      {"lerp", {map3<interpolate, interpolate_parts>, 3}},
      {"divide_by_root", {map3<divide_by_root, divide_by_root_parts>, 3}},
      {"cast", {cast}},
  };
}

}  // namespace nabla
