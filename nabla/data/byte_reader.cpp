#include "nabla/data/byte_reader.h"

#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "nabla/base/error.h"
#include "nabla/base/text.h"

namespace nabla::data {
namespace {

// Two bytes that mark gzip, and one for its only method.
constexpr std::array gzip_start = {std::byte{0x1f}, std::byte{0x8b}, std::byte{0x08}};

// Deflate packs at most 258 bytes into two bits.
constexpr std::size_t best_ratio = 1032;

// A gzip file ends with the size of what is packed in it, modulo 2^32; or, if it is several files,
// joined, in the last of them.
std::size_t likely_size(std::span<const std::byte> file) {
  std::uint32_t size = 0;
  if (file.size() >= sizeof(size)) std::memcpy(&size, &file.last(sizeof(size))[0], sizeof(size));
  return std::clamp<std::size_t>(size, file.size(), best_ratio * file.size());
}

// Of a wrong start the byte is known; of anything behind that only between which bytes it lies, as
// libdeflate does not say where it gave up.
[[noreturn]] void fail_to_unpack(std::span<const std::byte> file, std::size_t start,
                                 std::string_view source) {
  for (std::size_t i = 0; i < gzip_start.size() && start + i < file.size(); ++i) {
    if (file[start + i] == gzip_start[i]) continue;
    throw FileError(str(source, ": no gzip data (byte ", start + i,
                        "): expected 1f 8b 08 from byte ", start, " on",
                        start == 0 ? "" : ", or the end of the file"));
  }
  throw FileError(str(source, ": the gzip data from byte ", start,
                      " to the end of the file at byte ", file.size(),
                      " are damaged or cut short: expected an undamaged gzip file"));
}

}  // namespace

ByteReader::ByteReader(std::span<const std::byte> file, std::string_view source, std::size_t most)
    : content_(file), source_(source) {
  if (file.size() >= 2 && file[0] == std::byte{0x1f} && file[1] == std::byte{0x8b}) {
    unpack(file, most);
  }
}

void ByteReader::unpack(std::span<const std::byte> file, std::size_t most) {
  const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> unpacker(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  if (!unpacker) refuse_memory("unpacking a file", file.size());
  const std::size_t limit = std::min(best_ratio * file.size(), most);
  unpacked_ = Buffer::allocate(std::min(likely_size(file), limit));
  std::size_t size = 0;
  for (std::size_t start = 0; start < file.size();) {
    std::size_t used = 0;
    std::size_t made = 0;
    const libdeflate_result result = libdeflate_gzip_decompress_ex(
        unpacker.get(), &file[start], file.size() - start, unpacked_->data() + size,
        unpacked_->bytes() - size, &used, &made);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE && unpacked_->bytes() < limit) {
      BufferRef larger = Buffer::allocate(std::min(2 * unpacked_->bytes(), limit));
      std::memcpy(larger->data(), unpacked_->data(), size);
      unpacked_ = std::move(larger);
      continue;
    }
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE && limit == most) {
      throw FileError(str(source_, ": the gzip data hold more than ", most,
                          " bytes: expected at most so many; unpack the file first"));
    }
    if (result != LIBDEFLATE_SUCCESS) fail_to_unpack(file, start, source_);
    start += used;
    size += made;
  }
  content_ = {unpacked_->data(), size};
}

std::size_t ByteReader::read(std::span<std::byte> to) {
  const std::size_t count = std::min(to.size(), left());
  if (count > 0) std::memcpy(to.data(), &content_[position_], count);
  position_ += count;
  return count;
}

BufferRef ByteReader::take(std::size_t count, std::size_t alignment) {
  if (unpacked_ && position_ % alignment == 0) {
    BufferRef part = Buffer::part_of(unpacked_, position_, count);
    position_ += count;
    return part;
  }
  BufferRef copy = Buffer::allocate(count);
  read({copy->data(), count});
  return copy;
}

std::string_view ByteReader::text() const {
  return {reinterpret_cast<const char*>(content_.data()) + position_, left()};
}

void ByteReader::fail_at(std::size_t byte, std::string_view what, std::string_view expected) const {
  throw FileError(str(source_, ": ", what, " (byte ", byte, unpacked_ ? " unpacked" : "",
                      "): expected ", expected));
}

}  // namespace nabla::data
