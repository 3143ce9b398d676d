// The tool as users meet it: arguments, output and an exit status.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "nabla/nn/architecture.h"
#include "nabla/train/model_file.h"
#include "tests/cli/tool.h"
#include "tests/support/depth.h"

namespace nabla::test {
namespace {

TEST(Tool, TrainsEvaluatesPredictsAndInspects) {
  const Folder folder;
  const Result trained = run_process(folder, quick + "--seed 3 --threads 1 --output runs/first");
  ASSERT_EQ(trained.status, 0) << trained.error;
  EXPECT_TRUE(contains(trained.out, "the run is in runs/first")) << trained.out;
  EXPECT_TRUE(contains(trained.out, "359 to test, 10 classes\n")) << trained.out;
  EXPECT_EQ(trained.error, "");  // no progress bar where nobody looks

  const auto metrics = nlohmann::json::parse(read_file(folder / "runs/first/metrics.json"));
  EXPECT_EQ(metrics["epochs"], 2);
  EXPECT_EQ(metrics["seed"], 3);
  EXPECT_EQ(metrics["threads"], 1);
  for (const char* key :
       {"train_loss", "test_loss", "test_accuracy", "seconds", "samples_per_second"}) {
    EXPECT_GT(metrics[key].get<double>(), 0) << key;
  }
  const std::string history = text_of(read_file(folder / "runs/first/history.csv"));
  EXPECT_EQ(lines(history), 3) << history;

  const std::string model = "runs/first/model.safetensors";
  const Result evaluated = run(folder, "evaluate " + model + " digits");
  EXPECT_EQ(evaluated.status, 0) << evaluated.error;
  // The split is that of the run's seed, so the accuracy is the one that training ended with.
  const std::string last = trained.out.substr(trained.out.rfind("test accuracy") + 14);
  EXPECT_TRUE(contains(evaluated.out, "accuracy  " + last.substr(0, last.find('\n'))))
      << evaluated.out;

  const Result predicted = run(folder, "predict " + model + " digits --output p.csv");
  EXPECT_EQ(predicted.status, 0) << predicted.error;
  const std::string csv = text_of(read_file(folder / "p.csv"));
  EXPECT_EQ(csv.substr(0, csv.find('\n')), "sample,prediction,0,1,2,3,4,5,6,7,8,9");
  EXPECT_EQ(lines(csv), 360);
  EXPECT_EQ(run(folder, "predict " + model + " digits").out, csv);

  const Result inspected = run(folder, "inspect " + model);
  EXPECT_TRUE(contains(inspected.out, "dense(16) relu dense\n")) << inspected.out;
  EXPECT_TRUE(contains(inspected.out, "dense_2.bias")) << inspected.out;
  const Result data = run(folder, "inspect digits");
  EXPECT_TRUE(contains(data.out, "u8[1438, 8, 8]  0 to 16")) << data.out;
}

TEST(Tool, TheSameRunGivesTheSameFileOnAnyThreads) {
  const Folder folder;
  const std::string train =
      "train digits --model \"dense(300) tanh dense(300) relu dropout(0.1) dense\" "
      "--batch-size 500 --epochs " +
      str(fewer_will_do() ? "1 " : "2 ");
  const std::string best = "NABLA_ISA=";  // whatever the tests themselves run with
  const std::vector<std::pair<std::string, std::string>> runs = {{best, "--threads 1"},
                                                                 {best, "--threads 1"},
                                                                 {best, "--threads 2"},
                                                                 {best, "--threads 3"},
                                                                 {"NABLA_ISA=avx2", "--threads 1"}};
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto& [before, options] = runs[i];
    const std::string name = str("run", i);
    const Result result = run_process(folder, train + options + " --output " + name, before);
    ASSERT_EQ(result.status, 0) << result.error;
    EXPECT_EQ(read_file(folder / (name + "/model.safetensors")),
              read_file(folder / "run0/model.safetensors"))
        << before << " " << options;
  }
}

TEST(Tool, LearnsRealImagesWhereTheyAreInstalled) {
  if (!std::filesystem::exists("/usr/share/datasets/fashion-mnist")) {
    GTEST_SKIP() << "dataset-fashion-mnist is not installed";
  }
  const Folder folder;
  const std::string model = fewer_will_do() ? "--model dense " : "";
  const Result result =
      run(folder, "train fashion-mnist --epochs 1 --seed 1 --output run " + model);
  ASSERT_EQ(result.status, 0) << result.error;
  const auto metrics = nlohmann::json::parse(read_file(folder / "run/metrics.json"));
  EXPECT_GT(metrics["test_accuracy"].get<double>(), 0.8);
}

TEST(Tool, Benchmarks) {
  const Folder folder;
  for (const char* arguments : {"--input 1x4x4 --classes 10", "--input 2 --outputs 1"}) {
    const Result result = run(folder, str("bench --model \"dense(8) tanh dense\" --json "
                                          "--batch-size 4 --optimizer adam ",
                                          arguments));
    ASSERT_EQ(result.status, 0) << result.error;
    const auto json = nlohmann::json::parse(result.out);
    for (const char* key : {"step_microseconds", "step_microseconds_min", "step_microseconds_max",
                            "samples_per_second", "gflops", "peak_fraction"}) {
      EXPECT_GT(json[key].get<double>(), 0) << key;
    }
    EXPECT_EQ(json.size(), 6U);
  }
  const Result profile = run(folder, "bench --classes 10 --input 4 --profile");
  EXPECT_TRUE(contains(profile.out, "dense_1")) << profile.out << profile.error;
}

TEST(Tool, ListsItsOps) {
  const Folder folder;
  EXPECT_TRUE(contains(run(folder, "ops").out, "matmul"));
  const std::string markdown = run(folder, "ops --markdown").out;
  EXPECT_TRUE(contains(markdown, "| `matmul` | 2 | multilinear |"));
  EXPECT_TRUE(contains(markdown, "\\|x\\|"));
}

TEST(Tool, EveryCommandHelpsWithAnExample) {
  const Folder folder;
  for (const std::string command :
       {"train", "evaluate", "predict", "inspect", "plot", "bench", "ops"}) {
    const Result result = run(folder, command + " --help");
    EXPECT_EQ(result.status, 0);
    EXPECT_TRUE(contains(result.out, "Example:\n  nabla " + command)) << result.out;
  }
  EXPECT_EQ(run(folder, "--help").status, 0);
}

struct Mistake {
  std::string arguments;
  int status;
  std::string error;
  std::string before = "";
};

// Every mistake is one line on standard error, nothing on standard output, nothing on the disk.
// Below the message stand the text and a ^ under the place.
TEST(Tool, MistakesInTextsShowThePlace) {
  const Folder folder;
  const Result result = run(folder, "train digits --optimizer 'adam(beta3=1)'");
  EXPECT_EQ(result.status, 1);
  EXPECT_TRUE(result.error.ends_with("\n  adam(beta3=1)\n       ^\n")) << result.error;
}

TEST(Tool, MistakesAreNamedAndLeaveNothingBehind) {
  const std::vector<Mistake> mistakes = {
      {"", 2, "expected a command: train, evaluate, predict, inspect, plot, bench, ops, layers"},
      {"--bogus", 2, "unknown option \"--bogus\"; known: --help, --version; see nabla --help"},
      {"tran digits", 2, "unknown command \"tran\"; did you mean \"train\"?"},
      {"train", 2, "missing: dataset; see nabla train --help"},
      {"train digits --epoch 3", 2, "unknown option \"--epoch\"; did you mean \"--epochs\"?"},
      {"train --epoch=3", 2, "unknown option \"--epoch\"; did you mean \"--epochs\"?"},
      {"-x train", 2, "unknown option \"-x\""},
      {"tran digits --epochs 3", 2, "unknown command \"tran\"; did you mean \"train\"?"},
      {"train --dataset digits", 2, "unknown option \"--dataset\"; known: --help, --model"},
      {"bench --clases 2", 2, "unknown option \"--clases\"; did you mean \"--classes\"?"},
      {"inspect digits more", 2, "unexpected argument: more; see nabla inspect --help"},
      {"inspect", 2, "missing: file; see nabla inspect --help"},
      {"train digits --epochs 1 --epochs 3", 2, "--epochs: given 2 times: expected once"},
      {"train digits --json --json", 2, "--json: given 2 times: expected once"},
      {"train digits --patience 2 --validation 0.1 --restore-best --no-restore-best", 2,
       "--restore-best: given 2 times: expected once"},
      {"train digits --epochs", 2, "--epochs: expected a value behind it"},
      {"train digits --json --quiet", 2, "--json and --quiet: expected one of them"},
      {"train digits --min-delta 1", 2, "--min-delta: says how --patience stops a run"},
      {"train digits --monitor train_loss", 2, "--monitor: says how --patience stops a run"},
      {"train digits --no-restore-best", 2, "--restore-best: says how --patience stops a run"},
      {"train digits --patience 1 --monitor train_loss --min-delta -1", 2,
       "--min-delta: expected at least 0, got \"-1\""},
      {"train digits --checkpoint-minutes -1", 2, "--checkpoint-minutes: expected at least 0"},
      {"train digits --checkpoint-minutes nan", 2,
       "--checkpoint-minutes: expected a number such as 0.001 or 1e-3, got \"nan\""},
      {"train digits --checkpoint-minutes inf", 2,
       "--checkpoint-minutes: expected a number such as 0.001 or 1e-3, got \"inf\""},
      {"train digits --patience 2 --min-delta inf", 2, "--min-delta: expected a number such as"},
      {"train digits --validation fashion-mnist", 1, "no such folder",
       "FASHION_MNIST_DIR=/nowhere"},
      {"bench --classes 2 --outputs 2", 2, "expected one of --classes and --outputs"},
      {"train digits --epochs x", 2,
       "--epochs: expected a whole number from 1 to 9223372036854775807, got \"x\"; see nabla "
       "train --help"},
      {"train digits --epochs 9223372036854775808", 2, "--epochs: expected a whole number"},
      {"train digits --threads 0x2", 2, "--threads: expected a whole number from 1 to 4096"},
      {"train digits --seed -1", 2,
       "--seed: expected a whole number from 0 to 18446744073709551615"},
      {"train digits --seed 18446744073709551616", 2, "--seed: expected a whole number from 0"},
      {"bench", 2, "expected one of --classes and --outputs; see nabla bench --help"},
      {"bench --classes 2 --json --profile", 2, "--profile and --json: expected one of them"},
      {"bench --classes 2 --batch-size 9223372036854775807", 1, "f32[9223372036854775807, 784]"},
      {"bench --classes 2 --input 1x1x1x1x1x1x1x1", 2, "is no shape"},
      {"evaluate m.safetensors digits --part all", 2, "--part"},
      {"train digit", 1, "unknown data set \"digit\""},
      {"train digits --model \"dense rleu\"", 1, "did you mean \"relu\"?"},
      {"train digits --model relu", 1, "expected [10]; end it with dense"},
      {"train digits --model \"dense(10000000) dense\"", 1, "dense"},
      {"train digits --optimizer adan", 1, "did you mean \"adam\"?"},
      {"train digits --learning-rate 0", 1, "adam: learning_rate 0: expected above 0"},
      {"train digits --learning-rate 0x10", 2,
       "--learning-rate: expected a number such as 0.001 or 1e-3, got \"0x10\""},
      {"train digits --learning-rate 1e-3x", 2, "--learning-rate: expected a number"},
      {"train digits --learning-rate 1e999", 2, "--learning-rate: expected a number"},
      {"train digits --epochs 0", 2,
       "--epochs: expected a whole number from 1 to 9223372036854775807"},
      {"train digits --batch-size -1", 2,
       "--batch-size: expected a whole number from 0 to 9223372036854775807"},
      {"train digits --threads 0", 2, "--threads: expected a whole number from 1 to 4096"},
      {"bench --classes 2 --batch-size -1", 2, "--batch-size: expected a whole number from 1"},
      {"train digits --threads 4097", 2, "--threads: expected a whole number from 1 to 4096"},
      {"inspect \"a\rb\033[31m.safetensors\"", 1, "nabla: a b [31m.safetensors: cannot"},
      {"train digits --output new/" + std::string(300, 'a'), 1, "File name too long"},
      {"train digits --output /proc/nabla/run", 1, "/proc/nabla/run: cannot make this folder"},
      {"train digits --output /dev/null", 1, "/dev/null"},
      {"train digits --output \"\"", 2, "--output: expected a path, got \"\"; see nabla train"},
      {"train --resume \"\"", 2, "--resume: expected a path, got \"\"; see nabla train"},
      {"train digits --loss mean_squared_error", 1,
       "--loss mean_squared_error: mean_squared_error: prediction [1, 10], target [1]: expected "
       "the "
       "same shape; labels of classes take cross_entropy"},
      {"train digits --patience 1 --validation digits", 1,
       "--validation digits: is the test part, which must not decide when to stop"},
      {"predict m digits --output \"\"", 2, "--output: expected a path, got \"\""},
      {"inspect none.safetensors", 1, "none.safetensors: cannot read: No such file or directory"},
      {"inspect none", 1, "unknown data set \"none\""},
      {"bench --input 28x --classes 10", 2, "--input: \"28x\" is no shape"},
      {"bench --classes 0", 2,
       "--classes: expected a whole number from 1 to 9223372036854775807, got \"0\""},
      {"bench --outputs 0", 2,
       "--outputs: expected a whole number from 1 to 9223372036854775807, got \"0\""},
      {"bench --model relu --input 10 --classes 10", 1,
       "--model \"relu\" has no parameters: expected a layer that learns, such as dense"},
      {"ops", 1, "NABLA_ISA=sse: expected avx512, avx2 or scalar", "NABLA_ISA=sse"},
      {"train fashion-mnist", 1, "dataset-fashion-mnist", "FASHION_MNIST_DIR=/nowhere"},
      {"train " + std::string(300, 'a'), 1, "unknown data set"},
  };
  const Folder folder;
  for (const Mistake& mistake : mistakes) {
    const Result result = mistake.before.empty()
                              ? run(folder, mistake.arguments)
                              : run_process(folder, mistake.arguments, mistake.before);
    EXPECT_EQ(result.status, mistake.status) << mistake.arguments << "\n" << result.error;
    EXPECT_EQ(lines(result.error), contains(result.error, ", position ") ? 3 : 1) << result.error;
    EXPECT_EQ(result.error.substr(0, 7), "nabla: ");
    EXPECT_TRUE(contains(result.error, mistake.error)) << mistake.arguments << "\n" << result.error;
    EXPECT_EQ(result.out, "") << mistake.arguments;
    EXPECT_EQ(folder.entries(), 0) << mistake.arguments;
  }
}

// The system's limit is met by starting threads, of which oneTBB would die.
TEST(Tool, NamesThreadsThatTheSystemDoesNotStart) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer needs the memory that is limited here";
#endif
  const Folder folder;
  const Result result =
      run_process(folder, quick + "--threads 64", "ulimit -s 8192; ulimit -v 300000;");
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(lines(result.error), 1) << result.error;
  EXPECT_TRUE(contains(result.error, "nabla: threads: expected as many as the system starts, "))
      << result.error;
  EXPECT_TRUE(contains(result.error, ", got 64 (")) << result.error;
  EXPECT_EQ(folder.entries(), 0);
}

