#include "nabla/base/file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "nabla/base/error.h"
#include "nabla/base/huge_pages.h"
#include "nabla/base/text.h"

namespace nabla {
namespace {

constexpr std::string_view cannot_read = "cannot read";
constexpr std::string_view cannot_write = "cannot write";

// Throws a FileError with the reason in `errno`.
[[noreturn]] void fail(const std::string& path, std::string_view what) {
  const int reason = errno;  // before anything else changes it
  throw FileError(str(path, ": ", what, ": ", std::generic_category().message(reason)));
}

[[noreturn]] void fail_not_a_file(const std::string& path, std::string_view what, mode_t mode) {
  throw FileError(str(path, ": ", what, ": expected a file, found a ",
                      S_ISDIR(mode) ? "folder" : "device or pipe"));
}

// An open file, closed at the end of the scope.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const std::string& path, int flags, mode_t mode = 0)
      : number_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (is_open()) ::close(number_);
  }

  bool is_open() const { return number_ >= 0; }
  int number() const { return number_; }

 private:
  int number_ = -1;
};

constexpr std::string_view temporary_prefix = ".nabla-";  // then the process, '-', and a number

// A new empty file in a folder, removed at the end of the scope unless it was renamed.
class Temporary {
 public:
  explicit Temporary(const std::filesystem::path& folder) {
    static std::atomic<unsigned> count = 0;
    do {  // a name may be taken by a file that a crash left behind
      path_ = folder / str(temporary_prefix, ::getpid(), '-', count++);
      file_ = Descriptor(path_, O_WRONLY | O_CREAT | O_EXCL, 0666);
    } while (!file_.is_open() && errno == EEXIST);
    // While it is open it is no remnant: also for who sees other processes than this one.
    if (const int reason = errno; file_.is_open()) {
      ::flock(file_.number(), LOCK_EX | LOCK_NB);
      errno = reason;
    }
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    if (file_.is_open() && !renamed_) ::unlink(path_.c_str());
  }

  const Descriptor& file() const { return file_; }
  bool rename_to(const std::filesystem::path& target) {
    renamed_ = ::rename(path_.c_str(), target.c_str()) == 0;
    return renamed_;
  }

 private:
  std::filesystem::path path_;
  Descriptor file_;
  bool renamed_ = false;
};

// The process whose temporary file has this name; 0: it is none.
pid_t writer_of(std::string_view name) {
  if (!name.starts_with(temporary_prefix)) return 0;
  name.remove_prefix(temporary_prefix.size());
  pid_t process = 0;
  unsigned count = 0;
  const char* const end = name.data() + name.size();
  const auto [dash, error] = std::from_chars(name.data(), end, process);
  if (error != std::errc() || process < 1 || dash == end || *dash != '-') return 0;
  const auto [stop, count_error] = std::from_chars(dash + 1, end, count);
  return count_error == std::errc() && stop == end ? process : 0;
}

