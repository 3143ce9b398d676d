/// The safetensors format: named tensors and text in one file (huggingface.co/docs/safetensors).
///
/// A file is the length of its header (8 bytes, little-endian), the header (JSON: of each tensor
/// its dtype, shape and place; under "__metadata__" a map of texts), and the tensors' bytes.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nabla/tensor/tensor.h"

#pragma GCC visibility push(hidden)
namespace nabla {

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

/// Writes a file atomically. Throws what `encode_safetensors` and `write_file_atomically` throw.
void save_safetensors(const std::string& path, const TensorFile& file);

/// Reads a file. Throws what `read_file` and `decode_safetensors` throw.
TensorFile load_safetensors(const std::string& path);

}  // namespace nabla
#pragma GCC visibility pop
