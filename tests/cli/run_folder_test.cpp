// Run folders: their names, and what is in them when a run fails, is stopped or is not alone.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>

#include "tests/cli/tool.h"
#include "tests/support/depth.h"

namespace nabla::test {
namespace {

TEST(Tool, NamesRunFoldersByItself) {
  const Folder folder;
  for (const char* name : {"digits-dense16-relu-dense-1", "digits-dense16-relu-dense-2"}) {
    EXPECT_EQ(run(folder, quick).status, 0);
    EXPECT_TRUE(std::filesystem::exists(folder / str("runs/", name, "/model.safetensors")));
  }
  // A link that leads nowhere takes a name, too.
  std::filesystem::create_symlink("/nowhere", folder / "runs/digits-dense16-relu-dense-3");
  EXPECT_TRUE(contains(run(folder, quick).out, "the run is in runs/digits-dense16-relu-dense-4\n"));

  const Folder other;
  std::filesystem::create_symlink("runs", other / "runs");  // to itself
  const Result result = run(other, quick);
  EXPECT_EQ(result.status, 1);
  EXPECT_TRUE(contains(result.error, "runs/digits-dense16-relu-dense-1: cannot make this folder: "))
      << result.error;
}

// All look for a free name in the same moment.
TEST(Tool, RunsAtTheSameTimeTakeFoldersOfTheirOwn) {
  const Folder folder;
  constexpr int runs = 6;
  std::vector<std::jthread> threads;
  for (int i = 0; i < runs; ++i) {
    threads.emplace_back([&] { EXPECT_EQ(run_process(folder, quick + "--threads 1").status, 0); });
  }
  threads.clear();
  for (int n = 1; n <= runs; ++n) {
    EXPECT_TRUE(std::filesystem::exists(
        folder / str("runs/digits-dense16-relu-dense-", n, "/model.safetensors")));
  }
}

// A run that fails half-way takes its new folder away, and leaves an earlier run as it was.
TEST(Tool, WhatStoodBeforeStillStands) {
  const Folder folder;
  const std::string diverging = "train digits --optimizer sgd --learning-rate 1e30 --output run";
  Result result = run(folder, diverging);
  EXPECT_EQ(result.status, 1);
  EXPECT_TRUE(contains(result.error, "lower the learning rate")) << result.error;
  EXPECT_EQ(lines(result.error), 1);
  EXPECT_EQ(folder.entries(), 0);

  ASSERT_EQ(run(folder, quick + "--output run").status, 0);
  const auto model = read_file(folder / "run/model.safetensors");
  const auto history = read_file(folder / "run/history.csv");
  EXPECT_EQ(run(folder, diverging).status, 1);
  // A disk that is full for the model: no file may be longer than a few kilobytes.
  result = run_process(folder, quick + "--seed 9 --output run", "ulimit -f 2 && trap '' XFSZ &&");
  EXPECT_EQ(result.status, 1);
  EXPECT_TRUE(contains(result.error, "model.safetensors")) << result.error;
  EXPECT_EQ(read_file(folder / "run/model.safetensors"), model);
  EXPECT_EQ(read_file(folder / "run/history.csv"), history);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder / "run"), {}), 3);
}

TEST(Tool, AFileBeyondTheLimitIsAnError) {
  const Folder folder;
  const Result result = run_process(folder, quick + " --output run", "ulimit -f 4;");
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.error, "nabla: run/model.safetensors: cannot write: File too large\n");
  EXPECT_FALSE(std::filesystem::exists(folder / "run"));
}

// A signal other than INT and TERM ends the program as it would any other, and takes the empty
// folder away.
TEST(Tool, ASignalLeavesNothingBehind) {
  const Folder folder;
  const std::string train =
      "train digits --epochs 100000000 --checkpoint-minutes 0 --output new/run";
  for (const char* name : {"HUP", "USR1"}) {
    const Result result = run_process(folder, train, str("timeout --signal=", name, " 1"));
    EXPECT_TRUE(contains(result.out, "epoch 1/")) << name << "\n" << result.error;
    EXPECT_EQ(folder.entries(), 0) << name;
  }
  run_process(folder, train + " | head -n 1");
  EXPECT_EQ(folder.entries(), 0);
}

// Other files in a run folder are their owner's, and so is a link that leads nowhere.
TEST(Tool, WhatIsNotTheRunsIsLeftAlone) {
  const Folder folder;
  std::filesystem::create_directory(folder / "run");
  write_file_atomically(folder / "run/model.safetensors.new", bytes_of("mine"));
  write_file_atomically(folder / "run/.nabla-writable", bytes_of("mine"));
  EXPECT_EQ(run(folder, quick + "--output run").status, 0);
  EXPECT_EQ(text_of(read_file(folder / "run/model.safetensors.new")), "mine");
  EXPECT_EQ(text_of(read_file(folder / "run/.nabla-writable")), "mine");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder / "run"), {}), 5);

  std::filesystem::create_symlink("/nowhere/run", folder / "link");
  for (const char* name : {"link", "link/", "link/run"}) {
    const Result result = run(folder, quick + "--output " + name);
    EXPECT_EQ(result.status, 1);
    EXPECT_TRUE(contains(result.error, "cannot make this folder")) << result.error;
    EXPECT_TRUE(std::filesystem::is_symlink(folder / "link")) << name;
  }
}

