#include <algorithm>
#include <cctype>
#include <cstring>
#include <filesystem>
#include <iomanip>
#include <thread>

#include "nabla/base/error.h"
#include "nabla/base/parallel.h"
#include "nabla/base/text.h"
#include "nabla/cli/commands.h"
#include "nabla/nn/architecture.h"

namespace nabla::cli {

int default_threads() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }

CLI::Validator decimal_number() {
  const auto check = [](std::string& text) -> std::string {
    double number = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error == std::errc() && stop == end) return "";
    return str("expected a number such as 0.001 or 1e-3, got ", quote(text));
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
  command.add_option("--threads", threads, "Threads to use; the results do not depend on it")
      ->transform(whole_number<int>(1, most_threads))
      ->capture_default_str();
}

void add_part(CLI::App& command, PartOptions& options) {
  command.add_option("--part", options.part, "Part of the data set: train or test")
      ->check(CLI::IsMember({"train", "test"}))
      ->default_str(default_part);
  command
      .add_option("--seed", options.seed,
                  "Seed of the split, for data sets with one part; default: that of the model")
      ->transform(whole_number<std::uint64_t>());
}

data::Dataset load_part(const std::string& name, const PartOptions& options, std::uint64_t seed) {
  data::Split split = data::load(name, options.seed.value_or(seed));
  return options.part.value_or(default_part) == "train" ? split.train : split.test;
}

bool is_file(const std::string& path) {
  std::error_code error;  // what cannot be looked at is none
  return std::filesystem::exists(path, error) && !std::filesystem::is_directory(path, error);
}

nn::Loss loss_for(bool classes) {
  return classes ? nn::Loss(nn::cross_entropy) : nn::Loss(nn::mean_squared_error);
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
