#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <iomanip>
#include <thread>

#include "nabla/base/error.h"
#include "nabla/base/file.h"
#include "nabla/base/parallel.h"
#include "nabla/base/text.h"
#include "nabla/cli/commands.h"
#include "nabla/cli/run_folder.h"
#include "nabla/nn/architecture.h"

namespace nabla::cli {

int default_threads() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }

CLI::Validator decimal_number(const Range& range) {
  const auto check = [range](std::string& text) -> std::string {
    double number = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stop != end || !std::isfinite(number)) {
      return str("expected a number such as 0.001 or 1e-3, got ", quote(text));
    }
    return range.holds(number) ? "" : str("expected ", range.text(), ", got ", quote(text));
  };
  return {check, ""};
}

CLI::Validator path_to_write() {
  const auto check = [](std::string& path) -> std::string {
    return path.empty() ? "expected a path, got \"\"" : "";
  };
  return {check, ""};
}

void add_threads(CLI::App& command, int& threads) {
  add_whole_number<int>(command, "--threads", threads,
                        "Threads to use; the results do not depend on it", 1, most_threads)
      ->capture_default_str();
}

void add_part(CLI::App& command, PartOptions& options) {
  command.add_option("--part", options.part, "Part of the data set: train or test")
      ->check(CLI::IsMember({"train", "test"}))
      ->default_str(default_part);
  add_whole_number<std::uint64_t>(
      command, "--seed", options.seed,
      "Seed of the split, for data sets with one part; default: that of the model");
}

data::Dataset load_part(const std::string& name, const PartOptions& options, std::uint64_t seed) {
  data::Split split = data::load(name, options.seed.value_or(seed));
  return options.part.value_or(default_part) == "train" ? split.train : split.test;
}

std::vector<std::byte> read_input(const std::string& path) {
  return path == standard_stream ? read_standard_input() : read_file(path);
}

std::string model_path(const std::string& path) {
  std::error_code error;  // what cannot be looked at is named where it is read
  if (!std::filesystem::is_directory(path, error)) return path;
  std::string file = (std::filesystem::path(path) / model_file).string();
  if (is_regular_file(file)) return file;
  const bool has_begun = is_regular_file((std::filesystem::path(path) / checkpoint_file).string());
  throw FileError(str(
      path, ": no ", model_file, " in it: ",
      has_begun ? str("the run has not ended; go on with nabla train --resume ", shell_word(path))
                : "expected a model file, or the folder of a run"));
}

ModelFile load_any_model(const std::string& path) {
  if (path == standard_stream) return decode_model(read_standard_input(), "standard input");
  return load_model(model_path(path));
}

bool is_file(const std::string& path) {
  std::error_code error;  // what cannot be looked at is none
  return std::filesystem::exists(path, error) && !std::filesystem::is_directory(path, error);
}

std::string last_name(const std::string& path) {
  const auto folder = std::filesystem::absolute(path + "/").lexically_normal();
  return folder.parent_path().filename().string();
}

bool is_regular_file(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error);
}

nn::Sequential learning_model(const std::string& text, const Shape& sample, std::int64_t outputs) {
  nn::Sequential model = nn::make_model(text, sample, outputs);
  if (model.parameters().empty()) {
    throw ValueError(str("--model ", quote(text),
                         " has no parameters: expected a layer that learns, such as dense"));
  }
  return model;
}

std::string percent(double part) {
  TextStream out;
  out << std::fixed << std::setprecision(2) << 100 * part << " %";
  return out.str();
}

std::string brief(double value) {
  if (std::isnan(value)) return "nan";  // whatever its sign
  TextStream out;
  out << std::setprecision(4) << value;
  return out.str();
}

std::string layers_help() {
  return str("Layers of --model:\n", help_text(nn::layer_table().infos()));
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of("\",\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

std::string shell_word(const std::string& text) {
  const auto plain = [](unsigned char c) {
    return std::isalnum(c) != 0 || c >= 0x80 || std::strchr("_-./:+,=@%", c) != nullptr;
  };
  if (!text.empty() && std::ranges::all_of(text, plain)) return text;
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? "'\\''" : std::string(1, c);
  return word + "'";
}

std::vector<std::byte> to_bytes(std::string_view text) {
  std::vector<std::byte> bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

}  // namespace nabla::cli
