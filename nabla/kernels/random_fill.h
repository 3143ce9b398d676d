/// Random numbers in bulk.
#pragma once

#include <cstdint>

namespace nabla {

/// out[i] uniform on [0, 1): 24 bits of word i of Philox counted from block `counter` under key
/// `seed` (four words a block); 53 bits of two words for double. Element i is always the same.
void fill_uniform(std::uint64_t seed, std::uint64_t counter, std::int64_t n, float* out);
void fill_uniform(std::uint64_t seed, std::uint64_t counter, std::int64_t n, double* out);

}  // namespace nabla
