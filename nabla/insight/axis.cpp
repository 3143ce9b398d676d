#include "nabla/insight/axis.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>

#include "nabla/base/text.h"

namespace nabla::insight {
namespace {

constexpr double largest = std::numeric_limits<double>::max();
// Narrower ranges than this, of numbers about 1, would have ticks that look alike.
constexpr double least_part = 1e-12;
constexpr double least_range = 1e-300;
// In steps: rounding puts no tick beside a value that is one.
constexpr double tolerance = 1e-6;

// A mantissa of 1, 2 or 5, times a power of ten: exactly rounded where a power can be.
struct RoundNumber {
  int mantissa = 1;
  int exponent = 0;

  double times(double count) const {
    const double product = count * mantissa;
    return exponent < 0 ? product / std::pow(10.0, -exponent) : product * std::pow(10.0, exponent);
  }
  double value() const { return times(1); }
  RoundNumber next() const {
    if (mantissa == 5) return {1, exponent + 1};
    return {mantissa == 1 ? 2 : 5, exponent};
  }
  // The largest one that is not above `value` > 0.
  static RoundNumber below(double value) {
    RoundNumber number{1, static_cast<int>(std::floor(std::log10(value) + least_part))};
    const double about = std::min(value * (1 + least_part), largest);
    while (number.next().value() <= about) number = number.next();
    return number;
  }
};

// 1.5e+06 -> 1.5e6
std::string without_zeros_of_exponent(std::string text) {
  const std::size_t e = text.find('e');
  if (e == std::string::npos) return text;
  std::size_t digits = e + 1;
  if (text[digits] == '+') text.erase(digits, 1);
  if (text[digits] == '-') ++digits;
  while (text[digits] == '0' && digits + 1 < text.size()) text.erase(digits, 1);
  return text;
}

std::string formatted(double value, std::chars_format format, int digits) {
  std::array<char, 512> text;  // a double before the point, and as many digits behind it
  const auto [end, error] =
      std::to_chars(text.data(), text.data() + text.size(), value, format, digits);
  return without_zeros_of_exponent({text.data(), end});
}

// Labels of multiples of a step, all in the one of two ways that is shorter.
void label(std::vector<Tick>& ticks, const RoundNumber& step) {
  constexpr std::size_t short_enough = 6;
  std::size_t longest_fixed = 0;
  std::size_t longest_scientific = 0;
  std::vector<std::string> scientific;
  for (Tick& tick : ticks) {
    const int exponent =
        tick.value == 0 ? 0 : static_cast<int>(std::floor(std::log10(std::abs(tick.value))));
    tick.label = formatted(tick.value, std::chars_format::fixed, std::max(0, -step.exponent));
    scientific.push_back(tick.value == 0 ? "0"
                                         : formatted(tick.value, std::chars_format::scientific,
                                                     std::max(0, exponent - step.exponent)));
    longest_fixed = std::max(longest_fixed, tick.label.size());
    longest_scientific = std::max(longest_scientific, scientific.back().size());
  }
  if (longest_fixed <= short_enough || longest_fixed <= longest_scientific) return;
  for (std::size_t i = 0; i < ticks.size(); ++i) ticks[i].label = scientific[i];
}

// Multiples of a step, the first and last by their number.
std::vector<Tick> multiples(const RoundNumber& step, double first, double last) {
  std::vector<Tick> ticks;
  for (double i = first; i <= last; ++i) {
    const double value = step.times(i);
    if (std::isfinite(value)) ticks.push_back({value == 0 ? 0 : value, ""});
  }
  label(ticks, step);
  return ticks;
}

// The smallest step of which `count` is not above `most`.
template <class Count>
RoundNumber finest(RoundNumber step, int most, const Count& count) {
  while (count(step.value()) > most) step = step.next();
  return step;
}

double first_around(double low, double step) { return std::floor(low / step + tolerance); }
double last_around(double high, double step) { return std::ceil(high / step - tolerance); }
double first_within(double low, double step) { return std::ceil(low / step - tolerance); }
double last_within(double high, double step) { return std::floor(high / step + tolerance); }

Axis linear_axis(double low, double high, int most_ticks) {
  const double magnitude = std::max(std::abs(low), std::abs(high));
  const double least = std::max(magnitude * least_part, least_range);
  if (high / 2 - low / 2 < least / 2) {
    low = std::min(low, 0.0);
    high = std::max(high, 0.0);
    if (high - low < least_range) return linear_axis(0, 1, most_ticks);
  }
  const RoundNumber step =
      finest(RoundNumber::below(high / most_ticks - low / most_ticks), most_ticks,
             [&](double s) { return last_around(high, s) - first_around(low, s) + 1; });
  const double first = first_around(low, step.value());
  const double last = last_around(high, step.value());
  return {.low = std::max(step.times(first), -largest),
          .high = std::min(step.times(last), largest),
          .ticks = multiples(step, first, last)};
}

std::string label_of(double value) {
  constexpr int digits = 6;
  return formatted(value, std::chars_format::general, digits);
}

// Powers of ten, every `stride`-th, and what lies between two of them where `finely`.
std::vector<Tick> powers(double low, double high, int stride, bool finely) {
  std::vector<Tick> ticks;
  const int last = RoundNumber::below(high).exponent;
  int exponent = RoundNumber::below(low).exponent;
  for (exponent -= (exponent % stride + stride) % stride; exponent <= last; exponent += stride) {
    for (RoundNumber number{1, exponent}; number.exponent == exponent; number = number.next()) {
      const double value = number.value();
      if (value >= low && value <= high) ticks.push_back({value, label_of(value)});
      if (!finely) break;
    }
  }
  return ticks;
}

Axis logarithmic_axis(double low, double high, int most_ticks) {
  const RoundNumber below = RoundNumber::below(low);
  RoundNumber above = RoundNumber::below(high);
  if (above.value() < high * (1 - least_part)) above = above.next();
  Axis axis{.low = below.value(), .high = std::min(above.value(), largest), .logarithmic = true};
  const auto fits = [&] { return 2 * std::ssize(axis.ticks) <= std::ptrdiff_t{3} * most_ticks; };
  axis.ticks = powers(axis.low, axis.high, 1, true);
  for (int stride = 1; !fits(); ++stride) {
    axis.ticks = powers(axis.low, axis.high, stride, false);
  }
  return axis;
}

}  // namespace

double Axis::place(double value) const {
  if (logarithmic) {
    return (std::log10(value) - std::log10(low)) / (std::log10(high) - std::log10(low));
  }
  return (value / 2 - low / 2) / (high / 2 - low / 2);  // the difference may be no double
}

Axis round_axis(double low, double high, int most_ticks, Scale scale) {
  constexpr double two_decades = 100;
  const bool logarithmic =
      scale == Scale::automatic && low >= least_range && high / low > two_decades;
  return logarithmic ? logarithmic_axis(low, high, most_ticks) : linear_axis(low, high, most_ticks);
}

Axis exact_axis(double low, double high, int most_ticks, bool whole) {
  const double magnitude = std::max(std::abs(low), std::abs(high));
  if (high / 2 - low / 2 <= std::max(magnitude * least_part, least_range) / 2) {
    const double around = std::max(0.5, magnitude / 2);
    return {.low = std::max(low - around, -largest),
            .high = std::min(high + around, largest),
            .ticks = {{low, label_of(low)}}};
  }
  RoundNumber step = RoundNumber::below(high / most_ticks - low / most_ticks);
  if (whole && step.exponent < 0) step = {1, 0};
  step = finest(step, most_ticks,
                [&](double s) { return last_within(high, s) - first_within(low, s) + 1; });
  return {
      .low = low,
      .high = high,
      .ticks = multiples(step, first_within(low, step.value()), last_within(high, step.value()))};
}

}  // namespace nabla::insight