// Removes temporary files that processes left which were killed.
void remove_remnants(const std::filesystem::path& folder) {
  std::error_code error;  // what cannot be looked at stays
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    const pid_t writer = writer_of(name);
    if (writer == 0 || ::kill(writer, 0) == 0 || errno != ESRCH) continue;
    const Descriptor file(at->path(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (file.is_open() && ::flock(file.number(), LOCK_EX | LOCK_NB) == 0) {
      ::unlink(at->path().c_str());
    }
  }
}

// Throws where the permissions of a file that is there forbid to write it: a rename would not ask.
// The system lets the superuser write any file: he is taken for its owner.
void check_permissions(const std::string& path, mode_t mode) {
  const bool system_says_yes = ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0;
  const bool owner_may = ::geteuid() != 0 || (mode & S_IWUSR) != 0;
  if (system_says_yes && !owner_may) errno = EACCES;
  if (!system_says_yes || !owner_may) fail(path, cannot_write);
}

bool write_all(const Descriptor& file, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file.number(), bytes.data(), bytes.size());
    if (count < 0 && errno != EINTR) return false;
    if (count > 0) bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

// Where a file is to be written.
struct Destination {
  std::filesystem::path target;
  std::filesystem::path folder;
  std::optional<mode_t> mode;  // of the file that is there

  explicit Destination(const std::string& path) : target(path) {
    struct stat old {};
    const bool exists = ::stat(path.c_str(), &old) == 0;
    if (!exists && errno != ENOENT) fail(path, cannot_write);
    // A rename would put a file in the place of a device.
    if (exists && !S_ISREG(old.st_mode)) fail_not_a_file(path, cannot_write, old.st_mode);
    if (exists) mode = old.st_mode & 07777;
    if (exists) check_permissions(path, *mode);

    // Symbolic links are followed, also to where nothing is yet. (A circle of them has no status.)
    while (std::filesystem::is_symlink(target)) {
      target = target.parent_path() / std::filesystem::read_symlink(target);
    }
    folder = target.has_parent_path() ? target.parent_path() : ".";
    remove_remnants(folder);
  }
};

// What a file is to become, whole and on the disk, beside the place that it is to take.
class Replacement {
 public:
  Replacement(const std::string& path, std::span<const std::byte> bytes)
      : path_(path), destination_(path), temporary_(destination_.folder) {
    const Descriptor& file = temporary_.file();
    if (!file.is_open() ||
        (destination_.mode && ::fchmod(file.number(), *destination_.mode) != 0) ||
        !write_all(file, bytes) || ::fsync(file.number()) != 0) {
      fail(path, cannot_write);
    }
  }

  void take_place() {
    if (!temporary_.rename_to(destination_.target)) fail(path_, cannot_write);
    // Brings the rename to the disk. Where a file system cannot do that, a power cut may bring the
    // old content back: whole, as promised.
    if (const Descriptor parent(destination_.folder, O_RDONLY); parent.is_open()) {
      ::fsync(parent.number());
    }
  }

 private:
  std::string path_;
  Destination destination_;
  Temporary temporary_;
};

std::vector<std::byte> read_all(const Descriptor& file, const std::string& path,
                                std::size_t limit) {
  struct stat status {};
  if (!file.is_open() || ::fstat(file.number(), &status) != 0) fail(path, cannot_read);
  if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode) && !S_ISSOCK(status.st_mode)) {
    fail_not_a_file(path, cannot_read, status.st_mode);
  }
  // The size is a hint: a pipe has none, a file may grow. One byte more shows the end.
  const auto hint = std::min(static_cast<std::size_t>(status.st_size), limit);
  std::vector<std::byte> bytes;
  const auto grow_to = [&](std::size_t count) {
    with_memory_for([&] { return path; }, count, [&] { bytes.reserve(count); });
  };
  grow_to(std::max(hint, std::size_t{4096}) + 1);
  ask_for_huge_pages(bytes.data(), bytes.capacity());
  bytes.resize(bytes.capacity());
  std::size_t size = 0;
  for (;;) {
    const ssize_t count = ::read(file.number(), bytes.data() + size, bytes.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(path, cannot_read);
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
    if (size > limit) {
      throw FileError(str(path, ": too long: expected at most ", limit, " bytes"));
    }
    if (size < bytes.size()) continue;
    grow_to(2 * size);
    bytes.resize(bytes.capacity());
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace

std::vector<std::byte> read_file(const std::string& path, std::size_t limit) {
  return read_all(Descriptor(path, O_RDONLY), path, limit);
}

std::vector<std::byte> read_standard_input() {
  return read_all(Descriptor(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)), "standard input",
                  SIZE_MAX);
}

void write_file_atomically(const std::string& path, std::span<const std::byte> bytes) {
  const FileContent file{path, bytes};
  write_files_atomically({&file, 1});
}

void write_files_atomically(std::span<const FileContent> files) {
  std::vector<std::unique_ptr<Replacement>> replacements;
  for (const FileContent& file : files) {
    replacements.push_back(std::make_unique<Replacement>(file.path, file.bytes));
  }
  for (const auto& replacement : replacements) replacement->take_place();
}

void check_writable(const std::string& path) {
  if (!Temporary(Destination(path).folder).file().is_open()) fail(path, cannot_write);
}

}  // namespace nabla
