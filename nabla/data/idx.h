/// The IDX format of MNIST and its kin: one array of numbers in a file (yann.lecun.com/exdb/mnist).
///
/// A file is two zero bytes, the element type, the number of axes, the extents (4 bytes each) and
/// the elements in row-major order, all big-endian; often packed with gzip.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "nabla/tensor/tensor.h"

#pragma GCC visibility push(hidden)
namespace nabla::data {

/// The array in the bytes of a file, plain or gzip. Throws FileError, which starts with `source` (a
/// path) and names the byte, where the bytes are damaged or hold elements other than u8, i32, f32
/// and f64.
Tensor decode_idx(std::span<const std::byte> bytes, std::string_view source);

/// Whether a file that begins with these bytes is to be read as IDX: gzip, or two zero bytes, the
/// code of a type and a number of axes.
bool begins_as_idx(std::span<const std::byte> bytes);

/// Reads a file. Throws what `read_file` and `decode_idx` throw.
Tensor read_idx(const std::string& path);

}  // namespace nabla::data
#pragma GCC visibility pop
