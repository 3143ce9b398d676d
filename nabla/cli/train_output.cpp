#include "nabla/cli/train_output.h"

#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>

#include "nabla/base/duration.h"
#include "nabla/cli/advice.h"
#include "nabla/cli/run_folder.h"

namespace nabla::cli {
namespace {

using Json = nlohmann::ordered_json;

// Replaces what is not UTF-8, as paths may hold it.
void print_line(const Json& json) {
  std::cout << json.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
}

void add(Json& json, const std::string& what, const Evaluation& evaluation) {
  json[what + "_loss"] = evaluation.loss;
  if (evaluation.accuracy) json[what + "_accuracy"] = *evaluation.accuracy;
}

// As wide as any number of brief() but a negative one.
std::string column(const std::string& number) {
  constexpr int width = 9;  // "1.234e-05"
  return str(std::left, std::setw(width), number);
}

class EpochLines : public Callback {
 public:
  EpochLines(std::string judge, bool json) : judge_(std::move(judge)), json_(json) {}

  void on_epoch_end(Progress& progress, const EpochRecord& record) override {
    json_ ? print_json(progress, record) : print_text(progress, record);
  }

 private:
  void print_text(const Progress& progress, const EpochRecord& record) const {
    const std::string epochs = str(progress.epochs);
    const int width_of_epoch = 2 * static_cast<int>(epochs.size()) + 1;
    std::string line =
        str("epoch ", std::left, std::setw(width_of_epoch), str(record.epoch, "/", epochs),
            "  train loss ", column(brief(record.train_loss)), "  ", judge_, " loss ",
            column(brief(*record.validation_loss)));
    if (record.validation_accuracy) {
      constexpr int width = 8;  // "100.00 %"
      line +=
          str("  ", judge_, " accuracy ", std::setw(width), percent(*record.validation_accuracy));
    }
    std::cout << line << "  " << duration_text(record.seconds) << std::endl;
  }

  void print_json(const Progress& progress, const EpochRecord& record) const {
    Json json = {{"event", "epoch"},
                 {"epoch", record.epoch},
                 {"epochs", progress.epochs},
                 {"train_loss", record.train_loss}};
    add(json, judge_, {*record.validation_loss, record.validation_accuracy});
    json["learning_rate"] = progress.method.learning_rate();
    json["seconds"] = record.seconds;
    json["samples_per_second"] = record.samples_per_second;
    print_line(json);
  }

  std::string judge_;
  bool json_;
};

}  // namespace

void print_start(const TrainRun& run) {
  const TrainOptions& options = run.options;
  if (options.quiet) return;
  const std::size_t classes = run.info.class_names.size();
  if (options.json) {
    return print_line({{"event", "start"},
                       {"dataset", options.dataset},
                       {"train_samples", run.train_samples},
                       {run.judge + "_samples", run.judge_samples},
                       {"classes", classes},
                       {"model", run.info.architecture},
                       {"parameters", run.model.parameter_count()},
                       {"optimizer", run.method.text()},
                       {"learning_rate", run.method.learning_rate()},
                       {"loss", run.info.loss},
                       {"batch_size", options.batch_size},
                       {"epochs", options.epochs},
                       {"seed", options.seed},
                       {"threads", options.threads},
                       {"output", run.folder}});
  }
  std::cout << options.dataset << ": " << run.train_samples << " samples to learn from, "
            << run.judge_samples << (run.judge == "test" ? " to test" : " for validation")
            << (classes != 0 ? str(", ", classes, " classes\n") : "\n") << run.info.architecture
            << ": " << run.model.parameter_count() << " parameters, " << run.method.text()
            << ", learning rate " << shortest(run.method.learning_rate()) << ", " << options.threads
            << (options.threads == 1 ? " thread" : " threads") << std::endl;
}

std::shared_ptr<Callback> make_epoch_lines(const TrainRun& run) {
  return std::make_shared<EpochLines>(run.judge, run.options.json);
}

void print_end(const TrainRun& run, const History& history, const Evaluation& test) {
  const TrainOptions& options = run.options;
  if (options.quiet) return;
  const Advice advice = advise(run, history, test);
  if (options.json) {
    Json json = {
        {"event", "end"}, {"epochs", history.epochs.size()}, {"stop_reason", history.stop_reason}};
    add(json, "test", test);
    json["output"] = run.folder;
    if (!advice.warning.empty()) json["warning"] = advice.warning;
    return print_line(json);
  }
  if (!history.stop_reason.empty()) std::cout << "stopped: " << history.stop_reason << "\n";
  if (test.accuracy) {
    std::cout << "test accuracy " << percent(*test.accuracy) << "\n";
  } else {
    std::cout << "test loss " << brief(test.loss) << "\n";
  }
  std::cout << "the run is in " << run.folder << "\n";
  if (!advice.warning.empty()) {
    std::cout.flush();
    std::cerr << "nabla: warning: " << advice.warning << "\n";
  }
  std::cout << "try next:\n";
  for (const std::string& command : advice.next) std::cout << "  " << command << "\n";
}

void print_interrupted(const TrainRun& run, std::string_view where) {
  const std::string command = str("nabla train --resume ", shell_word(run.folder));
  if (run.options.json) {
    return print_line({{"event", "interrupted"}, {"where", where}, {"resume", command}});
  }
  std::cerr << "nabla: " << where << "; go on with: " << command << "\n";
}

std::string metrics_json(const TrainRun& run, const History& history, const Evaluation& test) {
  const EpochRecord& last = history.epochs.back();
  double seconds = 0;
  for (const EpochRecord& record : history.epochs) seconds += record.seconds;
  const auto epochs = static_cast<double>(history.epochs.size());
  Json metrics = {{"train_loss", last.train_loss}};
  if (run.judge != "test")
    add(metrics, run.judge, {*last.validation_loss, last.validation_accuracy});
  add(metrics, "test", test);
  metrics["epochs"] = history.epochs.size();
  metrics["seconds"] = seconds;
  metrics["samples_per_second"] = epochs * static_cast<double>(run.train_samples) / seconds;
  metrics["seed"] = run.options.seed;
  metrics["threads"] = run.options.threads;
  return metrics.dump(2) + "\n";
}

}  // namespace nabla::cli
