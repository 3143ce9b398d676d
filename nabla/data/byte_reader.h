/// The content of a file in memory, read from front to end; gzip is unpacked on the way.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace nabla::data {

/// Gives the bytes of a file one after the other. A file that starts as gzip does (1f 8b) gives
/// what was packed in it.
class ByteReader {
 public:
  /// `file` must outlive the reader; `source` (a path) starts every message.
  ByteReader(std::span<const std::byte> file, std::string_view source);
  ~ByteReader();
  ByteReader(const ByteReader&) = delete;
  ByteReader& operator=(const ByteReader&) = delete;

  /// Fills `to` as far as the content reaches and returns how many bytes that are. Reaching the end
  /// checks the sum and length that gzip keeps. Throws FileError where packed data is damaged.
  std::size_t read(std::span<std::byte> to);
  /// All that is left, as text.
  std::string read_text();

  /// No more bytes than this are left: deflate shrinks by 1032 at most.
  std::uint64_t most_left() const;
  /// Throws a FileError "source: what (byte N): expected".
  [[noreturn]] void fail(std::string_view what, std::string_view expected) const;

 private:
  std::size_t inflate_some(std::span<std::byte> to);

  std::span<const std::byte> file_;  // not yet read
  std::string_view source_;
  std::uint64_t position_ = 0;  // bytes given
  bool packed_;
  z_stream stream_{};
};

}  // namespace nabla::data
