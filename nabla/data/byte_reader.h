/// The content of a file in memory, read from front to end; gzip is unpacked on the way.
#pragma once

#define ZLIB_CONST  // zlib only reads its input
#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace nabla::data {

/// Gives the content of a file piece by piece. That of a file which starts as gzip does (1f 8b) is
/// what was packed in it.
class ByteReader {
 public:
  /// `file` and `source`, a path that starts every message, must outlive the reader.
  ByteReader(std::span<const std::byte> file, std::string_view source);
  ~ByteReader();
  ByteReader(const ByteReader&) = delete;
  ByteReader& operator=(const ByteReader&) = delete;

  /// Fills `to` as far as the content reaches and returns how many bytes that are. Whoever reads to
  /// the end knows that gzip's checksum is right. Throws FileError where packed data are damaged.
  std::size_t read(std::span<std::byte> to);
  /// All that is left, as text.
  std::string read_text();

  /// At most this many bytes are left: what to allocate at most, before anything is unpacked.
  std::uint64_t most_left() const;
  /// Throws a FileError "source: what (byte N): expected ...", N being the next byte to be read.
  [[noreturn]] void fail(std::string_view what, std::string_view expected) const;

 private:
  std::size_t unpack(std::span<std::byte> to);

  std::span<const std::byte> file_;  // what is left of it
  std::string_view source_;
  std::uint64_t position_ = 0;  // bytes given
  bool packed_;
  bool unpacked_all_ = false;
  z_stream stream_{};
};

}  // namespace nabla::data
