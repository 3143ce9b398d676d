#include "nabla/cli/advice.h"

#include <algorithm>

#include "nabla/base/syntax.h"
#include "nabla/cli/run_folder.h"
#include "nabla/optim/methods.h"

namespace nabla::cli {
namespace {

constexpr double another_rate = 10;  // by what factor a learning rate is changed

const std::string larger_model = "dense(256) relu dropout(0.2) dense";

// nabla train with the options of the run, but for what is to be another.
std::string train_command(const TrainRun& run, const std::string& model, const std::string& rate) {
  const TrainOptions& options = run.options;
  Term method = parse_term("optimizer", run.method.text());
  std::erase_if(method.arguments,
                [](const TermArgument& argument) { return argument.name == "learning_rate"; });
  std::string command = str("nabla train ", shell_word(options.dataset), " --model ",
                            shell_word(model), " --optimizer ", shell_word(text_of(method)),
                            " --learning-rate ", rate, " --epochs ", options.epochs);
  if (options.batch_size != TrainOptions().batch_size) {
    command += str(" --batch-size ", options.batch_size);
  }
  if (options.seed != 0) command += str(" --seed ", options.seed);
  if (!options.loss.empty()) command += str(" --loss ", shell_word(options.loss));
  if (!options.validation.empty()) {
    command += str(" --validation ", shell_word(options.validation));
  }
  if (options.patience > 0) {
    command += str(" --patience ", options.patience, " --monitor ", options.monitor);
  }
  return command;
}

bool has_diverged(const TrainRun& run, const History& history) {
  const double last = history.epochs.back().train_loss;
  return last > history.epochs.front().train_loss && last > run.trivial_train.loss;
}

// No better than the answer that does not look at the inputs.
bool has_learned_nothing(const TrainRun& run, const Evaluation& test) {
  if (test.accuracy) return *test.accuracy <= *run.trivial_test.accuracy;
  return test.loss >= run.trivial_test.loss;
}

// Whether the last epoch was the best one.
bool still_learns(const History& history) {
  const auto best = std::ranges::min_element(history.epochs, {}, [](const EpochRecord& record) {
    return record.validation_loss.value_or(record.train_loss);
  });
  return history.stop_reason.empty() && best == history.epochs.end() - 1;
}

void add_warned(Advice& advice, const TrainRun& run, const History& history,
                const Evaluation& test) {
  const double rate = run.method.learning_rate();
  const auto warn = [&](const std::string& what, bool smaller) {
    const double other = smaller ? rate / another_rate : rate * another_rate;
    advice.warning = str(what, ": try ", smaller ? "a smaller" : "more epochs, or a larger",
                         " learning rate, such as ", brief(other), " (it was ", brief(rate), ")");
    advice.next.push_back(train_command(run, run.info.architecture, brief(other)));
  };
  const double first = history.epochs.front().train_loss;
  if (has_diverged(run, history)) {
    return warn(str("the training has diverged: its loss grew from ", brief(first), " to ",
                    brief(history.epochs.back().train_loss)),
                true);
  }
  // A rate above the usual one, or a loss far above that of knowing nothing, was too large.
  const double usual = optim::make_method(run.method.name())->learning_rate();
  const bool was_thrown_off = std::ranges::any_of(history.epochs, [&](const EpochRecord& record) {
    return record.train_loss > 2 * run.trivial_train.loss;
  });
  const std::string trivial =
      test.accuracy ? str("test accuracy ", percent(*test.accuracy),
                          " is no more than that of always answering the likeliest class, ",
                          percent(*run.trivial_test.accuracy))
                    : str("test loss ", brief(test.loss),
                          " is no less than that of always answering the mean, ",
                          brief(run.trivial_test.loss));
  warn("the model has learned nothing: " + trivial, was_thrown_off || rate > usual);
}

// What fits a run that went well.
std::string next_run(const TrainRun& run, const History& history) {
  const std::string rate = shortest(run.method.learning_rate());
  const TrainOptions& options = run.options;
  if (!still_learns(history) && options.patience == 0) {
    return str(train_command(run, run.info.architecture, rate),
               options.validation.empty() ? " --validation 0.1" : "", " --patience 3");
  }
  if (!still_learns(history) && run.info.architecture != larger_model) {
    return train_command(run, larger_model, rate);
  }
  return str("nabla train --resume ", shell_word(run.folder), " --epochs ",
             2 * history.epochs.back().epoch);
}

}  // namespace

Advice advise(const TrainRun& run, const History& history, const Evaluation& test) {
  Advice advice;
  const bool is_warned = has_diverged(run, history) || has_learned_nothing(run, test);
  if (is_warned) {
    add_warned(advice, run, history, test);
  } else {
    const std::string folder = shell_word(run.folder);
    advice.next = {"nabla inspect " + folder,
                   str("nabla predict ", folder, " ", shell_word(run.options.dataset),
                       " --output predictions.csv"),
                   next_run(run, history)};
  }
  return advice;
}

}  // namespace nabla::cli
