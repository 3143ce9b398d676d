/// The safetensors format: named tensors and text in one file (huggingface.co/docs/safetensors).
///
/// A file is the length of its header (8 bytes, little-endian), the header (JSON: of each tensor
/// its dtype, shape and place; under "__metadata__" a map of texts), and the tensors' bytes.
/// ```cpp
/// const Tensor x = Tensor::from({1.0F, 2.0F}, {2});
/// save_safetensors("file.safetensors", {.tensors = {{"x", x}}, .metadata = {{"made by", "me"}}});
/// const TensorFile file = load_safetensors("file.safetensors");
/// file.tensors[0].name;         // "x"
/// file.tensors[0].value;        // [1, 2]
/// file.metadata.at("made by");  // "me"
/// ```
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nabla/tensor/tensor.h"

namespace nabla {

/// A tensor of a file.
struct NamedTensor {
  std::string name;
  Tensor value;
};

/// What a safetensors file holds. The names differ; their order is kept.
struct TensorFile {
  std::vector<NamedTensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// The bytes of a file; the same for the same content. Every tensor is aligned to its element size.
/// Throws ValueError where names repeat or are not UTF-8.
std::vector<std::byte> encode_safetensors(const TensorFile& file);

/// The tensors and metadata in the bytes of a file. Throws FileError, which starts with `source` (a
/// path) and names the byte, where the bytes are damaged, hold a dtype other than F32, F64, I32,
/// I64 and U8, or a tensor with more than eight axes. Takes about as much memory as the bytes.
TensorFile decode_safetensors(std::span<const std::byte> bytes, std::string_view source);

/// What a file says of one tensor, whose element type nabla may not have.
struct TensorEntry {
  std::string name;
  std::string dtype;  ///< as the format calls it: "F32", "BF16", "BOOL", ...
  Shape shape;
};
/// What the header of a file lists, of any type that the format has.
struct TensorList {
  std::vector<TensorEntry> tensors;  ///< in the order of the header
  std::map<std::string, std::string> metadata;
};

/// What is in the bytes of any safetensors file, whoever wrote it. Throws FileError, as
/// decode_safetensors does, but knows all element types of the format.
TensorList list_safetensors(std::span<const std::byte> bytes, std::string_view source);

/// One tensor of any safetensors file, by its name. What nabla does not have becomes the next wider
/// type: F16 and BF16 f32, BOOL u8, I8, I16 and U16 i32, U32 i64. Throws FileError where there is
/// no tensor of that name, or its type is yet another.
Tensor decode_tensor(std::span<const std::byte> bytes, std::string_view source,
                     std::string_view name);

/// Reads one tensor of a file. Throws what `read_file` and `decode_tensor` throw.
Tensor load_tensor(const std::string& path, std::string_view name);

/// Writes a file atomically. Throws what `encode_safetensors` and `write_file_atomically` throw.
void save_safetensors(const std::string& path, const TensorFile& file);

/// Reads a file. Throws what `read_file` and `decode_safetensors` throw.
TensorFile load_safetensors(const std::string& path);

}  // namespace nabla
