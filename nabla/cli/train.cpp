// nabla train: a model from a data set.
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "nabla/base/error.h"
#include "nabla/base/parallel.h"
#include "nabla/base/text.h"
#include "nabla/cli/commands.h"
#include "nabla/cli/run_folder.h"
#include "nabla/nn/architecture.h"
#include "nabla/optim/rules.h"
#include "nabla/train/model_file.h"
#include "nabla/train/trainer.h"

namespace nabla::cli {
namespace {

const std::string model_file = "model.safetensors";
const std::string history_file = "history.csv";
const std::string metrics_file = "metrics.json";

struct Options {
  std::string dataset;
  std::string model = "dense(128) relu dense";
  std::string optimizer = "adam";
  std::optional<double> learning_rate;
  std::int64_t batch_size = 128;
  std::int64_t epochs = 5;
  std::uint64_t seed = 0;
  int threads = default_threads();
  std::string output;
};

// One line an epoch.
class EpochLines : public Callback {
 public:
  void on_epoch_end(Progress& progress, const EpochRecord& record) override {
    std::cout << "epoch " << record.epoch << "/" << progress.epochs << "  train loss "
              << brief(record.train_loss) << "  test loss " << brief(*record.validation_loss);
    if (record.validation_accuracy) {
      std::cout << "  test accuracy " << percent(*record.validation_accuracy);
    }
    std::cout << "  " << brief(record.seconds) << " s" << std::endl;
  }
};

// What model file and run folder call a data set: without the folders above it.
std::string name_of(const std::string& dataset) {
  const auto folder = std::filesystem::absolute(dataset + "/").lexically_normal();
  return folder.parent_path().filename().string();
}

std::string history_csv(const History& history) {
  TextStream csv;
  csv << "epoch,train_loss,test_loss,test_accuracy,seconds,samples_per_second\n";
  for (const EpochRecord& record : history.epochs) {
    const auto& accuracy = record.validation_accuracy;
    csv << record.epoch << "," << shortest(record.train_loss) << ","
        << shortest(*record.validation_loss) << "," << (accuracy ? shortest(*accuracy) : "") << ","
        << shortest(record.seconds) << "," << shortest(record.samples_per_second) << "\n";
  }
  return csv.str();
}

std::string metrics_json(const History& history, std::int64_t samples, const Options& options) {
  const EpochRecord& last = history.epochs.back();
  double seconds = 0;
  for (const EpochRecord& record : history.epochs) seconds += record.seconds;
  const auto epochs = static_cast<double>(history.epochs.size());
  nlohmann::ordered_json metrics = {{"train_loss", last.train_loss},
                                    {"test_loss", *last.validation_loss}};
  if (last.validation_accuracy) metrics["test_accuracy"] = *last.validation_accuracy;
  metrics["epochs"] = history.epochs.size();
  metrics["seconds"] = seconds;
  metrics["samples_per_second"] = epochs * static_cast<double>(samples) / seconds;
  metrics["seed"] = options.seed;
  metrics["threads"] = options.threads;
  return metrics.dump(2) + "\n";
}

void check_not_empty(const data::Dataset& part, std::string_view which) {
  if (part.size() > 0) return;
  throw ValueError(
      str("data set ", quote(part.name), ", ", which, " part: no samples: expected at least one"));
}

void train(const Options& options) {
  set_threads(options.threads);
  const std::string architecture = nn::canonical_architecture(options.model);
  const auto optimizer = optim::make_optimizer(options.optimizer, options.learning_rate);

  const auto [train_part, test_part] = data::load(options.dataset, options.seed);
  check_not_empty(train_part, "train");
  check_not_empty(test_part, "test");
  const bool classes = !train_part.class_names.empty();
  const nn::Sequential model =
      learning_model(architecture, train_part.sample_shape(), train_part.outputs());
  model.initialize(options.seed);
  ModelInfo info = describe(model, train_part, options.seed);
  info.dataset = name_of(train_part.name);
  info.architecture = architecture;
  encode_model(model, info);  // a text that cannot be written is found before the run

  const std::vector<std::string> files = {model_file, history_file, metrics_file};
  RunFolder folder =
      options.output.empty()
          ? RunFolder::at_free_place(run_folder_stem(info.dataset, architecture), files)
          : RunFolder(options.output, files);
  std::cout << train_part.name << ": " << train_part.size() << " samples to learn from, "
            << test_part.size() << " to test"
            << (classes ? str(", ", train_part.class_names.size(), " classes\n") : "\n")
            << architecture << ": " << model.parameter_count() << " parameters, "
            << options.optimizer << ", learning rate " << shortest(optimizer->learning_rate())
            << ", " << options.threads << (options.threads == 1 ? " thread" : " threads")
            << std::endl;

  Trainer trainer(model, loss_for(classes), optimizer);
  const History history = trainer.fit(
      train_part, {.epochs = options.epochs,
                   .batch_size = options.batch_size,
                   .validation = test_part,
                   .seed = options.seed,
                   .callbacks = {std::make_shared<ProgressBar>(), std::make_shared<EpochLines>()}});
  folder.write({{model_file, encode_model(model, info)},
                {history_file, to_bytes(history_csv(history))},
                {metrics_file, to_bytes(metrics_json(history, train_part.size(), options))}});

  const EpochRecord& last = history.epochs.back();
  const std::string file = shell_word((folder.path() / model_file).string());
  const std::string dataset = shell_word(options.dataset);
  if (last.validation_accuracy) {
    std::cout << "test accuracy " << percent(*last.validation_accuracy) << "\n";
  } else {
    std::cout << "test loss " << brief(*last.validation_loss) << "\n";
  }
  std::cout << "the run is in " << folder.path().string() << "\ntry next:\n  nabla inspect " << file
            << "\n  nabla predict " << file << " " << dataset
            << " --output predictions.csv\n  nabla train " << dataset << " --model \""
            << "dense(256) relu dropout(0.2) dense\" --epochs " << 2 * options.epochs << "\n";
}

std::string optimizers_help() {
  std::string text = "Rules of --optimizer:\n";
  for (const optim::RuleEntry& rule : optim::rule_table()) {
    text += str("  ", rule.name, std::string(22 - rule.name.size(), ' '), rule.doc,
                "; learning rate ", shortest(rule.learning_rate), "\n");
  }
  return text;
}

}  // namespace

void add_train(CLI::App& app) {
  CLI::App* command = app.add_subcommand("train", "Train a model on a data set");
  const auto options = std::make_shared<Options>();
  command
      ->add_option("dataset", options->dataset,
                   "Data set: fashion-mnist, digits, or a folder with four IDX files")
      ->required();
  command->add_option("--model", options->model, "Layers up to the scores")->capture_default_str();
  command->add_option("--optimizer", options->optimizer, "Update rule")->capture_default_str();
  command
      ->add_option("--learning-rate", options->learning_rate,
                   "Size of a step; default: that of the rule")
      ->transform(decimal_number());
  command->add_option("--batch-size", options->batch_size, "Samples in a step")
      ->transform(whole_number<std::int64_t>(1))
      ->capture_default_str();
  command->add_option("--epochs", options->epochs, "Times through the data")
      ->transform(whole_number<std::int64_t>(1))
      ->capture_default_str();
  command
      ->add_option("--seed", options->seed,
                   "Chooses first weights, order of the samples, and the split of digits")
      ->transform(whole_number<std::uint64_t>())
      ->capture_default_str();
  add_threads(*command, options->threads);
  command
      ->add_option("--output", options->output,
                   "Run folder; default: runs/<dataset>-<model>-<number>")
      ->check(path_to_write());
  command->footer(str(layers_help(), "\n", optimizers_help(),
                      "\nExample:\n  nabla train fashion-mnist --model \"dense(128) relu dense\" "
                      "--optimizer adam --learning-rate 1e-3 \\\n        --batch-size 128 "
                      "--epochs 5 --seed 1 --threads 2 --output runs/first"));
  command->callback([options] { train(*options); });
}

}  // namespace nabla::cli
