/// Exponentials of rows of n floating numbers, row-major. m is the largest number of a row.
#pragma once

#include <cstdint>

#include "nabla/base/dtype.h"

namespace nabla {

/// logsumexp[o] = m + log(sum_j exp(x[o, j] - m))
void row_logsumexp(DType dtype, std::int64_t rows, std::int64_t n, const void* x, void* out);
/// out[o] = logsumexp[o] - out[o], and precise where the two are large: (m - out[o]) is added last.
void row_logsumexp_above(DType dtype, std::int64_t rows, std::int64_t n, const void* x, void* out);
/// softmax[o, j] = exp(x[o, j] - m) / sum_k exp(x[o, k] - m)
void row_softmax(DType dtype, std::int64_t rows, std::int64_t n, const void* x, void* out);

}  // namespace nabla
