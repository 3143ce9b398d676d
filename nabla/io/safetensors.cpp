#include "nabla/io/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <set>

#include "nabla/base/error.h"
#include "nabla/base/file.h"
#include "nabla/base/suggest.h"
#include "nabla/base/text.h"

namespace nabla {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr std::size_t prefix = 8;                    // bytes of the header's length
constexpr std::size_t longest_header = 100'000'000;  // the format's own limit
constexpr std::string_view metadata_name = "__metadata__";

// An element type of the format. Those of nabla come first, in order of DType.
struct FormatType {
  std::string_view name;
  std::size_t bits;
};
constexpr std::array<FormatType, 21> format_types = {
    {{"F32", 32},    {"F64", 64},    {"I32", 32},        {"I64", 64},    {"U8", 8},
     {"F16", 16},    {"BF16", 16},   {"BOOL", 8},        {"I8", 8},      {"I16", 16},
     {"U16", 16},    {"U32", 32},    {"U64", 64},        {"C64", 64},    {"F8_E5M2", 8},
     {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F6_E2M3", 6}, {"F6_E3M2", 6},
     {"F4", 4}}};
constexpr std::size_t own_types = std::size(all_dtypes);

// What the header says of one tensor.
struct HeaderEntry {
  std::string name;
  std::size_t byte = 0;  // of the file, where the entry begins
  std::size_t type = 0;  // of format_types
  Shape shape{};
  std::vector<std::uint64_t> offsets{};  // begin and end, counted from the end of the header
};

struct Header {
  std::vector<HeaderEntry> entries;
  std::map<std::string, std::string> metadata;
};

[[noreturn]] void fail(std::string_view source, std::string_view what, std::size_t byte,
                       std::string_view expected) {
  throw FileError(str(source, ": ", what, " (byte ", byte, "): expected ", expected));
}

// An iterator over the header for the JSON parser, which shows how far the parser has read.
struct Cursor {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  reference operator*() const { return *next; }
  Cursor& operator++() {
    *read = ++next;
    return *this;
  }
  bool operator==(const Cursor& other) const { return next == other.next; }
  bool operator!=(const Cursor& other) const { return next != other.next; }

  const char* next;
  const char** read;
};

// Takes the header from the JSON parser token by token: whatever is not expected is refused before
// it is stored, so neither depth nor memory can grow beyond that of a header.
class HeaderParser {
 public:
  // `types`: how many of format_types are read.
  HeaderParser(std::span<const std::byte> file, std::string_view source, std::size_t types)
      : begin_(reinterpret_cast<const char*>(file.data())),
        read_(begin_),
        source_(source),
        types_(types) {}

  Header parse(std::size_t header_size) {
    read_ = begin_ + prefix;
    const Cursor end{read_ + header_size, &read_};
    nlohmann::json::sax_parse(Cursor{read_, &read_}, end, this);
    // The parser stops at a byte 0, and takes more than spaces for white space.
    for (read_ = behind_; read_ != end.next;) {
      if (*read_++ != ' ') fail_here("something stands behind the header", "spaces (20) only");
    }
    return std::move(header_);
  }

  // The parser calls the functions from here on; each throws or returns true.

  bool null() { unexpected("null"); }
  bool boolean(bool) { unexpected("a truth value"); }
  bool number_integer(std::int64_t) {
    step_back_to_number();
    unexpected("a negative number");
  }
  // Also called for whole numbers that need more than 64 bits.
  bool number_float(double, const std::string& text) {
    step_back_to_number();
    if (text.find_first_not_of("-0123456789") != std::string::npos) unexpected("a fraction");
    if (text[0] == '-') unexpected("a negative number");
    if (level_ != Level::list) unexpected("a number");
    fail_here(str(quote(key_), " has ", quote(text)), "less than 2^63");
  }
  bool binary(const nlohmann::json::binary_t&) { unexpected("bytes"); }

  bool number_unsigned(std::uint64_t value) {
    const char* const read = read_;
    step_back_to_number();
    take_number(value);
    read_ = read;
    return true;
  }

  bool string(std::string& text) {
    if (level_ == Level::metadata) {
      header_.metadata[key_] = std::move(text);
      return true;
    }
    if (level_ != Level::tensor || key_ != "dtype") unexpected("a text");
    const auto known = std::span(format_types).first(types_);
    const auto found = std::ranges::find(known, text, &FormatType::name);
    if (found == known.end()) {
      fail_here(str(quote(entry().name), " has dtype ", quote(text)),
                types_ == own_types ? "F32, F64, I32, I64 or U8" : "one that the format has");
    }
    entry().type = static_cast<std::size_t>(found - known.begin());
    return true;
  }

  bool start_object(std::size_t) {
    if (level_ == Level::file) {
      level_ = Level::header;
    } else if (level_ != Level::header) {
      unexpected("an object");
    } else if (key_ == metadata_name) {
      level_ = Level::metadata;
    } else {
      level_ = Level::tensor;
      keys_[level_].clear();
      header_.entries.push_back({.name = key_, .byte = byte()});
    }
    return true;
  }

  bool key(std::string& text) {
    if (!keys_[level_].insert(text).second) {
      fail_here(str(quote(text), " stands twice"), "different names");
    }
    if (level_ == Level::tensor && text != "dtype" && text != "shape" && text != "data_offsets") {
      fail_here(str(quote(entry().name), " has a field ", quote(text)), fields);
    }
    key_ = std::move(text);
    return true;
  }

  bool end_object() {
    if (level_ == Level::tensor && keys_[level_].size() < 3) {
      fail_here(str(quote(entry().name), " is not complete"), fields);
    }
    if (level_ == Level::header) behind_ = read_;
    level_ = level_ == Level::header ? Level::file : Level::header;
    return true;
  }

  bool start_array(std::size_t) {
    if (level_ != Level::tensor || key_ == "dtype") unexpected("a list");
    level_ = Level::list;
    return true;
  }

  bool end_array() {
    if (key_ == "data_offsets" && entry().offsets.size() < 2) {
      fail_here("a data offset is missing", "[begin, end]");
    }
    level_ = Level::tensor;
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& error) {
    constexpr int number_out_of_range = 406;
    if (error.id == number_out_of_range) step_back_to_number();
    fail_here("the header is damaged", "JSON");
  }

 private:
  enum class Level { file, header, metadata, tensor, list };
  static constexpr std::string_view fields = "dtype, shape and data_offsets";

  HeaderEntry& entry() { return header_.entries.back(); }
  void take_number(std::uint64_t value) {
    if (level_ != Level::list) unexpected("a number");
    if (key_ == "data_offsets") {
      if (entry().offsets.size() == 2) fail_here("a third data offset", "[begin, end]");
      entry().offsets.push_back(value);
      return;
    }
    if (entry().shape.rank() == max_rank) {
      fail_here(str(quote(entry().name), " has too many axes"), str("at most ", max_rank));
    }
    if (value > INT64_MAX) fail_here(str("extent ", value), "less than 2^63");
    entry().shape.push_back(static_cast<std::int64_t>(value));
  }

  // Of a number the parser reads one byte more to see its end, unless the header ends there.
  void step_back_to_number() {
    if (read_[-1] < '0' || read_[-1] > '9') --read_;
  }
  // The last byte that the parser has read.
  std::size_t byte() const { return static_cast<std::size_t>(read_ - begin_) - 1; }

  [[noreturn]] void fail_here(std::string_view what, std::string_view expected) const {
    fail(source_, what, byte(), expected);
  }

  [[noreturn]] void unexpected(std::string_view found) const {
    std::string_view expected = "a whole number";
    if (level_ == Level::header) expected = "an object";
    if (level_ == Level::metadata) expected = "a text";
    if (level_ == Level::tensor) expected = key_ == "dtype" ? "a text" : "a list of whole numbers";
    fail_here(str(quote(key_), " has ", found), expected);
  }

  const char* begin_;             // of the file
  const char* read_;              // where the parser is
  const char* behind_ = nullptr;  // the header's last brace
  std::string_view source_;
  std::size_t types_;
  Header header_;
  Level level_ = Level::file;
  std::string key_;                              // the last one
  std::map<Level, std::set<std::string>> keys_;  // of the object that is open on each level
};

// "f32" for a type that nabla has, "BF16" for another.
std::string type_text(const HeaderEntry& entry) {
  if (entry.type < own_types) return std::string(name_of(static_cast<DType>(entry.type)));
  return std::string(format_types.at(entry.type).name);
}

// The bytes of a tensor; none for 2^63 or more.
std::optional<std::int64_t> bytes_of(const HeaderEntry& entry) {
  constexpr std::size_t byte = 8;
  const std::size_t bits = format_types.at(entry.type).bits;
  if (bits >= byte) return checked_bytes(entry.shape, bits / byte);
  const auto elements = checked_bytes(entry.shape, 1);
  if (!elements) return {};
  const auto narrow = static_cast<std::int64_t>(bits);
  return *elements / 8 * narrow + *elements % 8 * narrow / 8;
}

// Throws where the entries' bytes are not as many as their shapes need, or do not fill
// [0, data_size) without overlap or gap.
void check_places(const std::vector<HeaderEntry>& entries, std::size_t header_end,
                  std::size_t data_size, std::string_view source) {
  std::vector<const HeaderEntry*> by_place;
  for (const HeaderEntry& entry : entries) {
    const auto bytes = bytes_of(entry);
    const std::uint64_t begin = entry.offsets[0];
    const std::uint64_t end = entry.offsets[1];
    if (!bytes) {
      fail(source, str(quote(entry.name), " has shape ", entry.shape), entry.byte,
           "less than 2^63 bytes");
    }
    if (begin > end || end > data_size) {
      fail(source, str(quote(entry.name), " has data_offsets [", begin, ", ", end, "]"), entry.byte,
           str("begin <= end <= ", data_size, ", the bytes behind the header"));
    }
    if (end - begin != static_cast<std::uint64_t>(*bytes)) {
      fail(source, str(quote(entry.name), " has ", end - begin, " bytes"), entry.byte,
           str(*bytes, " for ", type_text(entry), entry.shape));
    }
    by_place.push_back(&entry);
  }
  std::ranges::stable_sort(by_place, {}, [](const HeaderEntry* entry) { return entry->offsets; });
  std::uint64_t filled = 0;
  for (const HeaderEntry* entry : by_place) {
    if (entry->offsets[0] != filled) {
      fail(source,
           str(quote(entry->name), " begins at data offset ", entry->offsets[0],
               entry->offsets[0] < filled ? ", inside another tensor" : ", behind a gap"),
           entry->byte, str(filled, ", where the tensor before it ends"));
    }
    filled = entry->offsets[1];
  }
  if (filled != data_size) {
    fail(source, str(data_size - filled, " bytes belong to no tensor"), header_end + filled,
         "the end of the file");
  }
}

// A file whose header was read, and whose tensors have their places.
struct Contents {
  Header header;
  std::span<const std::byte> data;

  std::span<const std::byte> part(const HeaderEntry& entry) const {
    return data.subspan(entry.offsets[0], entry.offsets[1] - entry.offsets[0]);
  }
};

Contents read_contents(std::span<const std::byte> bytes, std::string_view source,
                       std::size_t types) {
  if (bytes.size() < prefix) {
    fail(source, "the file ends early", bytes.size(), "8 bytes with the length of the header");
  }
  std::uint64_t header_size = 0;
  std::memcpy(&header_size, bytes.data(), prefix);
  const std::size_t most = std::min(bytes.size() - prefix, longest_header);
  if (header_size > most) {
    fail(source, str("a header of ", header_size, " bytes"), 0, str("at most ", most));
  }
  if (header_size == 0 || bytes[prefix] != std::byte{'{'}) {
    fail(source, "no header", prefix, "'{'");
  }
  Header header = HeaderParser(bytes, source, types).parse(static_cast<std::size_t>(header_size));
  const std::size_t header_end = prefix + static_cast<std::size_t>(header_size);
  const std::span<const std::byte> data = bytes.subspan(header_end);
  check_places(header.entries, header_end, data.size(), source);
  return {std::move(header), data};
}

// The number of a half-precision float (IEEE 754 binary16).
float half_to_float(std::uint16_t bits) {
  constexpr int smallest = -24;  // the exponent of the smallest number
  const int exponent = bits >> 10 & 31;
  const int fraction = bits & 1023;
  const float sign = (bits & 0x8000) != 0 ? -1.0F : 1.0F;
  if (exponent == 31) {
    return fraction != 0 ? std::numeric_limits<float>::quiet_NaN()
                         : sign * std::numeric_limits<float>::infinity();
  }
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), smallest);
  return sign * std::ldexp(static_cast<float>(fraction + 1024), smallest + exponent - 1);
}

