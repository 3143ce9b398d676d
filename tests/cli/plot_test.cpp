// nabla plot: what it reads, where it writes, and what it refuses.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "nabla/cli/history_csv.h"
#include "nabla/nabla.h"
#include "tests/cli/tool.h"
#include "tests/insight/picture.h"
#include "tests/support/message.h"

namespace nabla::test {
namespace {

const std::string header = "epoch,train_loss,test_loss,test_accuracy,seconds,samples_per_second\n";

void make_run(const Folder& folder, const std::string& name, const std::string& csv) {
  std::filesystem::create_directories(folder / name);
  write_file_atomically(folder / (name + "/history.csv"), bytes_of(csv));
}

std::string content(const std::string& path) { return text_of(read_file(path)); }

TEST(Plot, DrawsRunsWhereItIsTold) {
  const Folder folder;
  ASSERT_EQ(run(folder, quick + "--output runs/first").status, 0);
  ASSERT_EQ(run(folder, quick + "--validation 0.2 --output 'runs/a <b&'").status, 0);

  Result result = run(folder, "plot runs/first/");
  EXPECT_EQ(result.out, "the plot is in runs/first/history.svg\n");
  const std::string single = content(folder / "runs/first/history.svg");
  EXPECT_EQ(xml_fault(single), "");
  EXPECT_TRUE(contains(single, ">first</text>"));
  EXPECT_TRUE(contains(single, ">test</text>"));

  result = run(folder, "plot runs/first 'runs/a <b&'");
  EXPECT_EQ(result.out, "the plot is in plot.svg\n");
  const std::string both = content(folder / "plot.svg");
  EXPECT_EQ(xml_fault(both), "");
  EXPECT_TRUE(contains(both, ">a &lt;b&amp;: validation</text>"));

  result = run(folder, "plot runs/first --output -");
  EXPECT_EQ(result.out, single);
  EXPECT_EQ(result.error, "");
  result = run(folder, "plot --output new.svg runs/first");
  EXPECT_EQ(result.out, "the plot is in new.svg\n");
  EXPECT_EQ(content(folder / "new.svg"), single);
}

// Folders of one name are told apart by their paths.
TEST(Plot, NamesRunsThatAreCalledAlike) {
  const Folder folder;
  make_run(folder, "a/run", header + "1,2,3,0.5,1,1\n");
  make_run(folder, "b/run", header + "1,2,3,0.5,1,1\n");
  const std::string svg = run(folder, "plot a/run b/run --output -").out;
  EXPECT_TRUE(contains(svg, ">a/run: train</text>")) << svg;
  EXPECT_TRUE(contains(svg, ">b/run: test</text>"));
}

// A run that was stopped has only a checkpoint.
TEST(Plot, DrawsARunThatHasNotEnded) {
  const Folder folder;
  run_process(folder, "train digits --epochs 100000 --checkpoint-epochs 1 --quiet --output run",
              "timeout --signal=KILL 2");
  ASSERT_FALSE(std::filesystem::exists(folder / "run/history.csv"));
  const Result result = run(folder, "plot run");
  EXPECT_EQ(result.error, "");
  const std::string svg = content(folder / "run/history.svg");
  EXPECT_EQ(xml_fault(svg), "");
  EXPECT_TRUE(contains(svg, ">test</text>"));
  EXPECT_TRUE(contains(svg, ">accuracy, %</text>"));
}

// Of a program of one's own.
TEST(Plot, DrawsACheckpointWithoutOptions) {
  const Folder folder;
  std::filesystem::create_directory(folder / "run");
  const data::Split digits = data::digits();
  const nn::Sequential model = nn::make_model("dense", {64}, 10);
  Trainer trainer(model, nn::cross_entropy, optim::Sgd({.learning_rate = 0.01}));
  trainer.fit(digits.train, {.epochs = 3,
                             .validation = digits.test,
                             .checkpoint = {.path = folder / "run/checkpoint.safetensors"}});
  const Result result = run(folder, "plot run --output -");
  EXPECT_EQ(result.error, "");
  EXPECT_TRUE(contains(result.out, ">validation</text>"));
}

TEST(HistoryCsv, IsReadBack) {
  const History history{
      .epochs = {{1, 0.5, 0.25, 0.75, 1.5, 100}, {2, 1e30, 1e-12, std::nullopt, 0, 2.5}},
      .stop_reason = ""};
  const auto run = cli::read_history_csv(cli::history_csv(history, "validation"), "h");
  EXPECT_EQ(run.judged_by, "validation");
  ASSERT_EQ(run.epochs.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(run.epochs[i].epoch, history.epochs[i].epoch);
    EXPECT_EQ(run.epochs[i].train_loss, history.epochs[i].train_loss);
    EXPECT_EQ(run.epochs[i].validation_loss, history.epochs[i].validation_loss);
    EXPECT_EQ(run.epochs[i].validation_accuracy, history.epochs[i].validation_accuracy);
    EXPECT_EQ(run.epochs[i].seconds, history.epochs[i].seconds);
    EXPECT_EQ(run.epochs[i].samples_per_second, history.epochs[i].samples_per_second);
  }
}

TEST(HistoryCsv, MayLackColumns) {
  for (const std::string& csv : {std::string("epoch,train_loss\n3,0.5\n7,nan\n"),
                                 std::string("epoch,train_loss\r\n3,0.5\r\n7,nan"),
                                 std::string("more,train_loss,epoch\nx,0.5,3\n,nan,7\n")}) {
    const auto run = cli::read_history_csv(csv, "h");
    ASSERT_EQ(run.epochs.size(), 2U) << csv;
    EXPECT_EQ(run.epochs[0].epoch, 3);
    EXPECT_EQ(run.epochs[0].train_loss, 0.5);
    EXPECT_EQ(run.epochs[1].epoch, 7);
    EXPECT_FALSE(run.epochs[0].validation_loss);
    EXPECT_FALSE(run.epochs[0].validation_accuracy);
  }
}

TEST(HistoryCsv, DamageIsNamedByItsPlace) {
  const std::string row = "1,2,3,0.5,1,1\n";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "h:1:1: expected the header of a history, which has a column epoch"},
      {"epoch;train_loss\n", "h:1:1: expected the header of a history, which has a column epoch"},
      {"epoch,loss\n1,2\n",
       "h:1:1: expected the header of a history, which has a column train_loss"},
      {header, "h: no epochs: expected a row for each below the header"},
      {header + row + "2,x,3,0.5,1,1\n", "h:3:3: expected a number, found \"x\""},
      {header + row + "2,1,3,0.5,1,1x\n", "h:3:13: expected a number, found \"1x\""},
      {header + "1,2,3,0.5,1,\x1b[31m\n", "h:2:13: expected a number, found \"?[31m\""},
      {header + "1,,3,0.5,1,1\n", "h:2:3: expected a number, found \"\""},
      {header + "1,2,1e999,0.5,1,1\n", "h:2:5: expected a number, found \"1e999\""},
      {header + "1,2, 3,0.5,1,1\n", "h:2:5: expected a number, found \" 3\""},
      {header + "1.5,2,3,0.5,1,1\n", "h:2:1: expected the number of an epoch, found \"1.5\""},
      {header + "0,2,3,0.5,1,1\n", "h:2:1: expected an epoch above 0, found 0"},
      {header + row + row, "h:3:1: expected an epoch above 1, found 1"},
      {header + row + "2,1,3", "h:3:5: the row ends with field 3 of 6"},
      {header + row + "\n", "h:3:1: the row ends with field 1 of 6"},
      {header + "1,2,3,0.5,1,1,1\n", "h:2:15: the row ends with field 7 of 6"},
  };
  for (const auto& [csv, message] : cases) {
    EXPECT_EQ(message_of<FileError>([&] { cli::read_history_csv(csv, "h"); }), message) << csv;
  }
}

