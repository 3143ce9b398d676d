// nabla bench: how fast training steps are.
#include <algorithm>
#include <array>
#include <chrono>
#include <iomanip>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "nabla/base/duration.h"
#include "nabla/base/parallel.h"
#include "nabla/base/random.h"
#include "nabla/base/text.h"
#include "nabla/cli/commands.h"
#include "nabla/kernels/isa.h"
#include "nabla/kernels/peak.h"
#include "nabla/nn/architecture.h"
#include "nabla/optim/rules.h"
#include "nabla/plan/capture.h"
#include "nabla/train/model_file.h"

namespace nabla::cli {
namespace {

constexpr double micro = 1e6;
constexpr double giga = 1e-9;

struct Options {
  std::string model = "dense(128) relu dense";
  std::string input = "784";
  std::int64_t classes = 0;
  std::int64_t outputs = 0;
  std::int64_t batch_size = 32;
  std::string optimizer = "sgd";
  int threads = 1;
  bool json = false;
  bool profile = false;
};

// Different batches that lie in memory: one that stays in the cache would flatter.
std::vector<Tensors> make_batches(const Options& options, const Shape& sample) {
  constexpr std::size_t count = 100;
  Shape shape{options.batch_size};
  for (const std::int64_t extent : sample) shape.push_back(extent);
  const auto fill = [](Tensor tensor, Random& random) {
    std::generate_n(tensor.writable_data<float>(), tensor.size(),
                    [&] { return static_cast<float>(random.bits() >> 8) * 0x1p-24F; });
    return tensor;
  };
  std::vector<Tensors> batches;
  for (std::size_t i = 0; i < count; ++i) {
    Random random(0, i);
    const Tensor x = fill(Tensor::empty({DType::f32, shape}), random);
    if (options.classes != 0) {
      Tensor labels = Tensor::empty({DType::i64, {options.batch_size}});
      std::generate_n(labels.writable_data<std::int64_t>(), labels.size(),
                      [&] { return random.below(static_cast<std::uint32_t>(options.classes)); });
      batches.push_back({x, labels});
    } else {
      batches.push_back(
          {x, fill(Tensor::empty({DType::f32, {options.batch_size, options.outputs}}), random)});
    }
  }
  return batches;
}

// Floating-point operations of the matrix products in a step: forward, gradient of the weights, and
// gradient of the inputs for all layers but the first.
double flops_of(const nn::Layer& model, std::int64_t batch_size) {
  double flops = 0;
  double products = 2;
  for (const State& parameter : model.parameters()) {
    const Shape shape = parameter.spec().shape;
    if (shape.rank() != 2) continue;
    flops += products * 2 * static_cast<double>(batch_size * shape.elements());
    products = 3;
  }
  return flops;
}

struct Times {
  double median, least, most;  // seconds a step
};

Times measure(Captured& step, const std::vector<Tensors>& batches) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::duration<double> warm_up(0.1);
  constexpr std::chrono::duration<double> long_enough(0.05);
  constexpr int repetitions = 11;
  const auto run = [&](std::chrono::duration<double> wanted) {
    std::int64_t steps = 0;
    const auto begin = Clock::now();
    std::chrono::duration<double> time{};
    while (time < wanted) {
      for (const Tensors& batch : batches) step(batch);
      steps += static_cast<std::int64_t>(batches.size());
      time = Clock::now() - begin;
    }
    return time.count() / static_cast<double>(steps);
  };
  run(warm_up);
  std::vector<double> times(repetitions);
  for (double& time : times) time = run(long_enough);
  std::ranges::sort(times);
  return {times[times.size() / 2], times.front(), times.back()};
}

// A line for each kernel call of the plan: arithmetic speed where it multiplies matrices, else how
// fast it goes through memory.
void print_profile(const std::vector<StepInfo>& steps) {
  const auto line = [](const auto&... cells) {
    constexpr std::array<int, 5> widths = {9, 14, 10, 40, 0};
    std::size_t i = 0;
    ((std::cout << std::left << std::setw(widths[i++]) << cells << " "), ...);
    std::cout << "\n";
  };
  line("us", "speed", "layer", "shapes", "ops");
  double total = 0;
  for (const StepInfo& step : steps) {
    const bool product = step.op.starts_with("matmul");
    const double speed = (product ? step.flops : step.bytes) / step.seconds * giga;
    line(brief(step.seconds * micro), brief(speed) + (product ? " GFLOP/s" : " GB/s"), step.layer,
         step.shapes, step.op);
    total += step.seconds;
  }
  line(brief(total * micro), "", "", "", "all");
}

// What was measured, of one step.
struct Result {
  Times times;
  double samples_per_second;
  double flops;  // a second
  double peak;   // the most flops a second that this processor reaches
};

void print_json(const Result& result) {
  const nlohmann::ordered_json json = {{"step_microseconds", result.times.median * micro},
                                       {"step_microseconds_min", result.times.least * micro},
                                       {"step_microseconds_max", result.times.most * micro},
                                       {"samples_per_second", result.samples_per_second},
                                       {"gflops", result.flops * giga},
                                       {"peak_fraction", result.flops / result.peak}};
  std::cout << json.dump(2) << "\n";
}

void print_text(const Result& result, const Options& options) {
  const Times& times = result.times;
  std::cout << nn::canonical_architecture(options.model) << ", batch " << options.batch_size << ", "
            << options.optimizer << ", " << options.threads
            << (options.threads == 1 ? " thread, " : " threads, ") << isa() << "\n"
            << duration_text(times.median) << " a step (" << duration_text(times.least) << " to "
            << duration_text(times.most) << ")\n"
            << brief(result.samples_per_second) << " samples/s\n"
            << brief(result.flops * giga) << " GFLOP/s, " << percent(result.flops / result.peak)
            << " of the measured " << brief(result.peak * giga) << "\n";
}

void bench(const Options& options) {
  set_threads(options.threads);
  const Shape sample = parse_extents(options.input);
  const nn::Sequential model =
      learning_model(options.model, sample, options.classes + options.outputs);
  const nn::Loss loss = options.classes != 0 ? nn::cross_entropy : nn::mean_squared_error;
  const auto optimizer = optim::make_optimizer(options.optimizer);
  optimizer->attach(model.parameters());
  Captured step([&](const Tensors& in) -> Tensors {
    return {optimizer->minimize([&] { return loss(model(in[0]), in[1]); })};
  });
  const std::vector<Tensors> batches = make_batches(options, sample);
  if (options.profile) {
    constexpr int repetitions = 1000;
    Plan& plan = step.plan({batches[0][0].spec(), batches[0][1].spec()});
    return print_profile(plan.profile(batches[0], repetitions));
  }
  const Times times = measure(step, batches);
  const Result result{.times = times,
                      .samples_per_second = static_cast<double>(options.batch_size) / times.median,
                      .flops = flops_of(model, options.batch_size) / times.median,
                      .peak = measure_peak_flops()};
  if (options.json) return print_json(result);
  print_text(result, options);
}

}  // namespace