float bfloat_to_float(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

template <class From, class To>
Tensor widened(std::span<const std::byte> part, const Spec& spec, To (*convert)(From)) {
  Tensor value = Tensor::empty(spec);
  To* to = value.writable_data<To>();
  for (std::size_t at = 0; at + sizeof(From) <= part.size(); at += sizeof(From)) {
    From element;
    std::memcpy(&element, &part[at], sizeof(From));
    *to++ = convert(element);
  }
  return value;
}

template <class From, class To>
Tensor widened(std::span<const std::byte> part, const Spec& spec) {
  return widened<From, To>(part, spec, [](From element) { return static_cast<To>(element); });
}

// The tensor, whose bytes these are, as nabla has it.
Tensor value_of(const HeaderEntry& entry, std::span<const std::byte> part,
                std::string_view source) {
  const std::string_view type = format_types.at(entry.type).name;
  if (entry.type < own_types || type == "BOOL") {
    const DType dtype = type == "BOOL" ? DType::u8 : static_cast<DType>(entry.type);
    Tensor value = Tensor::empty({dtype, entry.shape});
    if (!part.empty()) std::memcpy(value.writable_bytes(), part.data(), part.size());
    return value;
  }
  const Spec floats{DType::f32, entry.shape};
  const Spec integers{DType::i32, entry.shape};
  if (type == "F16") return widened<std::uint16_t, float>(part, floats, half_to_float);
  if (type == "BF16") return widened<std::uint16_t, float>(part, floats, bfloat_to_float);
  if (type == "I8") return widened<std::int8_t, std::int32_t>(part, integers);
  if (type == "I16") return widened<std::int16_t, std::int32_t>(part, integers);
  if (type == "U16") return widened<std::uint16_t, std::int32_t>(part, integers);
  if (type == "U32") {
    return widened<std::uint32_t, std::int64_t>(part, {DType::i64, entry.shape});
  }
  throw FileError(str(source, ": tensor ", quote(entry.name), " has dtype ", type,
                      ": expected F32, F64, I32, I64, U8, F16, BF16, BOOL, I8, I16, U16 or U32"));
}

// Writes the elements in row-major order. Not by copy_elements, which needs the kernels: the
// fuzzers build the readers without them.
void write_elements(const Tensor& tensor, std::byte* to) {
  const std::byte* base = tensor.bytes();
  if (tensor.layout().is_contiguous()) {
    std::memcpy(to, base, tensor.spec().byte_count());
    return;
  }
  const std::size_t size = size_of(tensor.dtype());
  const std::int64_t first = tensor.layout().offset;
  for_each_offset(tensor.layout(), [&](std::int64_t offset) {
    std::memcpy(to, base + (offset - first) * static_cast<std::int64_t>(size), size);
    to += size;
  });
}

// A text in JSON.
std::string json(const std::string& text) {
  try {
    return nlohmann::json(text).dump();
  } catch (const nlohmann::json::exception&) {
    throw ValueError(str("safetensors: the text ", quote(text), " is not UTF-8"));
  }
}

void check_names(const std::vector<NamedTensor>& tensors) {
  std::set<std::string> names = {std::string(metadata_name)};
  for (const NamedTensor& tensor : tensors) {
    if (!names.insert(tensor.name).second) {
      throw ValueError(str("safetensors: the name ", quote(tensor.name),
                           " is taken: expected a different name for each tensor"));
    }
  }
}

// Where the bytes of each tensor begin, and last where all end. Large elements lie in front, so
// that each tensor is aligned to its element size.
std::vector<std::size_t> place(const std::vector<NamedTensor>& tensors) {
  std::vector<std::size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater(),
                           [&](std::size_t i) { return size_of(tensors[i].value.dtype()); });
  std::vector<std::size_t> begins(tensors.size() + 1);
  std::size_t end = 0;
  for (const std::size_t i : order) {
    begins[i] = end;
    end += tensors[i].value.spec().byte_count();
  }
  begins.back() = end;
  return begins;
}

