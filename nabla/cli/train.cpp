// nabla train: a model from a data set.
#include <charconv>
#include <filesystem>
#include <memory>
#include <optional>

#include "nabla/base/error.h"
#include "nabla/base/parallel.h"
#include "nabla/base/text.h"
#include "nabla/cli/commands.h"
#include "nabla/cli/history_csv.h"
#include "nabla/cli/run_folder.h"
#include "nabla/cli/signals.h"
#include "nabla/cli/train_options.h"
#include "nabla/cli/train_output.h"
#include "nabla/nn/architecture.h"
#include "nabla/nn/loss.h"
#include "nabla/ops/shaping.h"
#include "nabla/optim/methods.h"
#include "nabla/train/run_record.h"

namespace nabla::cli {
namespace {

const std::string metrics_file = "metrics.json";

// Asks for an end when a signal has come.
class Interruption : public Callback {
 public:
  void on_batch_end(Progress& progress) override {
    if (FinishAtSignals::asked() != 0) progress.interrupt();
  }
};

// What model file and run folder call a data set: without the folders above it.
std::string name_of(const std::string& dataset) {
  return data::is_known(dataset) ? dataset : last_name(dataset);
}

struct Parts {
  data::Dataset train;
  data::Dataset judge;  // what each epoch is judged by
  data::Dataset test;
  std::string judged_by;
};

void check_not_empty(const data::Dataset& part, std::string_view which) {
  if (part.size() > 0) return;
  throw ValueError(
      str("data set ", quote(part.name), ", ", which, " part: no samples: expected at least one"));
}

Parts load_parts(const TrainOptions& options) {
  data::Split split = data::load(options.dataset, options.seed);
  Parts parts{split.train, split.test, split.test, judge_of(options)};
  if (!options.validation.empty()) {
    const std::string& text = options.validation;
    double part = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), part);
    if (error == std::errc() && end == text.data() + text.size()) {
      if (!(part > 0 && part < 1)) {
        throw ValueError(str("--validation ", text, ": expected a part above 0 and below 1"));
      }
      data::Split inner = data::split(split.train, part, options.seed);
      parts.train = inner.train;
      parts.judge = inner.test;
    } else {
      parts.judge = data::load(text, options.seed).test;
    }
  }
  check_not_empty(parts.train, "train");
  check_not_empty(parts.judge, parts.judged_by);
  check_not_empty(parts.test, "test");
  if (options.patience > 0 && options.monitor != "train_loss" &&
      data::fingerprint(parts.judge) == data::fingerprint(parts.test)) {
    throw ValueError(str("--validation ", options.validation,
                         ": is the test part, which must not decide when to stop: expected another "
                         "data set, a part such as 0.1, or --monitor train_loss"));
  }
  return parts;
}

// Throws where the data of --validation are not of the kind of the training data.
void check_judge(const TrainOptions& options, const ModelInfo& info, const data::Dataset& judge) {
  try {
    check_fits(info, judge);
  } catch (const Error& error) {
    throw ValueError(str("--validation ", options.validation, ": ", error.what()));
  }
}

// Throws where the loss does not take what the model gives and the targets.
void check_loss(const nn::Sequential& model, const ModelInfo& info, data::Dataset train) {
  train.inputs = slice(train.inputs, {{.start = 0, .stop = 1}});
  train.targets = slice(train.targets, {{.start = 0, .stop = 1}});
  try {
    Evaluator(model, nn::make_loss(info.loss)).evaluate(train);
  } catch (const Error& error) {
    throw ValueError(str("--loss ", info.loss, ": ", error.what()));
  }
}

Monitor monitor_of(const std::string& name) {
  if (name == "train_loss") return Monitor::train_loss;
  return name == "validation_loss" ? Monitor::validation_loss : Monitor::validation_accuracy;
}

std::vector<AnyCallback> callbacks_of(const TrainRun& run) {
  const TrainOptions& options = run.options;
  std::vector<AnyCallback> callbacks;
  // First, so that what it remembers has the same place whatever is printed.
  if (options.patience > 0) {
    callbacks.push_back(std::make_shared<EarlyStopping>(
        EarlyStoppingOptions{.monitor = monitor_of(options.monitor),
                             .patience = options.patience,
                             .min_delta = options.min_delta,
                             .restore_best = options.restore_best}));
  }
  callbacks.push_back(std::make_shared<Interruption>());
  if (!options.json && !options.quiet) callbacks.push_back(std::make_shared<ProgressBar>());
  if (!options.quiet) callbacks.push_back(make_epoch_lines(run));
  return callbacks;
}

