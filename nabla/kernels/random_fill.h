/// Random numbers in bulk.
#pragma once

#include <cstdint>

namespace nabla {

/// Where a sequence of Philox begins: block `counter` of a stream, under the key `seed`.
struct RandomKey {
  std::uint64_t seed = 0;
  std::uint64_t stream = 0;
  std::uint64_t counter = 0;
};
/// The place some blocks further.
inline RandomKey ahead(RandomKey key, std::int64_t blocks) {
  key.counter += static_cast<std::uint64_t>(blocks);
  return key;
}

/// out[i] uniform on [0, 1): 24 bits of word i from there on (four words a block); 53 bits of two
/// words for double. Element i is always the same.
void fill_uniform(RandomKey key, std::int64_t n, float* out);
void fill_uniform(RandomKey key, std::int64_t n, double* out);

}  // namespace nabla
