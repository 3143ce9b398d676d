#include "nabla/io/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <tuple>

#include "nabla/base/error.h"
#include "nabla/base/file.h"
#include "nabla/base/text.h"
#include "tests/support/files.h"
#include "tests/support/message.h"

namespace nabla {
namespace {

using test::bytes_of;
using test::Folder;
using test::message_of;
using test::text_of;

// The bytes of a file from its header and data.
std::string file_of(const std::string& header, const std::string& data = "") {
  const std::uint64_t size = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &size, 8);
  return bytes + header + data;
}

std::string error_of(const std::string& bytes) {
  return message_of<FileError>([&] { decode_safetensors(bytes_of(bytes), "f"); });
}

// The error for a file whose header has one entry "w" with these fields.
std::string error_of_entry(const std::string& fields, const std::string& data = "") {
  return error_of(file_of("{\"w\":{" + fields + "}}", data));
}

TensorFile example() {
  return {.tensors = {{"pixels", Tensor::from<std::uint8_t>({1, 2, 255}, {3})},
                      {"weights", Tensor::from<float>({1, 2, 3, 4, 5, 6}, {2, 3})},
                      {"step", Tensor::from<std::int64_t>({-7}, {})},
                      {"empty", Tensor::from<double>(std::vector<double>{}, {0, 5})},
                      {"labels", Tensor::from<std::int32_t>({3, -4}, {2, 1})},
                      {"a \"name\"\n\xc3\xa9", Tensor::from<double>({0.1}, {1})}},
          .metadata = {{"format", "nabla"}, {"note", "line\nquote\""}}};
}

TEST(Safetensors, KeepsEverything) {
  const Folder folder;
  const TensorFile file = example();
  save_safetensors(folder / "a", file);
  const TensorFile read = load_safetensors(folder / "a");
  EXPECT_EQ(read.metadata, file.metadata);
  ASSERT_EQ(read.tensors.size(), file.tensors.size());
  for (std::size_t i = 0; i < file.tensors.size(); ++i) {
    EXPECT_EQ(read.tensors[i].name, file.tensors[i].name);
    EXPECT_EQ(read.tensors[i].value.spec(), file.tensors[i].value.spec());
    EXPECT_EQ(read.tensors[i].value.to_doubles(), file.tensors[i].value.to_doubles());
  }
}

// Written by hand from the format's description.
TEST(Safetensors, WritesTheseBytes) {
  const TensorFile file{.tensors = {{"b", Tensor::from<std::uint8_t>({7, 8}, {2})},
                                    {"a", Tensor::from<float>({1}, {})}},
                        .metadata = {{"k", "v"}}};
  EXPECT_EQ(text_of(encode_safetensors(file)),
            file_of(R"({"__metadata__":{"k":"v"},)"
                    R"("b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]},)"
                    R"("a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}      )",
                    std::string("\0\0\x80\x3f\x07\x08", 6)));
}

TEST(Safetensors, HoldsNothingAtAll) {
  const auto bytes = encode_safetensors({});
  EXPECT_EQ(text_of(bytes), file_of("{}      "));
  EXPECT_TRUE(decode_safetensors(bytes, "f").tensors.empty());
}

