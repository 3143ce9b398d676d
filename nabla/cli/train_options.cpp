#include "nabla/cli/train_options.h"

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "nabla/base/error.h"
#include "nabla/optim/methods.h"

namespace nabla::cli {
namespace {

constexpr std::int64_t most_shards = 4096;

// What a run that goes on may be told anew.
constexpr std::array<std::string_view, 5> of_this_call = {"resume", "epochs", "threads", "json",
                                                          "quiet"};

std::string optimizers_help() {
  return str("Rules of --optimizer, such as \"adam(learning_rate=3e-4, beta1=0.8)\":\n",
             help_text(optim::method_infos()));
}

bool is_utf8(const std::string& text) {
  try {
    static_cast<void>(nlohmann::json(text).dump());
    return true;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

// The path of a folder of data, from wherever the run goes on; other texts stay.
std::string from_any_folder(const std::string& data) {
  std::error_code error;
  if (data::is_known(data) || !std::filesystem::is_directory(data, error)) return data;
  const std::string path = std::filesystem::absolute(data).lexically_normal().string();
  return is_utf8(path) ? path : data;  // a folder above it is not UTF-8: goes on only from here
}

}  // namespace

void add_train_options(CLI::App& command, TrainOptions& options) {
  command.add_option("dataset", options.dataset,
                     "Data set: fashion-mnist, digits, or a folder with four IDX files");
  command.add_option("--model", options.model, "Layers up to the scores")->capture_default_str();
  command.add_option("--optimizer", options.optimizer, "Update rule or minimiser")
      ->capture_default_str();
  command
      .add_option("--learning-rate", options.learning_rate,
                  "Size of a step; default: that of the rule; above 0")
      ->transform(decimal_number());
  command.add_option("--loss", options.loss,
                     "What is made smaller; default: cross_entropy for classes, else "
                     "mean_squared_error");
  add_whole_number<std::int64_t>(command, "--batch-size", options.batch_size,
                                 "Samples in a step; 0: all")
      ->capture_default_str();
  add_whole_number<std::int64_t>(command, "--shards", options.shards,
                                 "Equal parts of a step, whose gradients are added", 1, most_shards)
      ->capture_default_str();
  add_whole_number<std::int64_t>(command, "--epochs", options.epochs, "Times through the data", 1)
      ->capture_default_str();
  add_whole_number<std::uint64_t>(command, "--seed", options.seed,
                                  "Chooses first weights, order of the samples, and splits of data")
      ->capture_default_str();
  command.add_option("--validation", options.validation,
                     "Judge each epoch by a part of the training data, such as 0.1, or by the test "
                     "part of another data set; default: by the test part");
  add_whole_number<std::int64_t>(command, "--patience", options.patience,
                                 "Stop when so many epochs have brought nothing better; 0: never")
      ->capture_default_str();
  command.add_option("--monitor", options.monitor, "What must get better")
      ->check(CLI::IsMember({"validation_loss", "validation_accuracy", "train_loss"}))
      ->capture_default_str();
  command
      .add_option("--min-delta", options.min_delta,
                  "By how much a better value must be better, in the unit of --monitor; at least 0")
      ->transform(decimal_number(at_least(0)))
      ->capture_default_str();
  command.add_flag("--restore-best,!--no-restore-best", options.restore_best,
                   "With --patience: end with the model of the best epoch (default)");
  add_whole_number<std::int64_t>(command, "--checkpoint-epochs", options.checkpoint_epochs,
                                 "Write what --resume needs behind every so many epochs; 0: never")
      ->capture_default_str();
  add_whole_number<std::int64_t>(command, "--checkpoint-steps", options.checkpoint_steps,
                                 "The same behind every so many steps; 0: never")
      ->capture_default_str();
  command
      .add_option("--checkpoint-minutes", options.checkpoint_minutes,
                  "The same when so many minutes have gone by; 0: never; at least 0")
      ->transform(decimal_number(at_least(0)))
      ->capture_default_str();
  command
      .add_option("--resume", options.resume,
                  "Run folder whose run is to go on, with the options that it was given; "
                  "--epochs can be more")
      ->check(path_to_write());
  add_threads(command, options.threads);
  command
      .add_option("--output", options.output,
                  "Run folder; default: runs/<dataset>-<model>-<number>")
      ->check(path_to_write())
      ->check([](const std::string& path) {
        return path == standard_stream ? "expected a folder: a run leaves several files" : "";
      });
  CLI::Option* json = command.add_flag("--json", options.json, "Print one JSON object a line");
  command.add_flag("--quiet", options.quiet, "Print nothing but errors")->excludes(json);
  command.footer(str(layers_help(), "\n", optimizers_help(),
                     "\nExample:\n  nabla train fashion-mnist --model \"dense(128) relu dense\" "
                     "--optimizer adam --learning-rate 1e-3 \\\n        --batch-size 128 "
                     "--epochs 5 --seed 1 --threads 2 --output runs/first"));
}

void check_train_options(const CLI::App& command, const TrainOptions& options) {
  const auto fail = [](const std::string& what) {
    throw CLI::ValidationError(what, CLI::ExitCodes::ValidationError);
  };
  if (options.resume.empty()) {
    if (options.dataset.empty()) throw CLI::RequiredError("dataset");
    for (const char* name : {"--monitor", "--min-delta", "--restore-best"}) {
      if (options.patience == 0 && command.count(name) > 0) {
        fail(str(name, ": says how --patience stops a run: expected --patience, too"));
      }
    }
    if (options.patience > 0 && options.validation.empty() && options.monitor != "train_loss") {
      fail(
          "--patience: the test part must not decide when to stop: expected --validation, such as "
          "--validation 0.1, or --monitor train_loss");
    }
    return;
  }
  for (const CLI::Option* option : command.get_options()) {
    const std::string name = option->get_single_name();
    if (option->count() == 0 || std::ranges::find(of_this_call, name) != of_this_call.end())
      continue;
    fail(str(option->get_name(),
             ": --resume takes it from the run: leave it out (--epochs, --threads, --json and "
             "--quiet can be given)"));
  }
}

void check_utf8(const TrainOptions& options) {
  const auto check = [](std::string_view what, const std::string& text) {
    if (is_utf8(text)) return;
    throw ValueError(str(what, quote(text),
                         " is not UTF-8, as the record of a run must be: expected another name"));
  };
  check("data set ", options.dataset);
  check("--validation ", options.validation);
  check("--model ", options.model);
  check("--loss ", options.loss);
}

std::string to_text(const TrainOptions& o) {
  const nlohmann::ordered_json json = {{"dataset", from_any_folder(o.dataset)},
                                       {"model", o.model},
                                       {"optimizer", o.optimizer},
                                       {"loss", o.loss},
                                       {"batch_size", o.batch_size},
                                       {"shards", o.shards},
                                       {"epochs", o.epochs},
                                       {"seed", o.seed},
                                       {"validation", from_any_folder(o.validation)},
                                       {"monitor", o.monitor},
                                       {"patience", o.patience},
                                       {"min_delta", o.min_delta},
                                       {"restore_best", o.restore_best},
                                       {"checkpoint_epochs", o.checkpoint_epochs},
                                       {"checkpoint_steps", o.checkpoint_steps},
                                       {"checkpoint_minutes", o.checkpoint_minutes}};
  return json.dump();
}

TrainOptions train_options_of(const std::string& text, const std::string& source) {
  TrainOptions o;
  try {
    const auto json = nlohmann::json::parse(text);
    json.at("dataset").get_to(o.dataset);
    json.at("model").get_to(o.model);
    json.at("optimizer").get_to(o.optimizer);
    json.at("loss").get_to(o.loss);
    json.at("batch_size").get_to(o.batch_size);
    json.at("shards").get_to(o.shards);
    json.at("epochs").get_to(o.epochs);
    json.at("seed").get_to(o.seed);
    json.at("validation").get_to(o.validation);
    json.at("monitor").get_to(o.monitor);
    json.at("patience").get_to(o.patience);
    json.at("min_delta").get_to(o.min_delta);
    json.at("restore_best").get_to(o.restore_best);
    json.at("checkpoint_epochs").get_to(o.checkpoint_epochs);
    json.at("checkpoint_steps").get_to(o.checkpoint_steps);
    json.at("checkpoint_minutes").get_to(o.checkpoint_minutes);
  } catch (const nlohmann::json::exception& error) {
    throw FileError(str(source, ": the options of the run cannot be read: ", error.what(),
                        ": expected a checkpoint of nabla train"));
  }
  return o;
}

}  // namespace nabla::cli
