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

#include "nabla/base/options.h"
#include "nabla/base/text.h"
#include "nabla/data/dataset.h"
#include "nabla/nn/loss.h"
#include "nabla/nn/sequential.h"
#include "nabla/train/model_file.h"

namespace nabla::cli {

/// Thrown by a command that has said everything: what the tool returns.
struct ExitStatus {
  int status;
};

void add_train(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_predict(CLI::App& app);
void add_inspect(CLI::App& app);
void add_plot(CLI::App& app);
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

/// Adds an option that is a T, or may be missing; its help tells what it takes.
template <class T, class Field>
CLI::Option* add_whole_number(CLI::App& command, const std::string& name, Field& field,
                              const std::string& help, T least = 0,
                              T most = std::numeric_limits<T>::max()) {
  const bool is_bounded = most != std::numeric_limits<T>::max();
  const std::string range = is_bounded ? str(least, " to ", most) : str("at least ", least);
  return command.add_option(name, field, str(help, "; ", range))
      ->transform(whole_number<T>(least, most));
}

/// What an option that is a double takes: CLI11 by itself reads 0x10 as 16.
CLI::Validator decimal_number(const Range& range = {});

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

/// What stands for standard input or output in the place of a path.
inline constexpr std::string_view standard_stream = "-";
/// The bytes of a file; of standard input for "-".
std::vector<std::byte> read_input(const std::string& path);
/// The model file that a user means: that of a run folder, else the path itself. Throws FileError
/// for a folder without a model.
std::string model_path(const std::string& path);
/// The model of a file, a run folder, or "-".
ModelFile load_any_model(const std::string& path);
/// What the help says of an argument that load_any_model takes.
inline constexpr const char* model_help = "Model file, or the folder of a run; -: standard input";

/// Whether there is a file of that path, or anything else that can be read and is no folder.
bool is_file(const std::string& path);
/// The same without pipes and devices, of which nobody knows when they end.
bool is_regular_file(const std::string& path);

/// The last name of a path, without the folders above it; also of "runs/first/" and ".".
std::string last_name(const std::string& path);

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
