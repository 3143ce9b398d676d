// The tool on files and folders of its user's own.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/cli/tool.h"

namespace nabla::test {
namespace {

TEST(Tool, NamesADataSetWithoutItsFolders) {
  const Folder folder;
  const std::string name = "here/points";
  std::filesystem::create_directories(folder / name);
  for (const std::string part : {"/train", "/t10k"}) write_part(folder / (name + part), 2);
  const Result trained = run(folder, "train " + name + "/ --output run");
  EXPECT_EQ(trained.status, 0) << trained.error;
  for (const std::string& here : {name + "/", name + "/../points/."}) {
    EXPECT_EQ(run(folder, "train " + here + " --epochs 1").status, 0) << here;
  }
  for (const char* n : {"1", "2"}) {
    EXPECT_TRUE(std::filesystem::exists(folder / str("runs/points-dense128-relu-dense-", n))) << n;
  }
  const std::string inspected = run(folder, "inspect run/model.safetensors").out;
  EXPECT_TRUE(contains(inspected, "learned from  points, seed 0\n")) << inspected;
}

TEST(Tool, PredictsImagesWithoutLabels) {
  const Folder folder;
  std::filesystem::create_directory(folder / "points");
  for (const std::string part : {"points/train", "points/t10k"}) write_part(folder / part, 2);
  ASSERT_EQ(run(folder, "train points --output run").status, 0);
  const std::string predict = "predict run/model.safetensors ";
  const Result predicted = run(folder, predict + "points/t10k-images-idx3-ubyte");
  EXPECT_EQ(predicted.status, 0) << predicted.error;
  EXPECT_EQ(predicted.out, run(folder, predict + "points").out);
  EXPECT_EQ(lines(predicted.out), 3);
  const Result labels = run(folder, predict + "points/t10k-labels-idx1-ubyte --output p.csv");
  EXPECT_EQ(labels.status, 1);
  EXPECT_TRUE(contains(labels.error, "the model takes inputs [1, 1], data set ")) << labels.error;
  const Result model = run(folder, predict + "run/model.safetensors --output p.csv");
  EXPECT_EQ(model.status, 1);
  EXPECT_TRUE(contains(model.error, "run/model.safetensors: no IDX file")) << model.error;
  const Result part = run(folder, predict + "points/t10k-images-idx3-ubyte --part train");
  EXPECT_EQ(part.status, 1);
  EXPECT_TRUE(contains(part.error, "--part and --seed: expected a data set")) << part.error;
  EXPECT_FALSE(std::filesystem::exists(folder / "p.csv"));

  // Bytes are scaled as those that the model learned from.
  ASSERT_EQ(run(folder, "train digits --epochs 1 --output d").status, 0);
  write_file_atomically(folder / "image",
                        bytes_of(std::string("\0\0\x08\x03\0\0\0\1\0\0\0\x08\0\0\0\x08", 16) +
                                 std::string(64, '\7')));
  EXPECT_EQ(lines(run(folder, "predict d/model.safetensors image").out), 2);

  // A file beside the program does not stand for a data set that nabla knows.
  write_file_atomically(folder / "digits", bytes_of("mine"));
  EXPECT_TRUE(contains(run(folder, predict + "digits").error, "the model takes inputs [1, 1]"));
  EXPECT_TRUE(contains(run(folder, "inspect digits").out, "u8[1438, 8, 8]"));
  // Floats are not what this model learned from.
  write_file_atomically(
      folder / "floats",
      bytes_of(std::string("\0\0\x0d\x03\0\0\0\1\0\0\0\1\0\0\0\1", 16) + std::string(4, '\0')));
  EXPECT_TRUE(
      contains(run(folder, predict + "floats").error, "data set \"floats\" gives them times 1"));
}

// Also from a pipe, which is read once.
TEST(Tool, InspectsAnArray) {
  const Folder folder;
  write_part(folder / "part", 2);
  const std::string seen = "array  u8[2, 1, 1]  0 to 1\n";
  EXPECT_EQ(run(folder, "inspect part-images-idx3-ubyte").out, seen);
  EXPECT_EQ(run(folder, "inspect part-labels-idx1-ubyte").out, "array  u8[2]  0 to 1\n");
  EXPECT_EQ(run_process(folder, "inspect /dev/stdin", "gzip -c part-images-idx3-ubyte |").out,
            seen);
  const Result cut =
      run_process(folder, "inspect /dev/stdin", "head -c 17 part-images-idx3-ubyte |");
  EXPECT_EQ(cut.status, 1);
  EXPECT_TRUE(contains(cut.error, "the file is too short (byte 16)")) << cut.error;
}

// Root may read what is closed to others, but for this.
std::string without_privileges() {
  return ::geteuid() == 0 ? "setpriv --bounding-set=-dac_override,-dac_read_search" : "";
}

TEST(Tool, NamesADataSetThatIsClosed) {
  if (std::system((without_privileges() + " true").c_str()) != 0) {
    GTEST_SKIP() << "root cannot give up its privileges here";
  }
  const Folder folder;
  std::filesystem::create_directories(folder / "closed/points");
  std::filesystem::permissions(folder / "closed", std::filesystem::perms::none);
  for (const std::string command : {"train ", "inspect "}) {
    const Result result = run_process(folder, command + "closed/points", without_privileges());
    EXPECT_EQ(result.status, 1);
    EXPECT_EQ(result.error, "nabla: closed/points: cannot read: Permission denied\n");
  }
  const Result result = run_process(folder, quick + "--output closed/run", without_privileges());
  EXPECT_EQ(result.error, "nabla: closed/run: cannot make this folder: Permission denied\n");
  std::filesystem::permissions(folder / "closed", std::filesystem::perms::owner_all);
}

TEST(Tool, PredictionsDoNotReplaceTheModel) {
  const Folder folder;
  ASSERT_EQ(run(folder, quick + "--output run").status, 0);
  const auto model = read_file(folder / "run/model.safetensors");
  const Result result =
      run(folder, "predict run/model.safetensors digits --output run/../run/model.safetensors");
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.error,
            "nabla: --output run/../run/model.safetensors: is the model: expected another file\n");
  EXPECT_EQ(read_file(folder / "run/model.safetensors"), model);

