// nabla inspect: what is in a model file or a data set.
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <memory>

#include "nabla/base/file.h"
#include "nabla/base/text.h"
#include "nabla/cli/commands.h"
#include "nabla/data/idx.h"
#include "nabla/nn/summary.h"
#include "nabla/ops/reduction.h"
#include "nabla/train/model_file.h"

namespace nabla::cli {
namespace {

constexpr int name_width = 15;

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

void print(std::string_view name, std::string_view value) {
  std::cout << std::left << std::setw(name_width) << printable(name) << " " << printable(value)
            << "\n";
}

std::string range_of(const Tensor& values) {
  if (values.size() == 0) return "none";
  return str(brief(min(values).item()), " to ", brief(max(values).item()));
}

void inspect_model(const ModelFile& file) {
  const auto& [model, info] = file;
  print("architecture", info.architecture);
  print("input", str(info.input_shape, " times ", brief(info.input_scale)));
  print("outputs", str(info.outputs, info.class_names.empty() ? " numbers" : " classes: ",
                       join(info.class_names, ", ")));
  print("learned from", str(info.dataset, ", seed ", info.seed));
  print("loss", info.loss.empty() ? "of its own" : info.loss);
  std::cout << nn::summary_text(nn::summarize(model, info.input_shape));
  print("parameters", str(model.parameter_count()));
  for (const nn::NamedState& each : model.named_parameters()) {
    const Tensor value = each.state.value();
    print("  " + each.name,
          str(value.spec(), "  ", range_of(value), each.state.is_frozen() ? "  frozen" : ""));
  }
}

void inspect_part(std::string_view name, const data::Dataset& part) {
  print(name, str(part.size(), " samples"));
  print("  inputs",
        str(part.inputs.spec(), "  ", range_of(part.inputs), " times ", brief(part.input_scale)));
  print("  targets", str(part.targets.spec(), "  ", range_of(part.targets)));
  std::vector<std::int64_t> counts(part.class_names.size());
  if (counts.empty()) return;
  for (const std::int64_t label : part.targets.to_vector<std::int64_t>()) {
    ++counts[static_cast<std::size_t>(label)];
  }
  for (std::size_t i = 0; i < counts.size(); ++i) {
    print("    " + part.class_names[i], str(counts[i]));
  }
}

void inspect_file(const std::string& path) {
  const std::vector<std::byte> bytes = read_file(path);
  if (!data::begins_as_idx(bytes)) return inspect_model(decode_model(bytes, path));
  const Tensor array = data::decode_idx(bytes, path);
  print("array", str(array.spec(), "  ", range_of(array)));
}

void inspect(const std::string& what) {
  const bool is_a_file = is_file(what) && !data::is_known(what);
  const bool is_missing = what.ends_with(".safetensors") && !std::filesystem::exists(what);
  if (is_a_file || is_missing) return inspect_file(what);
  const data::Split split = data::load(what);
  print("data set", split.train.name);
  inspect_part("train", split.train);
  inspect_part("test", split.test);
}

}  // namespace

void add_inspect(CLI::App& app) {
  CLI::App* command = app.add_subcommand("inspect", "Show what is in a model file or a data set");
  const auto what = std::make_shared<std::string>();
  command->add_option("what", *what, "Model file; or data set: its name or folder; or an IDX file")
      ->required();
  command->footer("Example:\n  nabla inspect runs/first/model.safetensors\n  nabla inspect digits");
  command->callback([what] { inspect(*what); });
}

}  // namespace nabla::cli