std::string encode_header(const TensorFile& file, const std::vector<std::size_t>& begins) {
  std::vector<std::string> members;
  if (!file.metadata.empty()) {
    std::vector<std::string> texts;
    for (const auto& [key, text] : file.metadata) texts.push_back(json(key) + ':' + json(text));
    members.push_back(str('"', metadata_name, "\":{", join(texts, ","), '}'));
  }
  for (std::size_t i = 0; i < file.tensors.size(); ++i) {
    const auto& [name, value] = file.tensors[i];
    const std::string_view dtype = format_types.at(static_cast<std::size_t>(value.dtype())).name;
    members.push_back(str(json(name), R"(:{"dtype":")", dtype, R"(","shape":[)",
                          join(value.shape(), ","), R"(],"data_offsets":[)", begins[i], ',',
                          begins[i] + value.spec().byte_count(), "]}"));
  }
  std::string header = str('{', join(members, ","), '}');
  header.append((prefix - header.size() % prefix) % prefix, ' ');
  if (header.size() > longest_header) {
    throw ValueError(str("safetensors: names and metadata take ", header.size(),
                         " bytes: expected at most ", longest_header));
  }
  return header;
}

}  // namespace

std::vector<std::byte> encode_safetensors(const TensorFile& file) {
  check_names(file.tensors);
  const std::vector<std::size_t> begins = place(file.tensors);
  const std::string header = encode_header(file, begins);
  const std::uint64_t header_size = header.size();
  std::vector<std::byte> bytes;
  const std::size_t size = prefix + header.size() + begins.back();
  with_memory_for([] { return "a safetensors file"; }, size, [&] { bytes.resize(size); });
  std::memcpy(bytes.data(), &header_size, prefix);
  std::memcpy(bytes.data() + prefix, header.data(), header.size());
  std::byte* data = bytes.data() + prefix + header.size();
  for (std::size_t i = 0; i < file.tensors.size(); ++i) {
    write_elements(file.tensors[i].value, data + begins[i]);
  }
  return bytes;
}

