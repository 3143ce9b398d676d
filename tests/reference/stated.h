/// What the examples in the comments of public headers need as tests (scripts/reference).
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <concepts>
#include <filesystem>
#include <iomanip>
#include <string>
#include <string_view>
#include <vector>

#include "nabla/base/text.h"
#include "nabla/nabla.h"
#include "tests/support/files.h"

namespace nabla::test {

/// The numbers in a text, as they stand there.
inline std::vector<std::string> numbers_in(std::string_view text) {
  std::vector<std::string> numbers;
  constexpr std::string_view digits = "+-.0123456789einfa";
  for (std::size_t i = 0; (i = text.find_first_of(digits, i)) != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_not_of(digits, i), text.size());
    numbers.emplace_back(text.substr(i, end - i));
    i = end;
  }
  return numbers;
}

/// The number with as many digits behind the point as `stated` has. A whole one is exact.
inline std::string number_as(std::string_view stated, double number) {
  const std::size_t point = stated.find('.');
  if (point == std::string_view::npos) return shortest(number);
  return str(std::fixed, std::setprecision(static_cast<int>(stated.size() - point - 1)), number);
}

/// Numbers of a shape as "[[1, 2], [3, 4]]", each with the digits of its kin in `stated`.
inline std::string numbers_as(std::string_view stated, const std::vector<double>& numbers,
                              const Shape& shape) {
  const std::vector<std::string> wanted = numbers_in(stated);
  std::size_t next = 0;
  const auto axis = [&](const auto& self, int i) -> std::string {
    if (i == shape.rank()) {
      const auto kin = next < wanted.size() ? std::string_view(wanted[next]) : std::string_view();
      return number_as(kin, numbers[next++]);
    }
    std::vector<std::string> parts;
    for (std::int64_t j = 0; j < shape[i]; ++j) parts.push_back(self(self, i + 1));
    return str("[", join(parts, ", "), "]");
  };
  return axis(axis, 0);
}

inline std::string as(std::string_view stated, const Tensor& tensor) {
  return numbers_as(stated, tensor.to_doubles(), tensor.shape());
}
inline std::string as(std::string_view, bool value) { return value ? "true" : "false"; }
template <class N>
requires std::integral<N> || std::floating_point<N>
inline std::string as(std::string_view stated, N number) {
  return number_as(stated, static_cast<double>(number));
}
template <class N>
std::string as(std::string_view stated, const std::vector<N>& numbers) {
  const std::vector<double> doubles(numbers.begin(), numbers.end());
  return numbers_as(stated, doubles, {static_cast<std::int64_t>(numbers.size())});
}
inline std::string as(std::string_view, std::string_view text) { return str('"', text, '"'); }
inline std::string as(std::string_view, const Dims& dims) { return str(dims); }

/// That an example's value is what its comment states.
#define EXPECT_STATED(stated, ...) EXPECT_EQ(nabla::test::as(stated, __VA_ARGS__), stated)

}  // namespace nabla::test

/// Runs an example in a folder of its own, on one thread.
class ReferenceExamples : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::current_path(folder_.path()); }
  void TearDown() override {
    std::filesystem::current_path(before_);
    nabla::set_threads(1);
  }

 private:
  std::filesystem::path before_ = std::filesystem::current_path();
  nabla::test::Folder folder_;
};