History fit(Trainer& trainer, const Parts& parts, const TrainRun& run) {
  const TrainOptions& options = run.options;
  constexpr double minute = 60;
  const std::string checkpoint = (std::filesystem::path(run.folder) / checkpoint_file).string();
  std::optional<FinishAtSignals> finish;
  {
    const SignalsWait wait;
    finish.emplace(wait);
  }
  try {
    return trainer.fit(parts.train,
                       {.epochs = options.epochs - trainer.epochs_done(),
                        .batch_size = options.batch_size,
                        .shards = options.shards,
                        .validation = parts.judge,
                        .seed = options.seed,
                        .callbacks = callbacks_of(run),
                        .checkpoint = {.path = checkpoint,
                                       .every_epochs = options.checkpoint_epochs,
                                       .every_steps = options.checkpoint_steps,
                                       .every_seconds = options.checkpoint_minutes * minute,
                                       .info = {{"options", to_text(options)}}}});
  } catch (const Interrupted& interrupted) {
    print_interrupted(run, interrupted.what());
    constexpr int by_signal = 128;
    throw ExitStatus{by_signal + FinishAtSignals::asked()};
  }
}

// That of another run, which must not be taken for one of this run.
void remove_old_checkpoint(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::remove(folder / checkpoint_file, error);
  if (error) {
    throw FileError(str((folder / checkpoint_file).string(), ": cannot remove: ", error.message()));
  }
}

// Trains from the beginning, or from a checkpoint.
void train(const TrainOptions& options, const std::optional<TensorFile>& checkpoint) {
  set_threads(options.threads);
  check_utf8(options);
  const std::string architecture = nn::canonical_architecture(options.model);
  const auto method = optim::make_method(options.optimizer);
  const Parts parts = load_parts(options);
  const nn::Sequential model =
      learning_model(architecture, parts.train.sample_shape(), parts.train.outputs());
  model.initialize(options.seed);
  ModelInfo info = describe(model, parts.train, options.seed);
  info.dataset = name_of(parts.train.name);
  info.architecture = architecture;
  if (!options.loss.empty()) info.loss = nn::make_loss(options.loss).text();
  encode_model(model, info);  // a text that cannot be written is found before the run
  check_loss(model, info, parts.train);
  check_judge(options, info, parts.judge);

  const std::vector<std::string> files = {model_file, history_file, metrics_file, checkpoint_file};
  RunFolder folder =
      options.output.empty()
          ? RunFolder::at_free_place(run_folder_stem(info.dataset, architecture), files)
          : RunFolder(options.output, files);
  const TrainRun run{.options = options,
                     .info = info,
                     .model = model,
                     .method = *method,
                     .train_samples = parts.train.size(),
                     .judge_samples = parts.judge.size(),
                     .judge = parts.judged_by,
                     .trivial_train = evaluate_constant(parts.train, parts.train),
                     .trivial_test = evaluate_constant(parts.train, parts.test),
                     .folder = folder.path().string()};
  Trainer trainer(model, nn::make_loss(info.loss), method);
  if (checkpoint) {
    trainer.resume(*checkpoint, (folder.path() / checkpoint_file).string());
  } else {
    remove_old_checkpoint(folder.path());
  }
  print_start(run);
  const History history = fit(trainer, parts, run);
  const Evaluation test = trainer.evaluate(parts.test);
  folder.write({{model_file, encode_model(model, info)},
                {history_file, to_bytes(history_csv(history, run.judge))},
                {metrics_file, to_bytes(metrics_json(run, history, test))}});
  print_end(run, history, test);
}

void resume(const TrainOptions& given, bool more_epochs) {
  const std::filesystem::path folder = given.resume;
  const std::string path = (folder / checkpoint_file).string();
  if (!is_regular_file(path)) {
    throw FileError(str(given.resume, ": no ", checkpoint_file,
                        " in it: expected the folder of a run that nabla train began"));
  }
  TensorFile checkpoint;
  {
    const RunFolder locked(folder, {});  // a run that still goes on writes to it
    checkpoint = load_checkpoint(path);
  }
  const auto text = checkpoint.metadata.find(train_options_key);
  TrainOptions options =
      train_options_of(text == checkpoint.metadata.end() ? "" : text->second, path);
  if (more_epochs) {
    const RunPlace place = read_record(checkpoint, path).place;
    const std::int64_t begun = place.epochs_done + (place.batches > 0 ? 1 : 0);
    if (given.epochs < begun) {
      throw ValueError(str("--epochs ", given.epochs, ": the run has begun ", begun,
                           ": expected as many or more"));
    }
    // Who asks for more epochs goes on where early stopping has stopped.
    if (given.epochs > begun) checkpoint.metadata.erase("stop_reason");
    options.epochs = given.epochs;
  }
  options.output = given.resume;
  options.threads = given.threads;
  options.json = given.json;
  options.quiet = given.quiet;
  train(options, checkpoint);
}

}  // namespace

void add_train(CLI::App& app) {
  CLI::App* command = app.add_subcommand("train", "Train a model on a data set");
  const auto options = std::make_shared<TrainOptions>();
  add_train_options(*command, *options);
  command->callback([options, command] {
    check_train_options(*command, *options);
    if (!options->resume.empty()) return resume(*options, command->count("--epochs") > 0);
    // One text holds all options of the method, so that a checkpoint does, too.
    options->optimizer = optim::make_method(options->optimizer, options->learning_rate)->text();
    options->learning_rate.reset();
    train(*options, {});
  });
}

}  // namespace nabla::cli
