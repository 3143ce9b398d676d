/// The commands of the tool, one file each, and what they share.
#pragma once

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nabla/base/text.h"
#include "nabla/data/dataset.h"
#include "nabla/nn/loss.h"
#include "nabla/nn/sequential.h"

namespace nabla::cli {

/// Thrown by a command that has said everything: what the tool returns.
struct ExitStatus {
  int status;
};

void add_train(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_predict(CLI::App& app);
void add_inspect(CLI::App& app);
void add_bench(CLI::App& app);
void add_ops(CLI::App& app);
void add_tables(CLI::App& app);

/// What an option that is a T takes: CLI11 by itself reads 010 as 8 and cuts what is too large.
template <class T>
CLI::Validator whole_number(T least = 0, T most = std::numeric_limits<T>::max()) {
  const auto check = [=](std::string& text) -> std::string {
    T number{};
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stop != end || number < least || number > most) {
      return str("expected a whole number from ", least, " to ", most, ", got ", quote(text));
    }
    text = std::to_string(number);
    return "";
  };
  return {check, ""};
}

/// What an option that is a double takes: CLI11 by itself reads 0x10 as 16.
CLI::Validator decimal_number();

/// What --output takes: an unset variable of a shell is no path.
CLI::Validator path_to_write();

/// Adds --threads; the command sets the number with set_threads().
void add_threads(CLI::App& command, int& threads);
/// As many threads as processors may be used.
int default_threads();

/// Adds --part and --seed, which say what samples of a data set are meant.
struct PartOptions {
  std::optional<std::string> part;  // default_part
  std::optional<std::uint64_t> seed;
};
inline const std::string default_part = "test";
void add_part(CLI::App& command, PartOptions& options);
/// That part of a data set; `seed` splits those that nabla splits itself, unless the user chose
/// one.
data::Dataset load_part(const std::string& name, const PartOptions& options, std::uint64_t seed);

/// Whether there is a file of that path, or anything else that can be read and is no folder.
bool is_file(const std::string& path);

/// The model of --model. Throws what make_model throws, and ValueError for one without parameters.
nn::Sequential learning_model(const std::string& text, const Shape& sample, std::int64_t outputs);

/// "87.3 %"
std::string percent(double part);
/// A number in short for people: four significant digits.
std::string brief(double value);
/// The layers and their arguments, as --help shows them.
std::string layers_help();
/// The text as a field of CSV, in quotes where it must be (RFC 4180).
std::string csv_field(std::string_view text);
/// The text as one word of a shell's command line, in quotes where it needs them.
std::string shell_word(const std::string& text);
/// The text as the bytes of a file.
std::vector<std::byte> to_bytes(std::string_view text);

}  // namespace nabla::cli