TEST(Tool, InspectShowsControlCharactersEscaped) {
  const Folder folder;
  const nn::Sequential model = nn::make_model("dense", {2}, 2);
  save_model(folder / "m", model,
             {.architecture = "dense",
              .input_shape = {2},
              .outputs = 2,
              .class_names = {"a\033[31m\n", "b"},
              .dataset = "d\x7f"});
  const Result result = run(folder, "inspect m");
  EXPECT_TRUE(contains(result.out, "classes: a\\x1b[31m\\x0a, b\n")) << result.out;
  EXPECT_TRUE(contains(result.out, "learned from  d\\x7f, seed 0\n")) << result.out;
}

// Finite weights whose scores are not.
TEST(Tool, ResultsThatAreNotFiniteAreErrors) {
  const Folder folder;
  ASSERT_EQ(run(folder, "train digits --model softmax --epochs 1 --output run").status, 0);
  auto bytes = read_file(folder / "run/model.safetensors");
  const float huge = 3e38F;
  const std::size_t values = (64 * 10 + 10) * sizeof(huge);
  for (std::size_t at = bytes.size() - values; at < bytes.size(); at += sizeof(huge)) {
    std::memcpy(&bytes[at], &huge, sizeof(huge));
  }
  write_file_atomically(folder / "m", bytes);
  for (const char* command : {"evaluate", "predict"}) {
    const Result result = run(folder, str(command, " m digits"));
    EXPECT_EQ(result.status, 1) << command;
    EXPECT_EQ(result.out, "") << command;
    EXPECT_EQ(lines(result.error), contains(result.error, ", position ") ? 3 : 1) << result.error;
    EXPECT_TRUE(contains(result.error, "too large")) << result.error;
  }
}