TEST(Safetensors, WritesAViewInRowMajorOrder) {
  const Tensor all = Tensor::from<float>({1, 2, 3, 4, 5, 6}, {2, 3});
  const Tensor transposed(all.layout().permute({1, 0}), all.dtype(), all.buffer());
  Layout reversed{.shape = {2}, .strides = {-2}, .offset = 5};
  const Tensor backwards(reversed, all.dtype(), all.buffer());
  const TensorFile read = decode_safetensors(
      encode_safetensors({.tensors = {{"t", transposed}, {"r", backwards}}, .metadata = {}}), "f");
  EXPECT_EQ(read.tensors[0].value.to_vector<float>(), (std::vector<float>{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(read.tensors[1].value.to_vector<float>(), (std::vector<float>{6, 4}));
}

TEST(Safetensors, WriterRefusesWhatCannotBeRead) {
  const Tensor one = Tensor::from<float>({1}, {});
  const auto message = [](const TensorFile& file) {
    return message_of<ValueError>([&] { encode_safetensors(file); });
  };
  EXPECT_EQ(message({.tensors = {{"w", one}, {"w", one}}, .metadata = {}}),
            "safetensors: the name \"w\" is taken: expected a different name for each tensor");
  EXPECT_EQ(
      message({.tensors = {{"__metadata__", one}}, .metadata = {}}),
      "safetensors: the name \"__metadata__\" is taken: expected a different name for each tensor");
  EXPECT_EQ(message({.tensors = {{"\xff", one}}, .metadata = {}}),
            "safetensors: the text \"\xff\" is not UTF-8");
}

TEST(Safetensors, AFailedSaveLeavesTheOldFile) {
  const Folder folder;
  save_safetensors(folder / "a", example());
  const auto before = read_file(folder / "a");
  TensorFile bad = example();
  bad.tensors[1].name = "\xff";
  EXPECT_THROW(save_safetensors(folder / "a", bad), ValueError);
  EXPECT_EQ(read_file(folder / "a"), before);
}

TEST(SafetensorsErrors, Lengths) {
  EXPECT_EQ(error_of("1234"),
            "f: the file ends early (byte 4): expected 8 bytes with the length of the header");
  EXPECT_EQ(error_of(std::string("\x09\0\0\0\0\0\0\0{}", 10)),
            "f: a header of 9 bytes (byte 0): expected at most 2");
  EXPECT_EQ(error_of(std::string(8, '\xff')),
            "f: a header of 18446744073709551615 bytes (byte 0): expected at most 0");
  EXPECT_EQ(error_of(std::string(8, '\0')), "f: no header (byte 8): expected '{'");
  EXPECT_EQ(error_of(file_of(" {}")), "f: no header (byte 8): expected '{'");
  std::string large(100'000'009 + 8, ' ');
  const std::uint64_t header = 100'000'001;
  std::memcpy(large.data(), &header, 8);
  EXPECT_EQ(error_of(large), "f: a header of 100000001 bytes (byte 0): expected at most 100000000");
}

TEST(SafetensorsErrors, Json) {
  EXPECT_EQ(error_of(file_of("{")), "f: the header is damaged (byte 8): expected JSON");
  EXPECT_EQ(error_of(file_of("{}}")), "f: the header is damaged (byte 10): expected JSON");
  EXPECT_EQ(error_of(file_of("{\"\xff\":{}}")),
            "f: the header is damaged (byte 10): expected JSON");
  EXPECT_EQ(error_of(file_of("{\"w\":1}")), "f: \"w\" has a number (byte 13): expected an object");
  EXPECT_EQ(error_of(file_of("{\"w\":[[[[")), "f: \"w\" has a list (byte 13): expected an object");
  EXPECT_EQ(error_of(file_of("{\"w\":{\"shape\":[1e999")),
            "f: the header is damaged (byte 27): expected JSON");
  EXPECT_EQ(error_of(file_of("{\"w\":{\"shape\":[1e999]}}")),
            "f: the header is damaged (byte 27): expected JSON");
  EXPECT_EQ(error_of(file_of("{\"two\nlines\":null}")),
            "f: the header is damaged (byte 13): expected JSON");
}

// Only spaces may stand behind the header: a parser of JSON would stop at a byte 0.
TEST(SafetensorsErrors, WhatStandsBehindTheHeader) {
  const std::string header = R"({"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})";
  const auto with = [&](const std::string& behind) { return file_of(header + behind, "x"); };
  for (const char* behind : {"", " ", "       "}) {
    EXPECT_EQ(decode_safetensors(bytes_of(with(behind)), "f").tensors.size(), 1U);
  }
  using namespace std::string_literals;
  for (const std::string& behind :
       {"\0"s, "\0junk"s, " \0 "s, "\n"s, "\t"s, "\r"s, " \n"s, " \0{}"s}) {
    const std::size_t byte = 8 + header.size() + (behind[0] == ' ' ? 1 : 0);
    EXPECT_EQ(error_of(with(behind)), str("f: something stands behind the header (byte ", byte,
                                          "): expected spaces (20) only"));
  }
  EXPECT_EQ(error_of(with("junk")),
            str("f: the header is damaged (byte ", 8 + header.size(), "): expected JSON"));
  EXPECT_EQ(error_of(file_of("{\0}"s)), "f: the header is damaged (byte 9): expected JSON");
}

TEST(SafetensorsErrors, Metadata) {
  EXPECT_EQ(error_of(file_of(R"({"__metadata__":[]})")),
            "f: \"__metadata__\" has a list (byte 24): expected an object");
  EXPECT_EQ(error_of(file_of(R"({"__metadata__":{"k":true}})")),
            "f: \"k\" has a truth value (byte 32): expected a text");
  EXPECT_EQ(error_of(file_of(R"({"__metadata__":{"k":{}}})")),
            "f: \"k\" has an object (byte 29): expected a text");
  EXPECT_EQ(error_of(file_of(R"({"__metadata__":{"k":"1","k":"2"}})")),
            "f: \"k\" stands twice (byte 35): expected different names");
}

TEST(SafetensorsErrors, Fields) {
  EXPECT_EQ(error_of_entry(R"("dtype":"BF16")"),
            "f: \"w\" has dtype \"BF16\" (byte 27): expected F32, F64, I32, I64 or U8");
  EXPECT_EQ(error_of_entry(R"("dtype":"a\u0000b")"),
            "f: \"w\" has dtype \"a?b\" (byte 31): expected F32, F64, I32, I64 or U8");
  EXPECT_EQ(error_of_entry(R"("dtype":["F32"])"),
            "f: \"dtype\" has a list (byte 22): expected a text");
  EXPECT_EQ(error_of_entry(R"("shape":"2")"),
            "f: \"shape\" has a text (byte 24): expected a list of whole numbers");
  EXPECT_EQ(error_of_entry(R"("shape":[-1])"),
            "f: \"shape\" has a negative number (byte 24): expected a whole number");
  EXPECT_EQ(error_of_entry(R"("shape":[1.0])"),
            "f: \"shape\" has a fraction (byte 25): expected a whole number");
  EXPECT_EQ(error_of_entry(R"("shape":[[1]])"),
            "f: \"shape\" has a list (byte 23): expected a whole number");
  EXPECT_EQ(error_of_entry(R"("shape":[9223372036854775808])"),
            "f: extent 9223372036854775808 (byte 41): expected less than 2^63");
  EXPECT_EQ(error_of_entry(R"("shape":[1,1,1,1,1,1,1,1,1])"),
            "f: \"w\" has too many axes (byte 39): expected at most 8");
  EXPECT_EQ(error_of_entry(R"("data_offsets":[1])"),
            "f: a data offset is missing (byte 31): expected [begin, end]");
  EXPECT_EQ(error_of_entry(R"("data_offsets":[1,2,3])"),
            "f: a third data offset (byte 34): expected [begin, end]");
  EXPECT_EQ(error_of_entry(R"("dtype":"U8","dtype":"U8")"),
            "f: \"dtype\" stands twice (byte 33): expected different names");
  EXPECT_EQ(error_of_entry(R"("kind":"U8")"),
            "f: \"w\" has a field \"kind\" (byte 19): expected dtype, shape and data_offsets");
  EXPECT_EQ(error_of_entry(R"("dtype":"U8","shape":[])"),
            "f: \"w\" is not complete (byte 37): expected dtype, shape and data_offsets");
}

TEST(SafetensorsErrors, Places) {
  EXPECT_EQ(error_of_entry(R"("dtype":"U8","shape":[2],"data_offsets":[1,0])"),
            "f: \"w\" has data_offsets [1, 0] (byte 13): expected begin <= end <= 0, the bytes "
            "behind the header");
  EXPECT_EQ(error_of_entry(R"("dtype":"U8","shape":[2],"data_offsets":[0,2])", "1"),
            "f: \"w\" has data_offsets [0, 2] (byte 13): expected begin <= end <= 1, the bytes "
            "behind the header");
  EXPECT_EQ(error_of_entry(R"("dtype":"F32","shape":[2],"data_offsets":[0,2])", "12"),
            "f: \"w\" has 2 bytes (byte 13): expected 8 for f32[2]");
  EXPECT_EQ(error_of_entry(R"("dtype":"F64","shape":[4611686018427387904,4],"data_offsets":[0,0])"),
            "f: \"w\" has shape [4611686018427387904, 4] (byte 13): expected less than 2^63 bytes");
  EXPECT_EQ(error_of_entry(R"("dtype":"U8","shape":[1],"data_offsets":[0,1])", "123"),
            "f: 2 bytes belong to no tensor (byte 62): expected the end of the file");
}

// The JSON parser gives what does not fit into 64 bits as a fraction.
TEST(SafetensorsErrors, NumbersBeyond64Bits) {
  EXPECT_EQ(error_of_entry(R"("data_offsets":[0,18446744073709551616])"),
            "f: \"data_offsets\" has \"18446744073709551616\" (byte 51): expected less than 2^63");
  EXPECT_EQ(error_of_entry(R"("shape":[100000000000000000000])"),
            "f: \"shape\" has \"100000000000000000000\" (byte 43): expected less than 2^63");
  EXPECT_EQ(error_of_entry(R"("shape":[-9223372036854775809])"),
            "f: \"shape\" has a negative number (byte 42): expected a whole number");
  EXPECT_EQ(error_of_entry(R"("data_offsets":[0,18446744073709551615])"),
            "f: \"w\" is not complete (byte 53): expected dtype, shape and data_offsets");
}

TEST(SafetensorsErrors, OverlapAndGap) {
  const auto two = [](const std::string& offsets) {
    return error_of(file_of(R"({"v":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                            R"("w":{"dtype":"U8","shape":[2],"data_offsets":)" +
                                offsets + "}}",
                            "12345"));
  };
  EXPECT_EQ(two("[1,3]"),
            "f: \"w\" begins at data offset 1, inside another tensor (byte 65): expected 2, where "
            "the tensor before it ends");
  EXPECT_EQ(
      two("[3,5]"),
      "f: \"w\" begins at data offset 3, behind a gap (byte 65): expected 2, where the tensor "
      "before it ends");
}

TEST(SafetensorsErrors, DuplicateNames) {
  EXPECT_EQ(error_of(file_of(R"({"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"w":)")),
            "f: \"w\" stands twice (byte 63): expected different names");
  EXPECT_EQ(error_of(file_of(R"({"__metadata__":{},"__metadata__":{}})")),
            "f: \"__metadata__\" stands twice (byte 40): expected different names");
}

// Every prefix of a file, and every file with one byte changed, is read or refused.
TEST(SafetensorsErrors, DamageIsNeverWorseThanAnError) {
  const auto whole = encode_safetensors(example());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(decode_safetensors(std::span(whole).first(size), "f"), FileError) << size;
  }
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const int change : {1, 2, 0x80, 0xff}) {
      auto bytes = whole;
      bytes[i] ^= static_cast<std::byte>(change);
      try {
        decode_safetensors(bytes, "f");
      } catch (const FileError&) {
      }
    }
  }
}