const std::string in_use =
    "another run is writing to this folder: wait for its end, or give another one\n";

// One run at a time has a folder: the second says so, and the first one's files stay whole.
TEST(Tool, AFolderIsOneRunsAtATime) {
  const Folder folder;
  const std::string endless =
      str(NABLA_TOOL, " train digits --epochs 100000000 --checkpoint-minutes 0 --output ");
  const std::string wait_for_run = "while [ ! -e run ]; do sleep 0.01; done; sleep 0.2; ";
  for (const char* name : {"run", "run/", "./run", "link"}) {
    std::filesystem::remove(folder / "link");
    std::filesystem::create_symlink("run", folder / "link");
    // Killed: what it left is no lock.
    const Result second = run_process(
        folder,
        quick + "--output " + name + "; s=$?; { kill -9 $p; wait $p; } 2>/dev/null; exit $s)",
        str("(", endless, "run >/dev/null & p=$!; ", wait_for_run));
    EXPECT_EQ(second.status, 1) << name;
    EXPECT_EQ(second.error, str("nabla: ", name, ": ", in_use));
    EXPECT_EQ(second.out, "") << name;
    EXPECT_TRUE(std::filesystem::exists(folder / "run")) << name;
    EXPECT_EQ(run(folder, quick + "--output run").status, 0) << name;
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder / "run"), {}), 3);
    std::filesystem::remove_all(folder / "run");
  }
}

// Of many in the same moment, those that end well wrote all three files: seed and model agree.
TEST(Tool, FilesOfARunStayTogether) {
  const Folder folder;
  std::vector<std::jthread> threads;
  std::atomic<int> ended_well = 0;
  for (int seed = 1; seed <= 6; ++seed) {
    threads.emplace_back([&, seed] {
      const Result result =
          run_process(folder, str(quick, "--threads 1 --output run --seed ", seed));
      if (result.status == 0) ++ended_well;
      EXPECT_EQ(result.error, result.status == 0 ? "" : "nabla: run: " + in_use);
    });
  }
  threads.clear();
  EXPECT_GE(ended_well, 1);
  const std::string metrics = text_of(read_file(folder / "run/metrics.json"));
  const std::string seed = metrics.substr(metrics.find("\"seed\": ") + 8, 1);
  EXPECT_TRUE(contains(run(folder, "inspect run/model.safetensors").out, seed));
  ASSERT_EQ(run(folder, str(quick, "--output alone --seed ", seed)).status, 0);
  EXPECT_EQ(read_file(folder / "run/model.safetensors"),
            read_file(folder / "alone/model.safetensors"));
}

// As somebody may who clears up.
TEST(Tool, MakesItsFolderAnewWhereAnotherRunTookItAway) {
  const Folder folder;
  const Result result =
      run_process(folder,
                  "train digits --model dense --checkpoint-minutes 0 --output run --epochs " +
                      str(fewer_will_do() ? 200 : 2000),
                  "{ (while [ ! -e run ]; do sleep 0.01; done; sleep 0.2; rmdir run) & } &&");
  EXPECT_EQ(result.status, 0) << result.error;
  EXPECT_TRUE(std::filesystem::exists(folder / "run/model.safetensors"));
}

TEST(Tool, ALinkToAClosedPlaceIsFoundBeforeTheRun) {
  const Folder folder;
  std::filesystem::create_directory(folder / "run");
  std::filesystem::create_symlink("/proc/none", folder / "run/metrics.json");
  const Result result = run(folder, quick + "--output run");
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(contains(result.error, "run/metrics.json: cannot write: ")) << result.error;
}

TEST(Tool, ANameThatIsTakenIsFoundBeforeTheRun) {
  const Folder folder;
  std::filesystem::create_directories(folder / "run/metrics.json");
  const Result result = run(folder, quick + "--output run");
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.error,
            "nabla: run/metrics.json: cannot write: expected a file, found a folder\n");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder / "run"), {}), 1);
}

TEST(Tool, SaysWhatToTryNextInWordsForAShell) {
  const Folder folder;
  const Result result = run(folder, quick + "--output \"it's a run\"");
  EXPECT_TRUE(contains(result.out, "inspect 'it'\\''s a run'\n")) << result.out;
  EXPECT_TRUE(contains(run(folder, quick + "--seed 010").out, "inspect runs/")) << result.out;
}

}  // namespace
}  // namespace nabla::test