// `script` gives the tool a terminal, and takes what it prints there.
TEST(Tool, AnErrorErasesTheProgressBar) {
  const Folder folder;
  if (std::system("command -v script >/dev/null") != 0) GTEST_SKIP() << "script is not installed";
  const auto on_terminal = [&](const char* name) {
    const std::string command =
        str("cd ", folder.path(), " && TERM=", name, " script -qec '", NABLA_TOOL,
            " train digits --optimizer sgd --learning-rate 1e30 --output run' /dev/null >seen "
            "</dev/null");
    EXPECT_NE(std::system(command.c_str()), 0);
    return text_of(read_file(folder / "seen"));
  };
  const std::string seen = on_terminal("xterm");
  EXPECT_TRUE(contains(seen, "epoch 1/5 [")) << seen;
  EXPECT_TRUE(contains(seen, "\r\033[Knabla: epoch 1")) << seen;
  EXPECT_FALSE(contains(on_terminal("dumb"), "["));
}

TEST(Tool, ReadsAModelFromAPipe) {
  const Folder folder;
  ASSERT_EQ(run(folder, quick + "--output run").status, 0);
  const std::string inspected = run(folder, "inspect run/model.safetensors").out;
  EXPECT_EQ(run_process(folder, "inspect /dev/stdin", "cat run/model.safetensors |").out,
            inspected);
}