void add_bench(CLI::App& app) {
  CLI::App* command = app.add_subcommand("bench", "Time training steps on made-up data");
  const auto options = std::make_shared<Options>();
  command->add_option("--model", options->model, "Layers up to the scores")->capture_default_str();
  const auto is_shape = [](const std::string& text) -> std::string {
    try {
      parse_extents(text);
      return "";
    } catch (const std::exception& error) {
      return error.what();
    }
  };
  command->add_option("--input", options->input, "Shape of a sample, such as 784 or 1x28x28")
      ->check(is_shape)
      ->capture_default_str();
  CLI::App* target = command->add_option_group("target");
  add_whole_number<std::int64_t>(*target, "--classes", options->classes,
                                 "Learn labels of so many classes by cross-entropy", 1);
  add_whole_number<std::int64_t>(*target, "--outputs", options->outputs,
                                 "Learn so many numbers by mean squared error", 1);
  target->require_option(1);
  add_whole_number<std::int64_t>(*command, "--batch-size", options->batch_size, "Samples in a step",
                                 1)
      ->capture_default_str();
  command->add_option("--optimizer", options->optimizer, "Update rule")->capture_default_str();
  add_threads(*command, options->threads);
  CLI::Option* profile =
      command->add_flag("--profile", options->profile,
                        "List the kernel calls of a step instead, each timed on its own");
  command->add_flag("--json", options->json, "Print one JSON object")->excludes(profile);
  command->footer(str(layers_help(),
                      "\nExample:\n  nabla bench --model \"dense(128) relu dense\" --input 784 "
                      "--classes 10 --batch-size 32 --optimizer sgd --threads 1"));
  command->callback([options] { bench(*options); });
}

}  // namespace nabla::cli
