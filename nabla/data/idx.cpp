#include "nabla/data/idx.h"

#include <array>
#include <bit>
#include <cstring>

#include "nabla/base/error.h"
#include "nabla/base/file.h"
#include "nabla/base/text.h"
#include "nabla/data/byte_reader.h"

namespace nabla::data {
namespace {

static_assert(std::endian::native == std::endian::little, "IDX is big-endian: bytes are swapped");

// The number made of big-endian bytes.
std::uint32_t swapped(std::uint32_t bytes) { return __builtin_bswap32(bytes); }
std::uint64_t swapped(std::uint64_t bytes) { return __builtin_bswap64(bytes); }

template <class Word>
void swap_all(Tensor& tensor) {
  std::byte* at = tensor.writable_bytes();
  for (std::int64_t i = 0; i < tensor.size(); ++i, at += sizeof(Word)) {
    Word word;
    std::memcpy(&word, at, sizeof(Word));
    word = swapped(word);
    std::memcpy(at, &word, sizeof(Word));
  }
}

DType read_dtype(std::byte code, const ByteReader& reader) {
  switch (std::to_integer<int>(code)) {
    case 0x08: return DType::u8;
    case 0x0C: return DType::i32;
    case 0x0D: return DType::f32;
    case 0x0E: return DType::f64;
    default:
      reader.fail_at(2, str("element type ", std::to_integer<int>(code)),
                     "8 (u8), 12 (i32), 13 (f32) or 14 (f64)");
  }
}

Shape read_shape(int rank, ByteReader& reader) {
  Shape shape;
  for (int axis = 0; axis < rank; ++axis) {
    std::uint32_t extent = 0;
    if (reader.read(std::as_writable_bytes(std::span(&extent, 1))) < sizeof(extent)) {
      reader.fail("the file ends early", str(rank, " extents of 4 bytes"));
    }
    shape.push_back(swapped(extent));
  }
  return shape;
}

}  // namespace

Tensor decode_idx(std::span<const std::byte> bytes, std::string_view source) {
  ByteReader reader(bytes, source);
  std::array<std::byte, 4> magic{};
  const std::size_t bytes_read = reader.read(magic);
  const bool ends = bytes_read < magic.size();
  if (ends || magic[0] != std::byte{0} || magic[1] != std::byte{0}) {
    reader.fail_at(ends ? bytes_read : 0, "no IDX file",
                   "two zero bytes, an element type and a number of axes in front");
  }
  const DType dtype = read_dtype(magic[2], reader);
  const int rank = std::to_integer<int>(magic[3]);
  if (rank < 1 || rank > max_rank) reader.fail_at(3, str(rank, " axes"), str("1 to ", max_rank));
  const Shape shape = read_shape(rank, reader);

  const auto size = checked_bytes(shape, size_of(dtype));
  if (!size) reader.fail_at(4, str("the shape ", Spec{dtype, shape}), "less than 2^63 bytes");
  if (static_cast<std::size_t>(*size) > reader.left()) {
    reader.fail("the file is too short",
                str(*size, " bytes of ", Spec{dtype, shape}, ", found ", reader.left()));
  }
  Tensor tensor(Layout::contiguous(shape), dtype,
                reader.take(static_cast<std::size_t>(*size), size_of(dtype)));
  if (reader.left() > 0) {
    reader.fail("something follows the last element", "the end of the file");
  }
  if (size_of(dtype) == 4) swap_all<std::uint32_t>(tensor);
  if (size_of(dtype) == 8) swap_all<std::uint64_t>(tensor);
  return tensor;
}

bool begins_as_idx(std::span<const std::byte> bytes) {
  if (bytes.size() < 4) return false;
  const auto byte = [&](std::size_t i) { return std::to_integer<int>(bytes[i]); };
  const bool gzip = byte(0) == 0x1f && byte(1) == 0x8b;
  return gzip || (byte(0) == 0 && byte(1) == 0 && byte(2) >= 0x08 && byte(2) <= 0x0E &&
                  byte(3) >= 1 && byte(3) <= max_rank);
}

Tensor read_idx(const std::string& path) { return decode_idx(read_file(path), path); }

}  // namespace nabla::data
