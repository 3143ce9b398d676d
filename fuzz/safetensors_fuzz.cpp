/// Whatever the bytes, the safetensors reader throws nabla::Error, or gives tensors which, written
/// and read again, are the same.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "nabla/base/error.h"
#include "nabla/io/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  nabla::TensorFile file;
  try {
    file = nabla::decode_safetensors(std::as_bytes(std::span(data, size)), "fuzz");
  } catch (const nabla::Error&) {
    return 0;
  }
  const auto bytes = nabla::encode_safetensors(file);
  if (nabla::encode_safetensors(nabla::decode_safetensors(bytes, "again")) != bytes) std::abort();
  return 0;
}