TensorFile decode_safetensors(std::span<const std::byte> bytes, std::string_view source) {
  Contents contents = read_contents(bytes, source, own_types);
  TensorFile file{.tensors = {}, .metadata = std::move(contents.header.metadata)};
  file.tensors.reserve(contents.header.entries.size());
  for (HeaderEntry& entry : contents.header.entries) {
    Tensor value = Tensor::empty({static_cast<DType>(entry.type), entry.shape});
    const auto part = contents.part(entry);
    if (!part.empty()) std::memcpy(value.writable_bytes(), part.data(), part.size());
    file.tensors.push_back({std::move(entry.name), value});
  }
  return file;
}

TensorList list_safetensors(std::span<const std::byte> bytes, std::string_view source) {
  Contents contents = read_contents(bytes, source, format_types.size());
  TensorList list{.tensors = {}, .metadata = std::move(contents.header.metadata)};
  for (HeaderEntry& entry : contents.header.entries) {
    list.tensors.push_back({.name = std::move(entry.name),
                            .dtype = std::string(format_types.at(entry.type).name),
                            .shape = entry.shape});
  }
  return list;
}

Tensor decode_tensor(std::span<const std::byte> bytes, std::string_view source,
                     std::string_view name) {
  const Contents contents = read_contents(bytes, source, format_types.size());
  const auto& entries = contents.header.entries;
  const auto found = std::ranges::find(entries, name, &HeaderEntry::name);
  if (found != entries.end()) return value_of(*found, contents.part(*found), source);
  std::vector<std::string_view> names;
  names.reserve(entries.size());
  for (const HeaderEntry& entry : entries) names.push_back(entry.name);
  throw FileError(str(source, ": no tensor ", quote(name), suggestion(name, names)));
}

Tensor load_tensor(const std::string& path, std::string_view name) {
  return decode_tensor(read_file(path), path, name);
}

void save_safetensors(const std::string& path, const TensorFile& file) {
  write_file_atomically(path, encode_safetensors(file));
}

TensorFile load_safetensors(const std::string& path) {
  return decode_safetensors(read_file(path), path);
}

}  // namespace nabla
