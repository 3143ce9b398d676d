// nabla plot: pictures of how training went.
#include <filesystem>
#include <iostream>
#include <memory>
#include <set>

#include "nabla/base/error.h"
#include "nabla/base/file.h"
#include "nabla/base/text.h"
#include "nabla/cli/commands.h"
#include "nabla/cli/history_csv.h"
#include "nabla/cli/run_folder.h"
#include "nabla/cli/signals.h"
#include "nabla/cli/train_options.h"
#include "nabla/train/checkpoint.h"
#include "nabla/train/run_record.h"

namespace nabla::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> runs;
  std::string output;
};

// Of a run that has not come to its end.
insight::NamedHistory history_of_checkpoint(const std::string& path) {
  const TensorFile checkpoint = load_checkpoint(path);
  insight::NamedHistory run{.name = {}, .epochs = read_record(checkpoint, path).epochs};
  // A program of one's own has no options of nabla train.
  const auto text = checkpoint.metadata.find(train_options_key);
  if (text != checkpoint.metadata.end()) {
    run.judged_by = judge_of(train_options_of(text->second, path));
  }
  if (run.epochs.empty()) {
    throw FileError(path + ": the run has not finished an epoch: expected at least one");
  }
  return run;
}

insight::NamedHistory history_of(const std::string& run) {
  std::error_code error;  // what cannot be looked at is no folder
  if (!fs::is_directory(run, error)) {
    throw FileError(str(run, ": expected the folder of a run, found ",
                        fs::exists(run, error) ? "a file" : "nothing of this name"));
  }
  const std::string history = (fs::path(run) / history_file).string();
  const std::string checkpoint = (fs::path(run) / checkpoint_file).string();
  if (!fs::exists(history, error) && is_file(checkpoint)) return history_of_checkpoint(checkpoint);
  if (!fs::exists(history, error)) {
    throw FileError(str(run, ": no ", history_file, " and no ", checkpoint_file,
                        " in it: expected the folder of a run of nabla train"));
  }
  const std::vector<std::byte> bytes = read_file(history);
  return read_history_csv({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, history);
}

// Runs by the names of their folders; by their paths where names are equal.
std::vector<insight::NamedHistory> histories_of(const std::vector<std::string>& runs) {
  std::vector<insight::NamedHistory> histories;
  std::set<std::string> names;
  for (const std::string& run : runs) {
    histories.push_back(history_of(run));
    histories.back().name = last_name(run);
    names.insert(histories.back().name);
  }
  const bool are_different = names.size() == runs.size();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (!are_different || histories[i].name.empty()) histories[i].name = runs[i];
  }
  return histories;
}

// A picture must not replace what it is made from, nor a model.
void check_output(const Options& options) {
  std::error_code error;
  const fs::path target = fs::weakly_canonical(options.output, error);  // links are followed
  if (target.extension() == ".svg" || !is_file(target.string())) return;
  for (const std::string& run : options.runs) {
    if (!fs::equivalent(target.parent_path(), run, error)) continue;
    throw ValueError(str("--output ", options.output, ": is a file of the run ", run,
                         ": expected another one, such as history.svg"));
  }
}

void plot(Options options) {
  const std::string picture = insight::draw_history(histories_of(options.runs));
  if (options.output == standard_stream) {
    std::cout << picture;
    return;
  }
  if (options.output.empty()) {
    const bool single = options.runs.size() == 1;
    options.output =
        single ? (fs::path(options.runs.front()) / "history.svg").string() : "plot.svg";
  }
  check_output(options);
  {
    const SignalsWait wait;
    write_file_atomically(options.output, to_bytes(picture));
  }
  std::cout << "the plot is in " << options.output << "\n";
}

}  // namespace

void add_plot(CLI::App& app) {
  CLI::App* command = app.add_subcommand("plot", "Draw the losses and accuracies of runs");
  const auto options = std::make_shared<Options>();
  command->add_option("run", options->runs, "Folders of runs, drawn in one picture")->required();
  command
      ->add_option("--output", options->output,
                   "SVG file; -: standard output; default: history.svg in the folder of a single "
                   "run, plot.svg here for several")
      ->check(path_to_write());
  command->footer(
      "Example:\n  nabla plot runs/first\n  nabla plot runs/first runs/second --output both.svg");
  command->callback([options] { plot(*options); });
}

}  // namespace nabla::cli