  write_file_atomically(folder / "images", bytes_of("mine"));
  EXPECT_EQ(run(folder, "predict run/model.safetensors images --output ./images").error,
            "nabla: --output ./images: is the data set: expected another file\n");
  std::filesystem::create_directory(folder / "set");
  write_file_atomically(folder / "set/t10k-images-idx3-ubyte", bytes_of("mine"));
  EXPECT_TRUE(contains(
      run(folder, "predict run/model.safetensors set --output set/t10k-images-idx3-ubyte").error,
      "is there already, in the data set's folder: expected another file\n"));
  const std::string images = "set/t10k-images-idx3-ubyte";
  std::filesystem::create_symlink(images, folder / "link");
  for (const std::string name : {"set", "fashion-mnist"}) {
    const Result over =
        run_process(folder, "predict run/model.safetensors " + name + " --output link",
                    "FASHION_MNIST_DIR=set");
    EXPECT_TRUE(contains(over.error, "--output link: is there already")) << over.error;
  }
  EXPECT_EQ(text_of(read_file(folder / images)), "mine");
  // A name that nabla knows is no place here.
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(run(folder, "predict run/model.safetensors digits --output digits").status, 0);
  }
  EXPECT_EQ(text_of(read_file(folder / "images")), "mine");
}

// Data sets that a tool manages are folders of links.
TEST(Tool, PredictionsDoNotReplaceWhatTheDataSetLinksTo) {
  const Folder folder;
  for (const char* name : {"real", "points"}) std::filesystem::create_directory(folder / name);
  for (const std::string part : {"train", "t10k"}) {
    write_part(folder / ("real/" + part), 2);
    for (const std::string& file : {part + "-images-idx3-ubyte", part + "-labels-idx1-ubyte"}) {
      std::filesystem::create_symlink("../real/" + file, folder / ("points/" + file));
    }
  }
  ASSERT_EQ(run(folder, "train points --output run").status, 0);
  const std::string images = "real/t10k-images-idx3-ubyte";
  const auto before = read_file(folder / images);
  for (const std::string& output : {images, std::string("points/t10k-images-idx3-ubyte")}) {
    const Result result = run(folder, "predict run/model.safetensors points --output " + output);
    EXPECT_EQ(result.status, 1);
    EXPECT_TRUE(contains(result.error, ": is points/t10k-images-idx3-ubyte of the data set"))
        << result.error;
  }
  EXPECT_EQ(read_file(folder / images), before);
}

