// nabla predict: what a model says about each sample.
#include <cmath>
#include <filesystem>
#include <iostream>
#include <memory>

#include "nabla/base/error.h"
#include "nabla/base/file.h"
#include "nabla/base/parallel.h"
#include "nabla/base/text.h"
#include "nabla/cli/commands.h"
#include "nabla/cli/signals.h"
#include "nabla/data/idx.h"
#include "nabla/ops/reduction.h"
#include "nabla/ops/softmax.h"
#include "nabla/train/evaluator.h"
#include "nabla/train/model_file.h"

namespace nabla::cli {
namespace {

struct Options {
  std::string model;
  std::string dataset;
  std::string output;
  PartOptions part;
  int threads = default_threads();
};

// One row a sample: its number, the likeliest class and the probability of each class; or the
// predicted numbers.
std::string predictions_csv(const Tensor& results, const ModelInfo& info) {
  const bool classes = !info.class_names.empty();
  TextStream csv;
  csv << "sample";
  if (classes) csv << ",prediction";
  for (std::int64_t i = 0; i < info.outputs; ++i) {
    const auto k = static_cast<std::size_t>(i);
    csv << "," << (classes ? csv_field(info.class_names[k]) : str("output", i + 1));
  }
  csv << "\n";
  const Tensor numbers = classes ? softmax(results) : results;
  const std::vector<std::int64_t> best = argmax(results).to_vector<std::int64_t>();
  const float* value = numbers.data<float>();
  for (std::int64_t i = 0; i < numbers.size(); ++i) {
    if (std::isfinite(value[i])) continue;
    throw ValueError(str("sample ", i / info.outputs, ": the model gives ", brief(value[i]),
                         ": its numbers or those of the data are too large for it"));
  }
  for (std::size_t sample = 0; sample < best.size(); ++sample) {
    csv << sample;
    if (classes) csv << "," << csv_field(info.class_names[static_cast<std::size_t>(best[sample])]);
    for (std::int64_t i = 0; i < info.outputs; ++i) csv << "," << shortest(*value++);
    csv << "\n";
  }
  return csv.str();
}

// A part of a data set; or what is in one IDX file, without targets.
data::Dataset samples_of(const Options& options, const ModelInfo& info) {
  const bool is_stream = options.dataset == standard_stream;
  if (data::is_known(options.dataset) || !(is_stream || is_file(options.dataset))) {
    return load_part(options.dataset, options.part, info.seed);
  }
  if (options.part.part || options.part.seed) {
    throw ValueError(str("--part and --seed: expected a data set, got ",
                         is_stream ? "standard input" : "the file " + options.dataset));
  }
  const std::string source = is_stream ? "standard input" : options.dataset;
  data::Dataset samples =
      data::samples_of(data::decode_idx(read_input(options.dataset), source), source);
  // The bytes of images are as the model knows them, where it knows bytes.
  const bool bytes = samples.inputs.dtype() == DType::u8;
  if (bytes && info.input_scale != 1) samples.input_scale = info.input_scale;
  return samples;
}

bool is_on_standard_output(const Options& options) {
  return options.output.empty() || options.output == standard_stream;
}

// Whether two paths are the same file.
bool same(const std::filesystem::path& path, const std::filesystem::path& other) {
  std::error_code error;  // what is not there is not the same
  return std::filesystem::equivalent(path, other, error);
}

// Predictions must not replace what they are made from.
void check_output(const Options& options) {
  if (options.model == standard_stream && options.dataset == standard_stream) {
    throw ValueError("standard input holds the model or the data: expected a path for one of them");
  }
  if (is_on_standard_output(options)) return;
  std::error_code error;
  // Where it is written to: links are followed.
  const auto target = std::filesystem::weakly_canonical(options.output, error);
  const std::string place =
      options.dataset == standard_stream ? "/dev/stdin" : data::place_of(options.dataset);
  const auto refuse = [&](std::string_view what) {
    throw ValueError(str("--output ", options.output, what, ": expected another file"));
  };
  if (same(target, model_path(options.model))) refuse(": is the model");
  if (same(target, place)) refuse(": is the data set");
  if (!is_file(target.string())) return;  // nothing is replaced
  if (same(target.parent_path(), place)) refuse(": is there already, in the data set's folder");
  for (const auto& entry : std::filesystem::directory_iterator(place, error)) {  // it may be a link
    if (same(target, entry.path())) refuse(str(": is ", entry.path().string(), " of the data set"));
  }
}

void predict(const Options& options) {
  check_output(options);
  set_threads(options.threads);
  const auto [model, info] = load_any_model(options.model);
  const data::Dataset dataset = samples_of(options, info);
  check_fits(info, dataset);
  Evaluator evaluator(model, nn::mean_squared_error);  // which nothing asks for
  const std::string csv = predictions_csv(evaluator.predict(dataset), info);
  if (is_on_standard_output(options)) {
    std::cout << csv;
    return;
  }
  {
    const SignalsWait wait;
    write_file_atomically(options.output, to_bytes(csv));
  }
  std::cout << dataset.size() << " predictions in " << options.output << "\n";
}

}  // namespace

void add_predict(CLI::App& app) {
  CLI::App* command = app.add_subcommand("predict", "Write what a model says about each sample");
  const auto options = std::make_shared<Options>();
  command->add_option("model", options->model, model_help)->required();
  command
      ->add_option(
          "dataset", options->dataset,
          "Data set: its name or folder; or an IDX file of samples without labels; -: one on "
          "standard input")
      ->required();
  command->add_option("--output", options->output, "CSV file; -, and default: standard output")
      ->check(path_to_write());
  add_part(*command, options->part);
  add_threads(*command, options->threads);
  command->footer(
      "Example:\n  nabla predict runs/first fashion-mnist --output predictions.csv\n"
      "  gzip -dc images.gz | nabla predict runs/first - >predictions.csv");
  command->callback([options] { predict(*options); });
}

}  // namespace nabla::cli