TEST(SafetensorsErrors, NameTheFile) {
  const Folder folder;
  write_file_atomically(folder / "a", bytes_of("12345678"));
  EXPECT_EQ(message_of<FileError>([&] { load_safetensors(folder / "a"); }).find(folder / "a: "),
            0U);
}

TEST(SafetensorsErrors, CorpusIsReadOrRefused) {
  int read = 0;
  int refused = 0;
  for (const std::string& path : test::corpus("safetensors")) {
    SCOPED_TRACE(path);
    try {
      load_safetensors(path);
      ++read;
    } catch (const Error& error) {
      EXPECT_EQ(std::string_view(error.what()).find('\n'), std::string_view::npos);
      ++refused;
    }
  }
  EXPECT_GE(read, 5);
  EXPECT_GE(refused, 20);
}

// Types that nabla does not have, as other programs write them.
TEST(Safetensors, AnyFileIsListedAndReadByName) {
  const std::string header = R"({"__metadata__":{"format":"pt"},)"
                             R"("half":{"dtype":"F16","shape":[5],"data_offsets":[0,10]},)"
                             R"("brain":{"dtype":"BF16","shape":[2],"data_offsets":[10,14]},)"
                             R"("flags":{"dtype":"BOOL","shape":[2,1],"data_offsets":[14,16]},)"
                             R"("small":{"dtype":"I8","shape":[2],"data_offsets":[16,18]},)"
                             R"("short":{"dtype":"U16","shape":[1],"data_offsets":[18,20]},)"
                             R"("count":{"dtype":"U32","shape":[1],"data_offsets":[20,24]},)"
                             R"("packed":{"dtype":"F4","shape":[4],"data_offsets":[24,26]},)"
                             R"("w":{"dtype":"F32","shape":[],"data_offsets":[26,30]}})";
  using namespace std::string_view_literals;
  // 1, -2, 65504, 2^-24 and infinity; 1 and -3.140625; -1 and 127; 65535; 2^32 - 1; 0.5.
  const std::string data(
      "\x00\x3c\x00\xc0\xff\x7b\x01\x00\x00\x7c"
      "\x80\x3f\x49\xc0"
      "\x01\x00"
      "\xff\x7f"
      "\xff\xff"
      "\xff\xff\xff\xff"
      "\x12\x34"
      "\x00\x00\x00\x3f"sv);
  const std::vector<std::byte> bytes = bytes_of(file_of(header, data));
  const TensorList list = list_safetensors(bytes, "f");
  EXPECT_EQ(list.metadata.at("format"), "pt");
  std::string text;
  for (const TensorEntry& entry : list.tensors) {
    text += str(entry.name, " ", entry.dtype, entry.shape, " ");
  }
  EXPECT_EQ(text,
            "half F16[5] brain BF16[2] flags BOOL[2, 1] small I8[2] short U16[1] count U32[1] "
            "packed F4[4] w F32[] ");

  constexpr double infinity = std::numeric_limits<double>::infinity();
  const std::vector<std::tuple<std::string, Spec, std::vector<double>>> cases = {
      {"half", {DType::f32, {5}}, {1, -2, 65504, 0x1p-24, infinity}},
      {"brain", {DType::f32, {2}}, {1, -3.140625}},
      {"flags", {DType::u8, {2, 1}}, {1, 0}},
      {"small", {DType::i32, {2}}, {-1, 127}},
      {"short", {DType::i32, {1}}, {65535}},
      {"count", {DType::i64, {1}}, {4294967295}},
      {"w", {DType::f32, {}}, {0.5}},
  };
  const Folder folder;
  write_file_atomically(folder / "f", bytes);
  for (const auto& [name, spec, values] : cases) {
    const Tensor tensor = load_tensor(folder / "f", name);
    EXPECT_EQ(tensor.spec(), spec) << name;
    EXPECT_EQ(tensor.to_doubles(), values) << name;
  }
  EXPECT_EQ(
      message_of<FileError>([&] { decode_tensor(bytes, "f", "hlaf"); }),
      "f: no tensor \"hlaf\"; did you mean \"half\"? known: half, brain, flags, small, short, "
      "count, packed, w");
  EXPECT_TRUE(message_of<FileError>([&] {
                decode_tensor(bytes, "f", "packed");
              }).starts_with("f: tensor \"packed\" has dtype F4: expected F32, "));
  EXPECT_EQ(message_of<FileError>([&] {
              list_safetensors(
                  bytes_of(file_of(R"({"w":{"dtype":"X9","shape":[],"data_offsets":[0,0]}})")),
                  "f");
            }),
            "f: \"w\" has dtype \"X9\" (byte 25): expected one that the format has");
}

}  // namespace
}  // namespace nabla
