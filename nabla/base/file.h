/// Whole files: reading them into memory, and writing them so that a crash leaves no half.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace nabla {

/// The bytes of a file or a pipe. Throws FileError, with the system's reason, where it cannot be
/// read, is neither of the two (a folder, a device), or is longer than `limit` bytes.
std::vector<std::byte> read_file(const std::string& path, std::size_t limit = SIZE_MAX);

/// The bytes of standard input, up to its end: of a file, a pipe or a socket. Throws FileError,
/// which starts with "standard input", as read_file() does.
std::vector<std::byte> read_standard_input();

/// Makes `bytes` the content of the file at `path`: after a crash or an error the old or the new
/// content stands, whole. A symbolic link is followed and a file keeps its permissions. Folders are
/// not created. Throws FileError, with the system's reason, where the file cannot be written, is
/// no regular file, or is there with permissions that forbid to write it. What a killed process
/// left half-written in the folder is removed.
void write_file_atomically(const std::string& path, std::span<const std::byte> bytes);

struct FileContent {
  std::string path;
  std::span<const std::byte> bytes;
};
/// The same for several files, of which none takes its place before all are written: if one does
/// not fit on the disk, all stay what they were.
void write_files_atomically(std::span<const FileContent> files);

/// Throws FileError, with the system's reason, where no file of this path can be written.
void check_writable(const std::string& path);

}  // namespace nabla
