// nabla evaluate: how good a model is on a data set.
#include <cmath>
#include <iostream>
#include <memory>

#include "nabla/base/error.h"
#include "nabla/base/parallel.h"
#include "nabla/base/text.h"
#include "nabla/cli/commands.h"
#include "nabla/train/evaluator.h"
#include "nabla/train/model_file.h"

namespace nabla::cli {
namespace {

struct Options {
  std::string model;
  std::string dataset;
  PartOptions part;
  int threads = default_threads();
};

void evaluate(const Options& options) {
  set_threads(options.threads);
  if (options.dataset == standard_stream) {
    throw ValueError(
        "evaluate needs labels: expected a data set, its name or folder, not standard "
        "input");
  }
  const auto [model, info] = load_any_model(options.model);
  const data::Dataset dataset = load_part(options.dataset, options.part, info.seed);
  check_fits(info, dataset);
  if (info.loss.empty()) {
    throw ValueError(str(options.model, ": was trained by a loss of its writer's own, which the ",
                         "file does not name: expected one of nabla losses"));
  }
  Evaluator evaluator(model, nn::make_loss(info.loss));
  const Evaluation result = evaluator.evaluate(dataset);
  if (!std::isfinite(result.loss)) {
    throw ValueError(str(options.model, ": the loss on data set ", quote(dataset.name), " is ",
                         result.loss, ": the numbers of model or data are too large for it"));
  }
  std::cout << options.part.part.value_or(default_part) << " part of " << dataset.name << ", "
            << dataset.size() << " samples\nloss      " << brief(result.loss) << "\n";
  if (result.accuracy) std::cout << "accuracy  " << percent(*result.accuracy) << "\n";
}

}  // namespace

void add_evaluate(CLI::App& app) {
  CLI::App* command = app.add_subcommand("evaluate", "Say how good a model is on a data set");
  const auto options = std::make_shared<Options>();
  command->add_option("model", options->model, model_help)->required();
  command->add_option("dataset", options->dataset, "Data set: its name or folder")->required();
  add_part(*command, options->part);
  add_threads(*command, options->threads);
  command->footer("Example:\n  nabla evaluate runs/first fashion-mnist");
  command->callback([options] { evaluate(*options); });
}

}  // namespace nabla::cli
