/// The counter-based random generator: number i of stream s is a pure function of (seed, s, i), so
/// any thread can make any part of a sequence and the bits never depend on who did.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace nabla {

/// Philox 4x32 with 10 rounds (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as
/// 1, 2, 3; SC 2011). Maps a 128-bit counter under a 64-bit key to 128 random bits.
constexpr std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                              std::uint64_t key) {
  auto k0 = static_cast<std::uint32_t>(key);
  auto k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {
        static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ k0, static_cast<std::uint32_t>(p1),
        static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ k1, static_cast<std::uint32_t>(p0)};
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return counter;
}

/// Where the streams of a seed begin that a use draws from: so far apart that no two uses share
/// one.
namespace streams {
inline constexpr std::uint64_t orders = std::uint64_t{1} << 32;  ///< of epochs
inline constexpr std::uint64_t splits = std::uint64_t{2} << 32;  ///< of classes
inline constexpr std::uint64_t fresh = std::uint64_t{3} << 32;   ///< of layers just made
inline constexpr std::uint64_t drawn = std::uint64_t{4} << 32;   ///< of calls of randn
/// Of a part of a model: the FNV-1a hash of its name, above all others.
constexpr std::uint64_t of(std::string_view name) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return hash | std::uint64_t{1} << 63;
}
}  // namespace streams

/// Draws one after the other from a seed and a stream: for shuffles and initial weights on the
/// host.
/// ```cpp
/// Random random(1);
/// const double x = random.uniform();
/// x >= 0 && x < 1;           // true
/// Random(1).uniform() == x;  // true
/// ```
class Random {
 public:
  /// The numbers of this stream, from the first on.
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0) : seed_(seed), stream_(stream) {}

  /// 32 random bits.
  std::uint32_t bits();
  /// Uniform on [0, 1) with 53 random bits.
  double uniform();
  /// Standard normal, by the Box-Muller transform of two uniforms.
  double normal();
  /// Uniform on [0, bound), without bias (Lemire's multiplication with rejection).
  std::uint32_t below(std::uint32_t bound);

 private:
  std::uint64_t seed_;
  std::uint64_t stream_;
  std::uint64_t block_ = 0;  // the next counter value
  std::array<std::uint32_t, 4> words_{};
  int used_ = 4;
};

/// Puts fewer than 2^32 elements into a random order, each order equally likely (Fisher-Yates).
template <class T>
void shuffle(std::span<T> elements, Random& random) {
  for (std::size_t i = elements.size(); i > 1; --i) {
    std::swap(elements[i - 1], elements[random.below(static_cast<std::uint32_t>(i))]);
  }
}

}  // namespace nabla
