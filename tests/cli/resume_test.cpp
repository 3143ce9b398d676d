// nabla train --resume, signals, and output for programs.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>
#include <tuple>

#include "nabla/base/error.h"
#include "nabla/io/safetensors.h"
#include "tests/cli/tool.h"
#include "tests/support/depth.h"

namespace nabla {
namespace {

using test::contains;
using test::Folder;
using test::lines;
using test::Result;
using test::run;
using test::run_process;
using test::text_of;

const std::string small = "train digits --model \"dense(16) relu dropout(0.2) dense\" --seed 3 ";

std::string losses_of(const std::string& csv) {
  std::istringstream rows(csv);
  std::string row;
  std::string losses;
  while (std::getline(rows, row)) {
    for (int cell = 0, at = 0; cell < 4; ++cell) {
      const std::size_t end = row.find(',', static_cast<std::size_t>(at));
      losses += row.substr(static_cast<std::size_t>(at), end - static_cast<std::size_t>(at)) + ",";
      at = static_cast<int>(end) + 1;
    }
  }
  return losses;
}

void expect_same_run(const Folder& folder, const std::string& a, const std::string& b) {
  EXPECT_EQ(read_file(folder / (a + "/model.safetensors")),
            read_file(folder / (b + "/model.safetensors")));
  EXPECT_EQ(losses_of(text_of(read_file(folder / (a + "/history.csv")))),
            losses_of(text_of(read_file(folder / (b + "/history.csv")))));
}

TEST(Resume, MoreEpochsAreARunOfAllEpochs) {
  const Folder folder;
  ASSERT_EQ(run(folder, small + "--epochs 5 --output whole").status, 0);
  ASSERT_EQ(run(folder, small + "--epochs 2 --output parts").status, 0);
  const Result more = run(folder, "train --resume parts --epochs 5");
  EXPECT_EQ(more.status, 0) << more.error;
  EXPECT_TRUE(contains(more.out, "epoch 3/5")) << more.out;
  expect_same_run(folder, "whole", "parts");
  // A run that is complete ends at once with the same files.
  EXPECT_EQ(run(folder, "train --resume parts").status, 0);
  expect_same_run(folder, "whole", "parts");
}

// A checkpoint that an earlier run left is not taken for one of a later run.
TEST(Resume, ALaterRunInAFolderLeavesNoOldCheckpoint) {
  const Folder folder;
  ASSERT_EQ(run(folder, small + "--output run").status, 0);
  ASSERT_EQ(run(folder, "train digits --model dense --checkpoint-minutes 0 --output run").status,
            0);
  const auto model = read_file(folder / "run/model.safetensors");
  const Result resumed = run(folder, "train --resume run");
  EXPECT_EQ(resumed.status, 1);
  EXPECT_TRUE(contains(resumed.error, "no checkpoint.safetensors in it")) << resumed.error;
  EXPECT_EQ(read_file(folder / "run/model.safetensors"), model);
}

// A patience of 1, and nothing that counts as better: stops behind epoch 2.
TEST(Resume, ARunThatStoppedEarlyGoesOnWithMoreEpochs) {
  const Folder folder;
  const std::string stops =
      small + "--monitor train_loss --patience 1 --min-delta 1e9 --no-restore-best ";
  const Result stopped = run(folder, stops + "--epochs 9 --output parts");
  EXPECT_TRUE(contains(stopped.out, "stopped: no better for 1 epoch; the best was epoch 1"))
      << stopped.out;
  const auto model = read_file(folder / "parts/model.safetensors");
  ASSERT_EQ(run(folder, "train --resume parts").status, 0);
  EXPECT_EQ(read_file(folder / "parts/model.safetensors"), model);
  ASSERT_EQ(run(folder, "train --resume parts --epochs 2").status, 0);
  EXPECT_EQ(read_file(folder / "parts/model.safetensors"), model);

  // Fewer than it was to have once, and more than it has.
  const Result more = run(folder, "train --resume parts --epochs 3");
  EXPECT_TRUE(contains(more.out, "epoch 3/3")) << more.out << more.error;
  ASSERT_EQ(run(folder, small + "--epochs 3 --output whole").status, 0);
  expect_same_run(folder, "whole", "parts");
}

TEST(Resume, WorksFromAnyFolder) {
  const Folder folder;
  std::filesystem::create_directories(folder / "data/points");
  for (const std::string part : {"train", "t10k"}) {
    test::write_part(folder / ("data/points/" + part), 2);
  }
  const std::string train = "train points --model dense --validation ../data/points --output run ";
  std::filesystem::create_directory(folder / "elsewhere");
  const Result begun = run_process(folder, train + "--epochs 1", "cd data && ");
  ASSERT_EQ(begun.status, 0) << begun.error;
  const Result more =
      run_process(folder, "train --resume ../data/run --epochs 2", "cd elsewhere && ");
  EXPECT_EQ(more.status, 0) << more.error;
  EXPECT_TRUE(contains(more.out, "epoch 2/2")) << more.out;
}

// SIGTERM and SIGINT finish the step and say how to go on.
TEST(Resume, SignalsSaveTheRun) {
  const Folder folder;
  ASSERT_EQ(run(folder, small + "--epochs 3 --output whole").status, 0);
  for (const auto& [signal, status] : {std::pair{"TERM", 143}, {"INT", 130}}) {
    // Far more epochs than there is time for.
    const Result stopped = run_process(
        folder, small + "--epochs 100000000 --checkpoint-minutes 0 --output " + signal,
        str("timeout --preserve-status --signal=", signal, test::fewer_will_do() ? " 5" : " 1"));
    EXPECT_EQ(stopped.status, status) << stopped.error;
    EXPECT_TRUE(
        contains(stopped.error, str("interrupted; go on with: nabla train --resume ", signal)))
        << stopped.error;
    EXPECT_EQ(lines(stopped.error), 1);
    EXPECT_TRUE(
        std::filesystem::exists(folder / (std::string(signal) + "/checkpoint.safetensors")));
    EXPECT_FALSE(std::filesystem::exists(folder / (std::string(signal) + "/model.safetensors")));
  }
}

TEST(Resume, MistakesAreNamed) {
  const Folder folder;
  ASSERT_EQ(run(folder, small + "--epochs 2 --output run").status, 0);
  const auto message = [&](const std::string& arguments) {
    const Result result = run(folder, "train " + arguments);
    EXPECT_NE(result.status, 0) << arguments;
    EXPECT_EQ(lines(result.error), 1) << result.error;
    return result.error;
  };
  EXPECT_EQ(message("--resume none"),
            "nabla: none: no checkpoint.safetensors in it: expected the folder of a run that nabla "
            "train began\n");
  EXPECT_TRUE(contains(message("--resume run --model dense"), "--model: --resume takes it from"));
  EXPECT_TRUE(
      contains(message("--resume run --epochs 1"), "the run has begun 2: expected as many"));
  EXPECT_TRUE(contains(message(""), "missing: dataset"));
  EXPECT_TRUE(contains(message("digits --patience 2"), "expected --validation"));
  EXPECT_TRUE(contains(message("digits --validation 1.5"), "above 0 and below 1"));
  EXPECT_TRUE(contains(message("digits --json --quiet"), "--quiet"));

  const std::string path = folder / "run/checkpoint.safetensors";
  const std::vector<std::byte> whole = read_file(path);
  std::vector<std::byte> damaged = whole;
  damaged[damaged.size() - 9] ^= std::byte{4};
  write_file_atomically(path, damaged);
  EXPECT_TRUE(contains(message("--resume run"), "the file is damaged"));
  write_file_atomically(path, std::span(whole).first(whole.size() / 2));
  EXPECT_TRUE(contains(message("--resume run"), "run/checkpoint.safetensors: "));
  write_file_atomically(path, read_file(folder / "run/model.safetensors"));
  EXPECT_TRUE(contains(message("--resume run"), "is no checkpoint"));
  ASSERT_TRUE(std::filesystem::remove(path));
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);  // nobody will ever write to it
  EXPECT_TRUE(contains(message("--resume run"), "no checkpoint.safetensors in it"));
}

TEST(Resume, NotWhileTheRunGoesOn) {
  const Folder folder;
  const Result second = run_process(
      folder, "train --resume run; s=$?; { kill -9 $p; wait $p; } 2>/dev/null; exit $s)",
      str("(", NABLA_TOOL, " ", small,
          "--epochs 100000000 --checkpoint-epochs 1 --output run >/dev/null & p=$!; ",
          "for i in $(seq 500); do [ -e run/checkpoint.safetensors ] && break; sleep 0.02; done;"));
  EXPECT_EQ(second.status, 1);
  EXPECT_TRUE(contains(second.error, "another run is writing to this folder")) << second.error;
}

TEST(TrainOutput, JsonIsOneObjectALine) {
  const Folder folder;
  const Result result =
      run(folder, small + "--epochs 2 --json --validation 0.2 --patience 1 --output run");
  EXPECT_EQ(result.status, 0) << result.error;
  std::istringstream rows(result.out);
  std::vector<std::string> events;
  for (std::string row; std::getline(rows, row);) {
    const auto json = nlohmann::json::parse(row);
    events.push_back(json.at("event"));
    EXPECT_EQ(json.contains("validation_accuracy"), events.back() == "epoch");
    EXPECT_EQ(json.contains("test_accuracy"), events.back() == "end");
  }
  EXPECT_EQ(events, (std::vector<std::string>{"start", "epoch", "epoch", "end"}));
  const Result quiet = run(folder, small + "--epochs 1 --quiet --output quiet");
  EXPECT_EQ(quiet.out + quiet.error, "");
}

// A part of the training data, of each class, is held back; the test part is judged in the end.
TEST(TrainOutput, ValidationIsAPartOfItsOwn) {
  const Folder folder;
  const Result result = run(folder, small + "--epochs 1 --validation 0.25 --output run");
  // 1438 training samples: a quarter of each class, rounded.
  EXPECT_TRUE(contains(result.out, "for validation")) << result.out;
  EXPECT_TRUE(contains(result.out, "validation loss"));
  EXPECT_TRUE(contains(text_of(read_file(folder / "run/history.csv")),
                       "epoch,train_loss,validation_loss,validation_accuracy,"));
  const auto metrics = nlohmann::json::parse(text_of(read_file(folder / "run/metrics.json")));
  EXPECT_TRUE(metrics.contains("validation_loss") && metrics.contains("test_loss"));
  const Result other = run(folder, small + "--epochs 1 --validation digits --output other");
  EXPECT_EQ(other.status, 0) << other.error;
}

// The end of a run says what it was worth, and what fits it.
TEST(TrainOutput, WarnsOfARunThatLearnedNothing) {
  const Folder folder;
  const std::string sgd = "train digits --model dense --optimizer sgd --seed 1 --output ";
  const std::string nothing = sgd + "nothing --learning-rate 1e-9 --epochs 1 ";
  const Result result = run(folder, nothing);
  EXPECT_EQ(result.status, 0) << result.error;
  EXPECT_EQ(lines(result.error), 1) << result.error << result.out;
  EXPECT_TRUE(
      contains(result.error, "nabla: warning: the model has learned nothing: test accuracy "))
      << result.error;
  EXPECT_TRUE(contains(result.error, "such as 1e-08 (it was 1e-09)")) << result.error;
  EXPECT_TRUE(contains(result.out,
                       "try next:\n  nabla train digits --model dense --optimizer sgd "
                       "--learning-rate 1e-08 --epochs 1 --seed 1\n"))
      << result.out;
  EXPECT_TRUE(contains(run(folder, nothing + "--json").out, "\"warning\":\"the model has"));
  const Result quiet = run(folder, nothing + "--quiet");
  EXPECT_EQ(quiet.out + quiet.error, "");

  // Saturated, or dead, from the first steps on; 10.03 % of the test part are of one class.
  const std::vector<std::tuple<std::string, std::string, std::string>> cases = {
      {"dense(16) tanh dense", "30", "the training has diverged: its loss grew from "},
      {"dense(16) relu dense(16) relu dense", "3", "the model has learned nothing: test accuracy "},
  };
  for (const auto& [model, rate, what] : cases) {
    const Result bad = run(folder, str("train digits --model '", model,
                                       "' --optimizer sgd --seed 1 --output bad --epochs 3 "
                                       "--learning-rate ",
                                       rate));
    EXPECT_EQ(bad.status, 0) << bad.error;
    EXPECT_TRUE(contains(bad.error, "nabla: warning: " + what)) << bad.error << bad.out;
    EXPECT_TRUE(contains(bad.error, str(": try a smaller learning rate, such as ",
                                        rate == "30" ? "3" : "0.3", " (it was ", rate, ")")))
        << bad.error;
  }

  // One that still learns can go on; one that has stopped cannot.
  const Result learns = run(folder, sgd + "learns --epochs 2");
  EXPECT_EQ(learns.error, "");
  EXPECT_TRUE(contains(learns.out, "  nabla train --resume learns --epochs 4\n")) << learns.out;
  EXPECT_TRUE(contains(learns.out, "  nabla predict learns digits --output predictions.csv\n"));
  EXPECT_EQ(run(folder, "train --resume learns --epochs 4").status, 0);
  const Result stopped = run(folder, sgd +
                                         "stopped --epochs 9 --monitor train_loss --patience 1 "
                                         "--min-delta 1e9");
  EXPECT_TRUE(contains(stopped.out, "--model 'dense(256) relu dropout(0.2) dense'")) << stopped.out;
}

}  // namespace
}  // namespace nabla
