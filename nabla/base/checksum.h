/// Checksums: they find damage, not malice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace nabla {

/// CRC-32, as in gzip, of the bytes; `before` is that of bytes in front of them.
std::uint32_t crc32(std::span<const std::byte> bytes, std::uint32_t before = 0);

}  // namespace nabla
