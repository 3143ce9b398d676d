// nabla inspect: what is in a model, a data set or a file.
#include <algorithm>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <memory>

#include "nabla/base/file.h"
#include "nabla/base/text.h"
#include "nabla/cli/commands.h"
#include "nabla/cli/run_folder.h"
#include "nabla/data/idx.h"
#include "nabla/io/safetensors.h"
#include "nabla/nn/summary.h"
#include "nabla/ops/reduction.h"
#include "nabla/train/model_file.h"

namespace nabla::cli {
namespace {

// For a terminal: control characters, which a file may hold, as \x1b.
std::string printable(std::string_view text) {
  TextStream out;
  out << std::hex << std::setfill('0');
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (code < ' ' || code == 0x7f) {
      out << "\\x" << std::setw(2) << int{code};
    } else {
      out << c;
    }
  }
  return out.str();
}

// Rows of a table: each column but the last is as wide as its widest cell.
class Table {
 public:
  void add(std::vector<std::string> cells) {
    for (std::string& cell : cells) cell = printable(cell);
    rows_.push_back(std::move(cells));
  }
  void print() const {
    std::vector<std::int64_t> widths;
    for (const auto& row : rows_) {
      widths.resize(std::max(widths.size(), row.size()));
      for (std::size_t i = 0; i + 1 < row.size(); ++i) {
        widths[i] = std::max(widths[i], width_of(row[i]));
      }
    }
    for (const auto& row : rows_) {
      for (std::size_t i = 0; i + 1 < row.size(); ++i) {
        const std::int64_t space = widths[i] - width_of(row[i]) + 2;
        std::cout << row[i] << std::string(static_cast<std::size_t>(space), ' ');
      }
      std::cout << row.back() << "\n";
    }
  }

 private:
  // Characters of UTF-8: all bytes but those that continue one.
  static std::int64_t width_of(const std::string& text) {
    return std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; });
  }

  std::vector<std::vector<std::string>> rows_;
};

std::string range_of(const Tensor& values) {
  if (values.size() == 0) return "none";
  return str(brief(min(values).item()), " to ", brief(max(values).item()));
}

void inspect_model(const ModelFile& file) {
  const auto& [model, info] = file;
  Table head;
  head.add({"architecture", info.architecture});
  head.add({"input", str(info.input_shape, " times ", brief(info.input_scale))});
  head.add({"outputs", str(info.outputs, info.class_names.empty() ? " numbers" : " classes: ",
                           join(info.class_names, ", "))});
  head.add({"learned from", str(info.dataset, ", seed ", info.seed)});
  head.add({"loss", info.loss.empty() ? "of its own" : info.loss});
  head.print();
  std::cout << nn::summary_text(nn::summarize(model, info.input_shape));
  Table parameters;
  parameters.add({"parameters", str(model.parameter_count())});
  for (const nn::NamedState& each : model.named_parameters()) {
    const Tensor value = each.state.value();
    parameters.add({"  " + each.name, str(value.spec()),
                    range_of(value) + (each.state.is_frozen() ? "  frozen" : "")});
  }
  parameters.print();
}

// A safetensors file that is no model of nabla's.
void inspect_tensors(const TensorList& list) {
  constexpr std::size_t longest = 60;
  Table head;
  head.add({"tensors", str(list.tensors.size())});
  for (const auto& [key, text] : list.metadata) {
    head.add({key, text.substr(0, longest) + (text.size() > longest ? "..." : "")});
  }
  head.print();
  Table tensors;
  for (const TensorEntry& entry : list.tensors) {
    tensors.add({"  " + entry.name, entry.dtype, str(entry.shape)});
  }
  tensors.print();
}

void add_part(Table& table, const std::string& name, const data::Dataset& part) {
  table.add({name, str(part.size(), " samples")});
  table.add({"  inputs", str(part.inputs.spec(), "  ", range_of(part.inputs), " times ",
                             brief(part.input_scale))});
  table.add({"  targets", str(part.targets.spec(), "  ", range_of(part.targets))});
  std::vector<std::int64_t> counts(part.class_names.size());
  if (counts.empty()) return;
  for (const std::int64_t label : part.targets.to_vector<std::int64_t>()) {
    ++counts[static_cast<std::size_t>(label)];
  }
  for (std::size_t i = 0; i < counts.size(); ++i) {
    table.add({"    " + part.class_names[i], str(counts[i])});
  }
}

void inspect_bytes(const std::vector<std::byte>& bytes, const std::string& source) {
  if (data::begins_as_idx(bytes)) {
    const Tensor array = data::decode_idx(bytes, source);
    std::cout << "array  " << array.spec() << "  " << range_of(array) << "\n";
    return;
  }
  const TensorList list = list_safetensors(bytes, source);
  const auto format = list.metadata.find("format");
  const bool is_model = format != list.metadata.end() && format->second == model_format;
  is_model ? inspect_model(decode_model(bytes, source)) : inspect_tensors(list);
}

void inspect(const std::string& what) {
  if (what == standard_stream) return inspect_bytes(read_standard_input(), "standard input");
  const bool is_run = is_regular_file((std::filesystem::path(what) / model_file).string());
  const std::string path = is_run && !data::is_known(what) ? model_path(what) : what;
  std::error_code error;
  const bool is_missing = path.ends_with(".safetensors") && !std::filesystem::exists(path, error);
  if ((is_file(path) && !data::is_known(what)) || is_missing) {
    return inspect_bytes(read_file(path), path);
  }
  const data::Split split = data::load(what);
  Table table;
  table.add({"data set", split.train.name});
  add_part(table, "train", split.train);
  add_part(table, "test", split.test);
  table.print();
}

}  // namespace

void add_inspect(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("inspect", "Show what is in a model, a data set or a file");
  const auto what = std::make_shared<std::string>();
  command
      ->add_option(
          "file", *what,
          "Model file, or the folder of a run; data set: its name or folder; IDX file; any "
          "safetensors file; -: a file on standard input")
      ->required();
  command->footer("Example:\n  nabla inspect runs/first\n  nabla inspect digits");
  command->callback([what] { inspect(*what); });
}

}  // namespace nabla::cli
