#include "nabla/base/random.h"

#include <cmath>
#include <numbers>

namespace nabla {

std::uint32_t Random::bits() {
  if (used_ == 4) {
    words_ =
        philox({static_cast<std::uint32_t>(block_), static_cast<std::uint32_t>(block_ >> 32),
                static_cast<std::uint32_t>(stream_), static_cast<std::uint32_t>(stream_ >> 32)},
               seed_);
    ++block_;
    used_ = 0;
  }
  return words_[static_cast<std::size_t>(used_++)];
}

double Random::uniform() {
  const std::uint64_t high = bits();
  const std::uint64_t low = bits();
  return static_cast<double>((high << 32 | low) >> 11) * 0x1p-53;
}

double Random::normal() {
  const double radius = std::sqrt(-2 * std::log1p(-uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

std::uint32_t Random::below(std::uint32_t bound) {
  for (;;) {
    const std::uint64_t product = std::uint64_t{bits()} * bound;
    const auto low = static_cast<std::uint32_t>(product);
    // Rejected below 2^32 mod bound; that is less than bound, so the division is rarely needed.
    if (low >= bound || low >= -bound % bound) return static_cast<std::uint32_t>(product >> 32);
  }
}

}  // namespace nabla
