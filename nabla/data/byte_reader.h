/// The content of a file in memory, read from front to end; gzip is unpacked first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "nabla/tensor/buffer.h"

namespace nabla::data {

/// Gives the content of a file piece by piece. That of a file which starts as gzip does (1f 8b) is
/// what was packed in it.
class ByteReader {
 public:
  /// Bytes that packed data may have unpacked: a few megabytes can hold thousands of times as many.
  static constexpr std::size_t most_unpacked = std::size_t{4} << 30;

  /// `file` and `source`, a path that starts every message, must outlive the reader. Throws
  /// FileError where packed data are damaged, or more than `most`; takes memory for no more than
  /// they can hold.
  ByteReader(std::span<const std::byte> file, std::string_view source,
             std::size_t most = most_unpacked);

  /// Bytes that are left.
  std::size_t left() const { return content_.size() - position_; }
  /// Fills `to` as far as the content reaches and returns how many bytes that are.
  std::size_t read(std::span<std::byte> to);
  /// The next `count` bytes, at most left(), at an address that is a multiple of `alignment`. What
  /// was unpacked is shared with the reader, not copied, where it lies so.
  BufferRef take(std::size_t count, std::size_t alignment);
  /// All that is left, as text, which goes with the reader.
  std::string_view text() const;

  /// Throws a FileError "source: what (byte N): expected ...", N being the next byte to be read.
  [[noreturn]] void fail(std::string_view what, std::string_view expected) const {
    fail_at(position_, what, expected);
  }
  /// The same of a byte that has been read.
  [[noreturn]] void fail_at(std::size_t byte, std::string_view what,
                            std::string_view expected) const;

 private:
  void unpack(std::span<const std::byte> file, std::size_t most);

  std::span<const std::byte> content_;
  std::string_view source_;
  std::size_t position_ = 0;  // bytes given
  BufferRef unpacked_;
};

}  // namespace nabla::data
