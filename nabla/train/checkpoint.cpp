#include "nabla/train/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "nabla/base/checksum.h"
#include "nabla/base/error.h"
#include "nabla/base/file.h"
#include "nabla/base/text.h"

namespace nabla {
namespace {

constexpr std::string_view format_name = "nabla checkpoint";
constexpr int format_version = 1;
// In the header. Quotes inside of other texts have a backslash in front: it stands there once.
constexpr std::string_view checksum_key = "\"checksum\":\"";
// What stands where the checksum comes, while it is computed.
constexpr std::string_view no_checksum = "crc32:--------";

std::string checksum_of(std::span<const std::byte> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text = "crc32:";
  const std::uint32_t sum = crc32(bytes);
  for (int shift = 28; shift >= 0; shift -= 4) text += digits[sum >> shift & 15];
  return text;
}

// Where the checksum stands; npos: nowhere.
std::size_t place_of(std::string_view checksum, std::span<const std::byte> bytes) {
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  const std::size_t key =
      std::string_view(text, bytes.size()).find(str(checksum_key, checksum, "\""));
  return key == std::string_view::npos ? key : key + checksum_key.size();
}

}  // namespace

std::vector<std::byte> encode_checkpoint(TensorFile file) {
  file.metadata["format"] = format_name;
  file.metadata["format_version"] = std::to_string(format_version);
  file.metadata["checksum"] = no_checksum;
  std::vector<std::byte> bytes = encode_safetensors(file);
  const std::string checksum = checksum_of(bytes);
  std::memcpy(bytes.data() + place_of(no_checksum, bytes), checksum.data(), checksum.size());
  return bytes;
}

TensorFile decode_checkpoint(std::span<const std::byte> bytes, const std::string& source) {
  TensorFile file = decode_safetensors(bytes, source);
  if (file.metadata["format"] != format_name) {
    throw FileError(str(source, ": is no checkpoint: expected a file that a training run left"));
  }
  const std::string& version = file.metadata["format_version"];
  int number = 0;
  const auto [end, error] =
      std::from_chars(version.data(), version.data() + version.size(), number);
  if (error != std::errc() || number < 1 || number > format_version) {
    throw FileError(str(source, ": is a checkpoint of version ", quote(version),
                        ": this program reads up to ", format_version,
                        "; take the nabla that wrote it, or a newer one"));
  }
  const std::string checksum = file.metadata["checksum"];
  std::vector<std::byte> unsigned_bytes(bytes.begin(), bytes.end());
  const std::size_t place = place_of(checksum, bytes);
  if (checksum.size() == no_checksum.size() && place != std::string_view::npos) {
    std::memcpy(unsigned_bytes.data() + place, no_checksum.data(), no_checksum.size());
    if (checksum_of(unsigned_bytes) == checksum) return file;
  }
  throw FileError(str(source, ": the checksum ", quote(checksum),
                      " does not fit the bytes: the file is damaged; take an older copy"));
}

TensorFile load_checkpoint(const std::string& path) {
  return decode_checkpoint(read_file(path), path);
}

}  // namespace nabla