TEST(Tool, InspectsAFolderOfAnyName) {
  const Folder folder;
  std::filesystem::create_directory(folder / "x.safetensors");
  for (const std::string part : {"train", "t10k"})
    write_part(folder / ("x.safetensors/" + part), 2);
  EXPECT_TRUE(contains(run(folder, "inspect x.safetensors").out, "u8[2, 1, 1]"));
}

TEST(Tool, NamesAPartWithoutSamples) {
  const Folder folder;
  std::filesystem::create_directory(folder / "points");
  write_part(folder / "points/train", 2);
  write_part(folder / "points/t10k", 0);
  const Result result = run(folder, "train points --output run");
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.error,
            "nabla: data set \"points\", test part: no samples: expected at least one\n");
  EXPECT_FALSE(std::filesystem::exists(folder / "run"));
  EXPECT_TRUE(contains(run(folder, "inspect points").out, "u8[0, 1, 1]"));
}

TEST(Tool, AModelThatCannotLearnIsNotTrained) {
  const Folder folder;
  const std::string image("\0\0\x08\x03\0\0\0\2\0\0\0\1\0\0\0\2abcd", 20);
  const std::string labels("\0\0\x08\x01\0\0\0\2\0\1", 10);
  for (const std::string part : {"train", "t10k"}) {
    write_file_atomically(folder / (part + "-images-idx3-ubyte"), bytes_of(image));
    write_file_atomically(folder / (part + "-labels-idx1-ubyte"), bytes_of(labels));
  }
  const Result result = run(folder, "train . --model \"flatten relu\" --output run");
  EXPECT_EQ(result.error,
            "nabla: --model \"flatten relu\" has no parameters: expected a layer that learns, such "
            "as dense\n");
  EXPECT_FALSE(std::filesystem::exists(folder / "run"));
}

// Two images of one pixel for each part, in a folder whose name is not UTF-8.
TEST(Tool, ADataSetThatTheModelCannotNameIsFoundBeforeTheRun) {
  const Folder folder;
  std::filesystem::create_directories(folder / "d\xff");
  using namespace std::string_view_literals;
  for (const std::string part : {"train", "t10k"}) {
    write_file_atomically(folder / ("d\xff/" + part + "-images-idx3-ubyte"),
                          bytes_of("\0\0\x8\x3\0\0\0\x2\0\0\0\x1\0\0\0\x1\x1\x2"sv));
    write_file_atomically(folder / ("d\xff/" + part + "-labels-idx1-ubyte"),
                          bytes_of("\0\0\x8\x1\0\0\0\x2\0\x1"sv));
  }
  const Result result = run(folder, "train d\xff --output new");
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(contains(result.error, "is not UTF-8")) << result.error;
  EXPECT_FALSE(std::filesystem::exists(folder / "new"));
}

TEST(Tool, NamesValidationDataOfAnotherKind) {
  const Folder folder;
  for (const std::string part : {"train", "t10k"}) write_part(folder / part, 2);
  const Result result = run(folder, "train digits --validation . --output new");
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.error,
            "nabla: --validation .: the model takes inputs [8, 8], data set \".\" has [1, 1]\n");
  EXPECT_FALSE(std::filesystem::exists(folder / "new"));
}

// A run below such a folder works; only a name that must go into the record cannot be.
TEST(Tool, FoldersThatAreNotUtf8) {
  const Folder folder;
  std::filesystem::create_directories(folder / "d\xff/points");
  for (const std::string part : {"train", "t10k"}) {
    write_part(folder / ("d\xff/points/" + part), 2);
    write_part(folder / ("d\xff/" + part), 2);
  }
  const Result inside =
      run_process(folder, "train points --epochs 1 --output 'run\xff' --json", "cd 'd\xff' &&");
  EXPECT_EQ(inside.status, 0) << inside.error;
  EXPECT_EQ(run(folder, "inspect 'd\xff/run\xff'").status, 0);
  EXPECT_EQ(run(folder, "inspect 'd\xff'").status, 0);
  const Result again = run_process(folder, "train --resume 'run\xff' --epochs 2", "cd 'd\xff' &&");
  EXPECT_EQ(again.status, 0) << again.error;
  for (const std::string option : {"", "digits --validation "}) {
    const Result result = run(folder, "train " + option + "'d\xff'");
    EXPECT_EQ(result.status, 1);
    EXPECT_TRUE(contains(result.error, "\"d\xff\" is not UTF-8, as the record of a run must be"))
        << result.error;
  }
}

}  // namespace
}  // namespace nabla::test