TEST(Tool, ModelAndDataMustFit) {
  const Folder folder;
  ASSERT_EQ(run(folder, quick + "--output run").status, 0);
  const auto bytes = read_file(folder / "run/model.safetensors");
  write_file_atomically(folder / "short", std::span(bytes).first(bytes.size() / 2));
  const Result result = run(folder, "evaluate short digits");
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.error.substr(0, 12), "nabla: short");
  const Result unwritable = run(folder, "predict run/model.safetensors digits --output none/p.csv");
  EXPECT_EQ(unwritable.status, 1);
  EXPECT_TRUE(contains(unwritable.error, "none/p.csv")) << unwritable.error;
  EXPECT_EQ(run_process(folder, "ops >/dev/full; test $? = 1 && echo").status, 0);
  EXPECT_EQ(run_process(folder, "--help >/dev/full; test $? = 1 && echo").status, 0);
}

// A run folder stands for its model, "-" for standard input and output.
TEST(Tool, TakesRunFoldersAndStandardStreams) {
  const Folder folder;
  ASSERT_EQ(run(folder, quick + "--output run").status, 0);
  const std::string model = "run/model.safetensors";
  for (const std::string arguments : {"evaluate @ digits", "predict @ digits", "inspect @"}) {
    const auto with = [&](const std::string& what) {
      std::string all = arguments;
      return all.replace(all.find('@'), 1, what);
    };
    const Result expected = run(folder, with(model));
    EXPECT_EQ(expected.status, 0) << expected.error;
    for (const std::string& place : {std::string("run"), std::string("run/")}) {
      EXPECT_EQ(run(folder, with(place)).out, expected.out) << place;
    }
    EXPECT_EQ(run_process(folder, with("-") + " <" + model).out, expected.out);
    EXPECT_EQ(run_process(folder, with("-"), "cat " + model + " |").out, expected.out);
  }
  const std::string csv = run(folder, "predict run digits").out;
  EXPECT_EQ(run(folder, "predict run digits --output -").out, csv);
  EXPECT_FALSE(std::filesystem::exists(folder / "-"));

  write_file_atomically(folder / "image",
                        bytes_of(std::string("\0\0\x08\x03\0\0\0\1\0\0\0\x08\0\0\0\x08", 16) +
                                 std::string(64, '\7')));
  const std::string image = run(folder, "predict run image").out;
  EXPECT_EQ(lines(image), 2);
  EXPECT_EQ(run_process(folder, "predict run - <image").out, image);
  EXPECT_EQ(run_process(folder, "predict run -", "gzip -c image |").out, image);
  EXPECT_EQ(run_process(folder, "inspect - <image").out, run(folder, "inspect image").out);

  std::filesystem::create_directories(folder / "empty");
  std::filesystem::create_directories(folder / "begun");
  std::filesystem::copy_file(folder / model, folder / "begun/checkpoint.safetensors");
  const std::vector<std::pair<std::string, std::string>> mistakes = {
      {"predict - -", "standard input holds the model or the data"},
      {"predict run - --part train <image", "--part and --seed: expected a data set, got standard"},
      {"predict run - --output image <image", "--output image: is the data set"},
      {"predict run digits --output run/model.safetensors", "is the model"},
      {"predict run - </dev/null", "standard input: cannot read: expected a file"},
      {"predict run - <" + model, "standard input: no IDX file"},
      {"evaluate run - <image", "evaluate needs labels"},
      {"train - <image", "unknown data set \"-\""},
      {"train digits --output -", "--output: expected a folder"},
      {"evaluate empty digits", "empty: no model.safetensors in it: expected a model file"},
      {"predict begun digits", "the run has not ended; go on with nabla train --resume begun"},
  };
  for (const auto& [arguments, expected] : mistakes) {
    const Result result = run_process(folder, arguments);
    EXPECT_NE(result.status, 0) << arguments;
    EXPECT_EQ(lines(result.error), 1) << result.error;
    EXPECT_TRUE(contains(result.error, expected)) << arguments << "\n" << result.error;
  }
}

