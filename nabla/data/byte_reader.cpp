#include "nabla/data/byte_reader.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

#include "nabla/base/error.h"
#include "nabla/base/text.h"

namespace nabla::data {
namespace {

// zlib counts in 32 bits.
uInt at_most_32_bits(std::size_t size) {
  return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
}

}  // namespace

ByteReader::ByteReader(std::span<const std::byte> file, std::string_view source)
    : file_(file),
      source_(source),
      packed_(file.size() >= 2 && file[0] == std::byte{0x1f} && file[1] == std::byte{0x8b}) {
  constexpr int gzip = 16 + MAX_WBITS;
  if (packed_ && inflateInit2(&stream_, gzip) != Z_OK) throw std::bad_alloc();
}

ByteReader::~ByteReader() {
  if (packed_) inflateEnd(&stream_);
}

std::size_t ByteReader::read(std::span<std::byte> to) {
  if (packed_) return unpack(to);
  const std::size_t count = std::min(to.size(), file_.size());
  if (count > 0) std::memcpy(to.data(), file_.data(), count);
  file_ = file_.subspan(count);
  position_ += count;
  return count;
}

std::size_t ByteReader::unpack(std::span<std::byte> to) {
  const std::size_t wanted = to.size();
  while (!to.empty() && !unpacked_all_) {
    const uInt given = at_most_32_bits(file_.size());
    const uInt room = at_most_32_bits(to.size());
    stream_.next_in = reinterpret_cast<const Bytef*>(file_.data());
    stream_.avail_in = given;
    stream_.next_out = reinterpret_cast<Bytef*>(to.data());
    stream_.avail_out = room;
    const int status = inflate(&stream_, Z_NO_FLUSH);
    file_ = file_.subspan(given - stream_.avail_in);
    to = to.subspan(room - stream_.avail_out);
    position_ += room - stream_.avail_out;
    if (status == Z_STREAM_END) {
      unpacked_all_ = file_.empty();
      if (!unpacked_all_) inflateReset(&stream_);  // a gzip file may be several, joined
    } else if (status == Z_BUF_ERROR) {
      fail("the packed file ends early", "the rest of it");
    } else if (status != Z_OK) {
      fail(str("the packed data are damaged: ", stream_.msg == nullptr ? "?" : stream_.msg),
           "an undamaged gzip file");
    }
  }
  return wanted - to.size();
}

std::string ByteReader::read_text() {
  constexpr std::size_t step = std::size_t{1} << 16;
  std::string text;
  for (std::size_t count = step; count == step;) {
    const std::size_t size = text.size();
    text.resize(size + step);
    count = read(std::as_writable_bytes(std::span(text).subspan(size)));
    text.resize(size + count);
  }
  return text;
}

std::uint64_t ByteReader::most_left() const {
  if (!packed_) return file_.size();
  // Deflate packs at most 258 bytes into two bits; the reserve is for what zlib has read ahead.
  constexpr std::uint64_t best_ratio = 1032;
  constexpr std::uint64_t reserve = 1 << 16;
  return file_.size() * best_ratio + reserve;
}

void ByteReader::fail(std::string_view what, std::string_view expected) const {
  throw FileError(str(source_, ": ", what, " (byte ", position_, packed_ ? " unpacked" : "",
                      "): expected ", expected));
}

}  // namespace nabla::data