TEST(Plot, MistakesAreOneLine) {
  const Folder folder;
  make_run(folder, "run", header + "1,2,3,0.5,1,1\n");
  make_run(folder, "damaged", header + "1,2,3,0.5,1,1\n2,y,3,0.5,1,1\n");
  make_run(folder, "empty", header);
  std::filesystem::create_directories(folder / "none");
  std::filesystem::create_directories(folder / "odd/history.csv");
  std::filesystem::create_directories(folder / "taken/history.svg");
  std::filesystem::copy(folder / "run/history.csv", folder / "taken/history.csv");
  std::filesystem::create_directories(folder / "broken");
  write_file_atomically(folder / "broken/checkpoint.safetensors", bytes_of("x"));
  write_file_atomically(folder / "run/model.safetensors", bytes_of("model"));
  struct Mistake {
    std::string arguments;
    int status;
    std::string error;
  };
  const std::vector<Mistake> mistakes = {
      {"", 2, "missing: run; see nabla plot --help"},
      {"run --outptu x", 2, "unknown option \"--outptu\"; did you mean \"--output\"?"},
      {"run --output \"\"", 2, "--output: expected a path, got \"\""},
      {"nowhere", 1, "nowhere: expected the folder of a run, found nothing of this name"},
      {"\"\"", 1, ": expected the folder of a run, found nothing of this name"},
      {"run/history.csv", 1, "run/history.csv: expected the folder of a run, found a file"},
      {"none", 1,
       "none: no history.csv and no checkpoint.safetensors in it: expected the folder of a run"},
      {"odd", 1, "odd/history.csv: cannot read: "},
      {"broken", 1, "broken/checkpoint.safetensors: "},
      {"run empty", 1, "empty/history.csv: no epochs: expected a row for each below the header"},
      {"run damaged", 1, "damaged/history.csv:3:3: expected a number, found \"y\""},
      {"taken", 1, "taken/history.svg: cannot write: expected a file, found a folder"},
      {"run --output no/such/x.svg", 1, "no/such/x.svg: cannot write: No such file or directory"},
      {"run --output none", 1, "none: cannot write: expected a file, found a folder"},
      {"run --output /proc/nabla.svg", 1, "/proc/nabla.svg: cannot write: "},
      {"run --output run/history.csv", 1,
       "--output run/history.csv: is a file of the run run: expected another one, such as "},
      {"run --output run/model.safetensors", 1,
       "--output run/model.safetensors: is a file of the run run: expected another one"},
  };
  const std::string history = content(folder / "run/history.csv");
  const auto entries = folder.entries();
  for (const auto& [arguments, status, error] : mistakes) {
    const Result result = run(folder, "plot " + arguments);
    EXPECT_EQ(result.status, status) << arguments;
    EXPECT_EQ(lines(result.error), 1) << result.error;
    EXPECT_TRUE(result.error.starts_with("nabla: " + error)) << arguments << "\n" << result.error;
    EXPECT_EQ(result.out, "") << arguments;
    EXPECT_EQ(folder.entries(), entries) << arguments;
  }
  EXPECT_EQ(content(folder / "run/history.csv"), history);
  EXPECT_EQ(content(folder / "run/model.safetensors"), "model");
  EXPECT_FALSE(std::filesystem::exists(folder / "run/history.svg"));
}

}  // namespace
}  // namespace nabla::test