// Whoever wrote it.
TEST(Tool, InspectsAnySafetensorsFile) {
  const Folder folder;
  const std::string header =
      R"({"__metadata__":{"format":"pt"},"layer.weight":{"dtype":"BF16","shape":[2,1],)"
      R"("data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})";
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(header.size());
  write_file_atomically(folder / "other", bytes_of(bytes + header + std::string(8, '\0')));
  EXPECT_EQ(run(folder, "inspect other").out,
            "tensors  2\nformat   pt\n  layer.weight  BF16  [2, 1]\n  b             F32   [1]\n");
  ASSERT_EQ(run(folder, "train digits --epochs 1 --output run").status, 0);
  const Result checkpoint = run(folder, "inspect run/checkpoint.safetensors");
  EXPECT_TRUE(contains(checkpoint.out, "  model.dense_1.weight")) << checkpoint.error;
}

// In a folder that is no longer there, what needs no folder goes on, and all else names it.
TEST(Tool, NamesAWorkingDirectoryThatIsGone) {
  const Folder folder;
  ASSERT_EQ(run(folder, quick + "--output run").status, 0);
  const std::string before = "mkdir gone && cd gone && rmdir ../gone &&";
  const std::vector<std::string> lost = {"train digits --epochs 1",
                                         "train digits --output run",
                                         "train points",
                                         "inspect points",
                                         "evaluate run digits",
                                         "predict " + (folder / "run") + " digits --output p.csv"};
  for (const std::string& arguments : lost) {
    const Result result = run_process(folder, arguments, before);
    EXPECT_EQ(result.status, 1) << arguments;
    EXPECT_EQ(lines(result.error), 1) << result.error;
    EXPECT_TRUE(result.error.ends_with(
        "; the working directory is gone: change to a folder that is there\n"))
        << arguments << "\n"
        << result.error;
    EXPECT_FALSE(contains(result.error, "filesystem error")) << result.error;
  }
  const std::vector<std::string> found = {"inspect digits",
                                          "evaluate " + (folder / "run") + " digits",
                                          "train digits --epochs 1 --output " + (folder / "new")};
  for (const std::string& arguments : found) {
    const Result result = run_process(folder, arguments, before);
    EXPECT_EQ(result.status, 0) << arguments << "\n" << result.error;
  }
}

