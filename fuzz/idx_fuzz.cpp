/// Whatever the bytes, the IDX reader gives a tensor or throws nabla::Error.
#include <cstdint>
#include <span>

#include "nabla/base/error.h"
#include "nabla/data/idx.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    nabla::data::decode_idx(std::as_bytes(std::span(data, size)), "fuzz");
  } catch (const nabla::Error&) {
  }
  return 0;
}
