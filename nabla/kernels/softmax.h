/// Exponentials of rows of n floating numbers, row-major. m is the largest number of a row. Sums of
/// exp(x - m) are kept as 1 + s, with s over all but the largest: what s has is not rounded away.
#pragma once

#include <cstdint>

#include "nabla/base/dtype.h"

namespace nabla {

/// logsumexp[o] = m + log1p(s)
void row_logsumexp(DType dtype, std::int64_t rows, std::int64_t n, const void* x, void* out);
/// out[o] = logsumexp[o] - out[o], and precise where the two are large: (m - out[o]) is added last.
void row_logsumexp_above(DType dtype, std::int64_t rows, std::int64_t n, const void* x, void* out);
/// log_softmax[o, j] = (x[o, j] - m) - log1p(s)
void row_log_softmax(DType dtype, std::int64_t rows, std::int64_t n, const void* x, void* out);
/// softmax[o, j] = exp(x[o, j] - m) / sum_k exp(x[o, k] - m), and 0 in a row of -infinity
void row_softmax(DType dtype, std::int64_t rows, std::int64_t n, const void* x, void* out);
/// softmax[o, j], less 1 at j = labels[o], i32 or i64: there, -1 times the sum of the others.
void row_softmax_residual(DType dtype, std::int64_t rows, std::int64_t n, const void* x,
                          DType label_type, const void* labels, void* out);

}  // namespace nabla