// Every option that takes a number says in the help what numbers.
TEST(Tool, TheHelpHasTheRangeOfEveryNumber) {
  const Folder folder;
  std::int64_t numbers = 0;
  for (const std::string command : {"train", "evaluate", "predict", "inspect", "bench", "ops"}) {
    std::istringstream rows(run(folder, command + " --help").out);
    std::string row;
    while (std::getline(rows, row)) {
      const bool is_number =
          contains(row, " INT") || contains(row, " UINT") || contains(row, " FLOAT");
      if (!row.starts_with("  --") || !is_number) continue;
      ++numbers;
      std::string next;
      if (row.size() < 32) std::getline(rows, next);  // a long name has its text below
      row += next;
      EXPECT_TRUE(contains(row, "; at least ") || contains(row, "; above ") ||
                  contains(row, " to "))
          << row;
    }
  }
  EXPECT_GT(numbers, 12);
}

TEST(Tool, ColumnsAreAligned) {
  const Folder folder;
  // A default that is longer than the usual column.
  std::istringstream rows(run(folder, "layers").out);
  std::vector<std::size_t> columns;
  for (std::string row; std::getline(rows, row);) {
    const std::size_t name = row.find_first_not_of(' ');
    columns.push_back(row.find_first_not_of(' ', row.find("  ", name)));
  }
  EXPECT_EQ(std::ranges::count(columns, columns[0]), std::ssize(columns));

  const Result trained = run(folder, "train digits --model dense --epochs 10 --output run");
  std::istringstream lines_of_epochs(trained.out);
  std::vector<std::size_t> places;
  for (std::string row; std::getline(lines_of_epochs, row);) {
    if (row.starts_with("epoch ")) places.push_back(row.find(" %"));
  }
  ASSERT_EQ(places.size(), 10U) << trained.out << trained.error;
  EXPECT_EQ(std::ranges::count(places, places[0]), 10) << trained.out;
}

}  // namespace
}  // namespace nabla::test
