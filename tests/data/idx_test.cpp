#include "nabla/data/idx.h"

#include <gtest/gtest.h>

#include "nabla/base/error.h"
#include "nabla/base/file.h"
#include "nabla/base/text.h"
#include "nabla/data/byte_reader.h"
#include "tests/support/files.h"
#include "tests/support/message.h"
#include "tests/support/packing.h"

namespace nabla::data {
namespace {

using namespace std::string_literals;
using test::bytes_of;
using test::Folder;
using test::gzip;
using test::message_of;

Tensor decode(const std::string& bytes) { return decode_idx(bytes_of(bytes), "f"); }

std::string error_of(const std::string& bytes) {
  return message_of<FileError>([&] { decode(bytes); });
}

const std::string small = "\0\0\x08\x02\0\0\0\x02\0\0\0\x03"s + "\x01\x02\x03\xfd\xfe\xff"s;

TEST(Idx, ReadsBytes) {
  for (const std::string& bytes : {small, gzip(small)}) {
    const Tensor tensor = decode(bytes);
    EXPECT_EQ(tensor.spec(), (Spec{DType::u8, {2, 3}}));
    EXPECT_EQ(tensor.to_vector<std::uint8_t>(),
              (std::vector<std::uint8_t>{1, 2, 3, 253, 254, 255}));
  }
}

// The bytes of each number by hand, from two's complement and IEEE 754.
TEST(Idx, ReadsBigEndianNumbers) {
  const std::string ints = "\0\0\x0c\x01\0\0\0\x02\x01\x02\x03\x04\xff\xff\xff\xfe"s;
  const std::string floats = "\0\0\x0d\x01\0\0\0\x02\x3f\x80\0\0\xc0\x20\0\0"s;
  const std::string doubles = "\0\0\x0e\x02\0\0\0\x01\0\0\0\x01\x3f\xe0\0\0\0\0\0\0"s;
  for (const auto pack : {+[](const std::string& text) { return text; }, &gzip}) {
    EXPECT_EQ(decode(pack(ints)).to_vector<std::int32_t>(),
              (std::vector<std::int32_t>{0x01020304, -2}));
    EXPECT_EQ(decode(pack(floats)).to_vector<float>(), (std::vector<float>{1, -2.5F}));
    EXPECT_EQ(decode(pack(doubles)).to_vector<double>(), (std::vector<double>{0.5}));
  }
}

TEST(Idx, ReadsOneToEightAxesAndNoElements) {
  std::string extents;
  for (char rank = 1; rank <= 8; ++rank) {
    extents += "\0\0\0\x01"s;
    EXPECT_EQ(decode("\0\0\x08"s.append(1, rank).append(extents).append("x")).rank(), rank);
  }
  EXPECT_EQ(decode("\0\0\x0d\x02\0\0\0\0\0\0\0\x07"s).shape(), (Shape{0, 7}));
}

// Only the size of the last is known beforehand.
TEST(Idx, ReadsJoinedGzipFiles) {
  const Tensor tensor = decode(gzip(small.substr(0, 14)) + gzip(small.substr(14)));
  EXPECT_EQ(tensor.to_doubles(), decode(small).to_doubles());
  const std::string large = "\0\0\x08\x01\0\x10\0\0"s + std::string(1 << 20, 'x');
  const std::string packed = gzip(large.substr(0, 500000)) + gzip(large.substr(500000)) + gzip("");
  EXPECT_LT(packed.size(), 10000U);
  EXPECT_EQ(decode(packed).to_vector<std::uint8_t>(),
            std::vector<std::uint8_t>(std::size_t{1} << 20, 'x'));
}

TEST(IdxErrors, Header) {
  const std::string what =
      "f: no IDX file (byte 0): expected two zero bytes, an element type and a number of axes in "
      "front";
  EXPECT_EQ(error_of("P5 28 28"), what);
  EXPECT_EQ(error_of("\0\0\x08"s),
            "f: no IDX file (byte 3): expected two zero bytes, an element type and a number of "
            "axes in front");
  EXPECT_EQ(error_of("\0\0\x0b\x01\0\0\0\x01\0\x01"s),
            "f: element type 11 (byte 2): expected 8 (u8), 12 (i32), 13 (f32) or 14 (f64)");
  EXPECT_EQ(error_of("\0\0\x08\0"s), "f: 0 axes (byte 3): expected 1 to 8");
  EXPECT_EQ(error_of("\0\0\x08\x09"s), "f: 9 axes (byte 3): expected 1 to 8");
  EXPECT_EQ(error_of("\0\0\x08\x02\0\0\0\x01\0\0"s),
            "f: the file ends early (byte 10): expected 2 extents of 4 bytes");
}

TEST(IdxErrors, Length) {
  EXPECT_EQ(error_of(small.substr(0, 17)),
            "f: the file is too short (byte 12): expected 6 bytes of u8[2, 3], found 5");
  EXPECT_EQ(error_of(small + "x"),
            "f: something follows the last element (byte 18): expected the end of the file");
}

TEST(IdxErrors, SizesAreBoundedBeforeMemoryIsTaken) {
  const std::string huge = "\0\0\x0e\x02\xff\xff\xff\xff\xff\xff\xff\xff"s;
  EXPECT_EQ(error_of(huge),
            "f: the shape f64[4294967295, 4294967295] (byte 4): expected less than 2^63 bytes");
  const std::string none = "\0\0\x0e\x03\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff"s;
  EXPECT_EQ(error_of(none),
            "f: the shape f64[0, 4294967295, 4294967295] (byte 4): expected less than 2^63 bytes");
  const std::string large = "\0\0\x08\x02\0\0\xff\xff\0\0\xff\xff"s;
  EXPECT_EQ(
      error_of(large),
      "f: the file is too short (byte 12): expected 4294836225 bytes of u8[65535, 65535], found 0");
  EXPECT_EQ(error_of(gzip(large)),
            "f: the file is too short (byte 12 unpacked): expected 4294836225 bytes of u8[65535, "
            "65535], found 0");
}

TEST(IdxErrors, Gzip) {
  const std::string packed = gzip(small);
  EXPECT_EQ(error_of(gzip(small.substr(0, 17))),
            "f: the file is too short (byte 12 unpacked): expected 6 bytes of u8[2, 3], found 5");
  EXPECT_EQ(error_of(gzip(small + "x")),
            "f: something follows the last element (byte 18 unpacked): expected the end of the "
            "file");
  const auto damaged = [](std::size_t start, std::size_t end) {
    return str("f: the gzip data from byte ", start, " to the end of the file at byte ", end,
               " are damaged or cut short: expected an undamaged gzip file");
  };
  const std::size_t end = packed.size();
  for (std::size_t size = 2; size < end; ++size) {
    EXPECT_EQ(error_of(packed.substr(0, size)), damaged(0, size)) << size;
  }
  EXPECT_EQ(error_of(packed + packed.substr(0, 20)), damaged(end, end + 20));
  for (const std::size_t behind : {8, 4}) {  // the checksum, the size
    std::string wrong = packed;
    wrong[packed.size() - behind] ^= 1;
    EXPECT_EQ(error_of(wrong), damaged(0, end)) << behind;
  }
}

TEST(IdxErrors, WhatIsNoGzipIsNamedByItsByte) {
  const std::string packed = gzip(small);
  const std::size_t end = packed.size();
  EXPECT_EQ(error_of(packed + "trailing"),
            str("f: no gzip data (byte ", end, "): expected 1f 8b 08 from byte ", end,
                " on, or the end of the file"));
  EXPECT_EQ(error_of(packed + "\x1f\x8b\x07"),
            str("f: no gzip data (byte ", end + 2, "): expected 1f 8b 08 from byte ", end,
                " on, or the end of the file"));
  EXPECT_EQ(error_of("\x1f\x8bgarbage"),
            "f: no gzip data (byte 2): expected 1f 8b 08 from byte 0 on");
}

// A size that the packed data cannot have.
TEST(IdxErrors, GzipOfMoreThanIsAllowed) {
  const std::string packed = gzip(std::string(1000, '\0'));
  const auto bytes = bytes_of(packed);
  EXPECT_EQ(ByteReader(bytes, "f", 1000).left(), 1000U);
  EXPECT_EQ(message_of<FileError>([&] { ByteReader(bytes, "f", 999); }),
            "f: the gzip data hold more than 999 bytes: expected at most so many; unpack the file "
            "first");
}

TEST(IdxErrors, GzipOfAnImpossibleSize) {
  std::string packed = gzip(small);
  packed.replace(packed.size() - 4, 4, "\xff\xff\xff\xff");
  EXPECT_EQ(error_of(packed),
            str("f: the gzip data from byte 0 to the end of the file at byte ", packed.size(),
                " are damaged or cut short: expected an undamaged gzip file"));
}

TEST(IdxErrors, NameTheFile) {
  const Folder folder;
  write_file_atomically(folder / "a", bytes_of("none"));
  EXPECT_EQ(message_of<FileError>([&] { read_idx(folder / "a"); }).find(folder / "a: "), 0U);
}

TEST(IdxErrors, CorpusIsReadOrRefused) {
  int read = 0;
  int refused = 0;
  for (const std::string& path : test::corpus("idx")) {
    SCOPED_TRACE(path);
    try {
      read_idx(path);
      ++read;
    } catch (const Error& error) {
      EXPECT_EQ(std::string_view(error.what()).find('\n'), std::string_view::npos);
      ++refused;
    }
  }
  EXPECT_GE(read, 5);
  EXPECT_GE(refused, 20);
}

}  // namespace
}  // namespace nabla::data
