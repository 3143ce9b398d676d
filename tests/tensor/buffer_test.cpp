#include "nabla/tensor/buffer.h"

#include <gtest/gtest.h>

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace nabla {
namespace {

TEST(Buffer, IsAlignedAndLargeEnough) {
  for (const std::size_t bytes : {0U, 1U, 63U, 64U, 65U, 1000U, 70000U}) {
    const BufferRef buffer = Buffer::allocate(bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer->data()) % 64, 0U);
    EXPECT_EQ(buffer->bytes(), bytes);
    std::memset(buffer->data(), 1, bytes);  // the address sanitizer looks
  }
}

#ifndef __SANITIZE_ADDRESS__  // which keeps freed memory from being used again
TEST(Buffer, MemoryIsUsedAgain) {
  const std::byte* address = Buffer::allocate(5000)->data();
  EXPECT_EQ(Buffer::allocate(5000)->data(), address);
  const BufferRef first = Buffer::allocate(5000);
  EXPECT_NE(Buffer::allocate(5000)->data(), first->data());
}
#endif

// What the system knows of the memory at an address: its flags, such as "rd wr hg".
std::string flags_of_memory(const std::byte* address) {
  std::ifstream maps("/proc/self/smaps");
  bool is_here = false;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t first = 0;
    std::uintptr_t last = 0;
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " ", &first, &last) == 2) {
      const auto here = reinterpret_cast<std::uintptr_t>(address);
      is_here = first <= here && here < last;
    } else if (is_here && line.rfind("VmFlags:", 0) == 0) {
      return line;
    }
  }
  return "";
}

TEST(Buffer, LargeOnesAskForHugePages) {
  const BufferRef buffer = Buffer::allocate(std::size_t{64} << 20);
  const std::string flags = flags_of_memory(buffer->data() + (std::size_t{32} << 20));
  if (flags.empty() || !std::filesystem::exists("/sys/kernel/mm/transparent_hugepage")) {
    GTEST_SKIP() << "this system has no huge pages, or does not tell";
  }
  EXPECT_NE(flags.find(" hg"), std::string::npos) << flags;
}

TEST(Buffer, CountsReferences) {
  BufferRef a = Buffer::allocate(8);
  EXPECT_TRUE(a.unique());
  {
    const BufferRef b = a;
    EXPECT_FALSE(a.unique());
    EXPECT_EQ(b.get(), a.get());
  }
  EXPECT_TRUE(a.unique());
  const BufferRef moved = std::move(a);
  EXPECT_TRUE(moved.unique());
  EXPECT_FALSE(static_cast<bool>(a));  // NOLINT(bugprone-use-after-move)
  BufferRef& alias = const_cast<BufferRef&>(moved);
  alias = moved;
  EXPECT_TRUE(moved.unique());
}

TEST(Buffer, APartKeepsItsOwnerAlive) {
  BufferRef owner = Buffer::allocate(256);
  std::memset(owner->data(), 7, 256);
  const std::byte* address = owner->data();
  BufferRef part = Buffer::part_of(owner, 64, 128);
  EXPECT_EQ(part->data(), address + 64);
  EXPECT_EQ(part->bytes(), 128U);
  EXPECT_FALSE(owner.unique());
  owner = {};
  EXPECT_NE(Buffer::allocate(256)->data(), address);  // not given back yet
  EXPECT_EQ(part->data()[127], std::byte{7});
  part = {};
#ifndef __SANITIZE_ADDRESS__
  EXPECT_EQ(Buffer::allocate(256)->data(), address);
#endif
}

// Who shares a part gets a copy; the memory itself stays where it is.
TEST(Buffer, LeavingAPart) {
  const BufferRef owner = Buffer::allocate(64);
  std::memset(owner->data(), 1, 64);
  const BufferRef part = Buffer::part_of(owner, 0, 64);
  const BufferRef shared = part;
  part->leave();
  EXPECT_NE(part->data(), owner->data());
  EXPECT_EQ(shared->data(), part->data());
  EXPECT_TRUE(owner.unique());
  std::memset(owner->data(), 2, 64);
  EXPECT_EQ(part->data()[0], std::byte{1});
}

// Memory may be given back on another thread than it came from, and after that thread's pool.
TEST(Buffer, CrossesThreads) {
  std::vector<BufferRef> made;
  std::thread([&] {
    for (int i = 0; i < 100; ++i) made.push_back(Buffer::allocate(100));
  }).join();
  for (const BufferRef& buffer : made) std::memset(buffer->data(), 3, 100);
  std::thread([&] { made.clear(); }).join();
  EXPECT_TRUE(made.empty());
}

}  // namespace
}  // namespace nabla
