#include "nabla/train/model_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "nabla/base/error.h"
#include "nabla/base/file.h"
#include "nabla/io/safetensors.h"
#include "nabla/nn/architecture.h"
#include "nabla/train/evaluator.h"
#include "tests/support/files.h"
#include "tests/support/message.h"

namespace nabla {
namespace {

nn::Sequential small_model(std::uint64_t seed) {
  nn::Sequential model = nn::make_model("dense(3) tanh dense", {2, 2}, 2);
  model.initialize(seed);
  return model;
}

const ModelInfo info{.architecture = "dense(3) tanh dense",
                     .input_shape = {2, 2},
                     .outputs = 2,
                     .class_names = {"T-shirt/\"top\"",
                                     "Stra\xc3\x9f"
                                     "e"},
                     .input_scale = 1.0 / 255,
                     .dataset = "made up",
                     .seed = 18446744073709551615U};

std::vector<double> values_of(const nn::Layer& model) {
  std::vector<double> all;
  for (const State& parameter : model.parameters()) {
    for (const double value : parameter.value().to_doubles()) all.push_back(value);
  }
  return all;
}

TEST(ModelFile, BringsEverythingBack) {
  const test::Folder folder;
  const nn::Sequential model = small_model(4);
  save_model(folder / "model", model, info);
  const ModelFile loaded = load_model(folder / "model");
  EXPECT_EQ(values_of(loaded.model), values_of(model));
  EXPECT_EQ(loaded.model.text(), "dense(3) tanh dense(2)");
  EXPECT_EQ(loaded.info.architecture, info.architecture);
  EXPECT_EQ(loaded.info.input_shape, info.input_shape);
  EXPECT_EQ(loaded.info.class_names, info.class_names);
  EXPECT_EQ(loaded.info.input_scale, info.input_scale);
  EXPECT_EQ(loaded.info.dataset, info.dataset);
  EXPECT_EQ(loaded.info.seed, info.seed);
  save_model(folder / "again", loaded.model, loaded.info);
  EXPECT_EQ(read_file(folder / "again"), read_file(folder / "model"));
}

// A file with one thing changed, and what loading it says behind the path.
struct Broken {
  std::function<void(TensorFile&)> change;
  std::string expected;
};

TEST(ModelFile, MismatchesAreNamed) {
  const test::Folder folder;
  const std::string path = folder / "model";
  save_model(path, small_model(4), info);
  const TensorFile whole = load_safetensors(path);
  const std::vector<Broken> cases = {
      {[](TensorFile& file) { file.tensors.pop_back(); },
       "tensor \"dense_2.bias\": expected f32[2], found none of that name"},
      {[](TensorFile& file) {
         file.tensors[1].value = Tensor::empty({DType::f32, {4}});
       },
       "tensor \"dense_1.bias\": expected f32[3], found f32[4]"},
      {[](TensorFile& file) {
         file.tensors[1].value = Tensor::empty({DType::f64, {3}});
       },
       "tensor \"dense_1.bias\": expected f32[3], found f64[3]"},
      {[](TensorFile& file) {
         file.tensors.push_back({"x", Tensor(1.0F)});
       },
       "tensor \"x\": found f32[], but the model has none of that name"},
      {[](TensorFile& file) { file.metadata.clear(); },
       "metadata \"format\" missing: expected a file that nabla wrote"},
      {[](TensorFile& file) { file.metadata["format_version"] = "3"; },
       "metadata \"format_version\" is 3: this program reads up to 2; take the nabla that wrote "
       "it, "
       "or a newer one"},
      {[](TensorFile& file) { file.metadata["outputs"] = "3"; },
       "metadata \"outputs\" is 3 with 2 class names"},
      {[](TensorFile& file) {
         file.metadata["outputs"] = "0";
         file.metadata["class_names"] = "[]";
       },
       "metadata \"outputs\" is 0 with 0 class names"},
      {[](TensorFile& file) { file.metadata["outputs"] = "two"; },
       "metadata \"outputs\" is no number: \"two\""},
      {[](TensorFile& file) { file.metadata["class_names"] = "[1,2]"; },
       "metadata \"class_names\" is no JSON list of texts"},
      {[](TensorFile& file) { file.metadata["class_names"] = "[\"a\", {}]"; },
       "metadata \"class_names\" is no JSON list of texts"},
      {[](TensorFile& file) { file.metadata["class_names"] = std::string(1 << 20, '['); },
       "metadata \"class_names\" is no JSON list of texts"},
      {[](TensorFile& file) { file.metadata["class_names"] = std::string("[\"a\",\"b\"]\0x", 11); },
       "metadata \"class_names\" is no JSON list of texts"},
      {[](TensorFile& file) { file.metadata["input_shape"] = std::string("2x2\0", 4); },
       "metadata \"input_shape\" \"2x2?\" is no shape: expected extents such as 784 or 1x28x28"},
      {[](TensorFile& file) { file.metadata["outputs"] = std::string("2\0", 2); },
       "metadata \"outputs\" is no number: \"2?\""},
      {[](TensorFile& file) { file.metadata["input_shape"] = "2x"; },
       "metadata \"input_shape\" \"2x\" is no shape: expected extents such as 784 or 1x28x28"},
      {[](TensorFile& file) { file.metadata["input_scale"] = "nan"; },
       "metadata \"input_scale\" is nan: expected a positive number that f32 has"},
      {[](TensorFile& file) { file.metadata["input_scale"] = "0"; },
       "metadata \"input_scale\" is 0: expected a positive number that f32 has"},
      {[](TensorFile& file) { file.metadata["input_scale"] = "inf"; },
       "metadata \"input_scale\" is inf: expected a positive number that f32 has"},
      {[](TensorFile& file) {
         file.tensors[1].value = Tensor::from({0.0F, 1.0F, std::nanf("")}, {3});
       },
       "tensor \"dense_1.bias\": expected finite numbers"},
      {[](TensorFile& file) { file.metadata["architecture"] = "danse"; },
       "metadata \"architecture\" does not fit the file: architecture \"danse\", position 1: "
       "unknown layer \"danse\"; did you mean \"dense\"? known: dense, relu, leaky_relu, elu, "
       "tanh, sigmoid, softplus, identity, dropout, flatten, residual, concatenate, add, mlp, "
       "softmax"},
      // Memory is asked for only as far as the file holds it.
      {[](TensorFile& file) {
         file.metadata["architecture"] = "dense(9999999) dense(9999999) dense";
       },
       "metadata \"architecture\" does not fit the file: architecture \"dense(9999999) "
       "dense(9999999) dense\", position 1: \"dense(9999999)\" makes it 49999995 parameters: "
       "expected "
       "at most 1000046"},
  };
  for (const Broken& broken : cases) {
    TensorFile file = whole;
    broken.change(file);
    save_safetensors(path, file);
    EXPECT_EQ(test::message_of<FileError>([&] { load_model(path); }),
              path + ": " + broken.expected);
  }
}

// Written by the version before names became paths. Its own evaluate printed this accuracy.
TEST(ModelFile, ReadsVersion1) {
  const ModelFile old = load_model(NABLA_SOURCE_DIR "/tests/files/model_version_1.safetensors");
  const auto states = old.model.states();
  ASSERT_EQ(states.size(), 5U);
  EXPECT_EQ(states[3].name, "dense_2.weight");
  const TensorFile file =
      load_safetensors(NABLA_SOURCE_DIR "/tests/files/model_version_1.safetensors");
  EXPECT_EQ(file.tensors[2].name, "4.dense.weight");
  EXPECT_EQ(states[3].state.value().to_doubles(), file.tensors[2].value.to_doubles());
  Evaluator evaluator(old.model, nn::cross_entropy);
  EXPECT_NEAR(*evaluator.evaluate(data::digits(old.info.seed).test).accuracy, 0.1421, 5e-5);
}

// The names of version 1 are those of its own layers, whatever model takes a part of it.
TEST(ModelFile, PartsOfVersion1GoIntoOtherModels) {
  const std::string path = NABLA_SOURCE_DIR "/tests/files/model_version_1.safetensors";
  const TensorFile file = load_safetensors(path);
  const Spec spec = file.tensors[2].value.spec();  // "4.dense.weight"
  const nn::Sequential model{nn::Flatten(),
                             nn::named("head", nn::Dense(spec.shape[0], spec.shape[1]))};
  load_part(path, model, {.from = "dense_2.*", .to = "head.*"});
  EXPECT_EQ(model.states()[0].state.value().to_doubles(), file.tensors[2].value.to_doubles());
}

TEST(ModelFile, NewerVersionsAreRefusedByAllWhoRead) {
  const test::Folder folder;
  const nn::Sequential model = small_model(0);
  TensorFile file = decode_safetensors(encode_model(model, info), "made");
  file.metadata["format_version"] = "9";
  write_file_atomically(folder / "newer", encode_safetensors(file));
  const std::string message =
      folder / "newer" +
      ": metadata \"format_version\" is 9: this program reads up to 2; take the nabla that wrote "
      "it, or a newer one";
  EXPECT_EQ(test::message_of<FileError>([&] { load_model(folder / "newer"); }), message);
  EXPECT_EQ(test::message_of<FileError>([&] { load_parameters(folder / "newer", model); }),
            message);
  EXPECT_EQ(test::message_of<FileError>([&] { load_part(folder / "newer", model, {}); }), message);
}

TEST(ModelFile, ThePartsOfATiedStateHaveAllItsNames) {
  const test::Folder folder;
  save_model(folder / "file", small_model(3), info);
  const nn::Dense shared(4, 3);
  const nn::Add model{nn::Sequential{nn::Flatten(), shared}, nn::Sequential{nn::Flatten(), shared}};
  load_part(folder / "file", model, {.from = "dense_1.*", .to = "branch_2.dense_1.*"});
  EXPECT_EQ(shared.states()[0].state.value().to_doubles(),
            small_model(3).states()[0].state.value().to_doubles());
}

TEST(ModelFile, TheDescriptionNamesTheLoss) {
  const data::Dataset digits = data::digits().test;
  const nn::Sequential model = nn::make_model("dense", {8, 8}, 10);
  const nn::Loss own([](const Tensor& y, const Tensor&) { return sum(y); });
  EXPECT_EQ(describe(model, digits).loss, "cross_entropy");
  EXPECT_EQ(describe(model, own, digits).loss, "");
  ModelInfo wrong = describe(model, digits);
  wrong.loss = "foo";
  EXPECT_THROW(encode_model(model, wrong), ValueError);
  wrong = describe(model, digits);
  wrong.architecture = "dense(7) dense";
  EXPECT_NE(test::message_of<ValueError>([&] {
              encode_model(model, wrong);
            }).find("its text makes dense_1.weight f32[64, 7]"),
            std::string::npos);
}

TEST(ModelFile, HoldsWhatIsNotLearned) {
  const nn::Sequential model = nn::make_model("dense(3) dropout dense", {2, 2}, 2);
  const State random = model.states()[2].state;
  random.assign(Tensor::from<std::int64_t>({7, 8, 9}, {3}));
  ModelInfo described = info;
  described.architecture = model.text();
  model.freeze("dense_1.*");
  const ModelFile loaded = decode_model(encode_model(model, described), "made");
  EXPECT_EQ(loaded.model.states()[2].name, "dropout_1.random");
  EXPECT_EQ(loaded.model.states()[2].state.value().to_doubles(), (std::vector<double>{7, 8, 9}));
  EXPECT_EQ(loaded.model.parameters().size(), 2U) << "what was frozen stays so";
  EXPECT_TRUE(loaded.model.states()[0].state.is_frozen());
}

TEST(ModelFile, PartsGoIntoOtherModels) {
  const test::Folder folder;
  const nn::Sequential trained{nn::named("body", nn::Sequential{nn::Dense(2, 3), nn::relu}),
                               nn::Dense(3, 2)};
  trained.initialize(1);
  const std::string path = folder / "trained";
  save_model(path, trained, {.architecture = trained.text(), .input_shape = {2}, .outputs = 2});
  const nn::Sequential other{nn::named("encoder", nn::Sequential{nn::Dense(2, 3), nn::tanh}),
                             nn::named("head", nn::Dense(3, 4))};
  other.initialize(2);
  const auto head = other.states()[2].state.value().to_doubles();
  load_part(path, other, {.from = "body.*", .to = "encoder.*"});
  for (std::size_t i : {0U, 1U}) {
    EXPECT_EQ(other.states()[i].state.value().to_doubles(),
              trained.states()[i].state.value().to_doubles());
  }
  EXPECT_EQ(other.states()[2].state.value().to_doubles(), head);

  const auto before = values_of(other);
  const std::vector<std::pair<LoadPartOptions, std::string>> wrong = {
      {{.from = "bdy.*"},
       path + ": no tensor \"bdy.*\": expected some of: body.dense_1.weight, "
              "body.dense_1.bias, dense_1.weight, dense_1.bias"},
      {{.from = "body.*", .to = "decoder.*"},
       path + ": tensor \"body.dense_1.weight\": is to become \"decoder.dense_1.weight\", but the "
              "model has nothing of that name"},
      {{.from = "dense_1.*", .to = "head.*"},
       path + ": tensor \"dense_1.weight\": expected f32[3, 4], found f32[3, 2]"}};
  for (const auto& [options, expected] : wrong) {
    EXPECT_EQ(test::message_of<FileError>([&] { load_part(path, other, options); }), expected);
  }
  EXPECT_THROW(load_part(path, other, {.from = "body"}), ValueError);
  EXPECT_EQ(values_of(other), before);
}

TEST(ModelFile, WhatCannotBeLoadedIsNotSaved) {
  const nn::Sequential model = small_model(4);
  ModelInfo changed = info;
  changed.class_names = {"a"};
  EXPECT_EQ(test::message_of<ValueError>([&] { encode_model(model, changed); }),
            "model \"dense(3) tanh dense(2)\": 1 class names: expected none, or 2");
  EXPECT_THROW(
      encode_model(nn::Sequential{nn::Activation("tanh", [](const Tensor& x) { return x; }),
                                  nn::Flatten(), nn::Dense(4, 2)},
                   info),
      ValueError);
  changed = info;
  changed.input_scale = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(
      test::message_of<ValueError>([&] { encode_model(model, changed); }),
      "model \"dense(3) tanh dense(2)\": input_scale nan: expected a positive number that f32 has");
  const State bias = model.parameters().back();
  bias.assign(Tensor::from({0.0F, std::numeric_limits<float>::infinity()}, {2}));
  EXPECT_EQ(test::message_of<ValueError>([&] { encode_model(model, info); }),
            "model \"dense(3) tanh dense(2)\": dense_2.bias: expected finite numbers");
}

TEST(ModelFile, AFailedLoadChangesNothing) {
  const test::Folder folder;
  const nn::Sequential model = small_model(4);
  save_model(folder / "model", small_model(5), info);
  load_parameters(folder / "model", model);
  EXPECT_EQ(values_of(model), values_of(small_model(5)));

  TensorFile file = load_safetensors(folder / "model");
  file.tensors[0].value = Tensor::from(std::vector<float>(12, 7.0F), {4, 3});
  file.tensors.pop_back();
  save_safetensors(folder / "short", file);
  EXPECT_THROW(load_parameters(folder / "short", model), FileError);
  EXPECT_EQ(values_of(model), values_of(small_model(5)));
}

TEST(ModelFile, IsOnlyForDataOfItsKind) {
  data::Dataset dataset{.name = "other",
                        .inputs = Tensor::empty({DType::u8, {1, 2, 2}}),
                        .targets = Tensor::from<std::int64_t>({0}, {1}),
                        .class_names = info.class_names,
                        .input_scale = info.input_scale};
  EXPECT_NO_THROW(check_fits(info, dataset));
  dataset.input_scale = 0.0625;
  EXPECT_EQ(test::message_of<ValueError>([&] { check_fits(info, dataset); }),
            "the model takes inputs times 0.00392156862745098, data set \"" + dataset.name +
                "\" gives them times 0.0625");
  dataset.input_scale = info.input_scale;
  dataset.class_names[1] = "Street";
  EXPECT_THROW(check_fits(info, dataset), ValueError);
  dataset.inputs = Tensor::empty({DType::u8, {1, 4}});
  EXPECT_THROW(check_fits(info, dataset), ShapeError);
  dataset.class_names.push_back("a third");
  EXPECT_THROW(describe(small_model(0), dataset), ShapeError);
}

TEST(ModelFile, IsOnlyForDataWithTargets) {
  const data::Dataset none{.name = "none",
                           .inputs = Tensor::empty({DType::u8, {1, 2, 2}}),
                           .targets = {},
                           .class_names = {},
                           .input_scale = info.input_scale};
  EXPECT_EQ(test::message_of<ShapeError>([&] { describe(small_model(0), none); }),
            "data set \"none\": targets f32[] without class names: expected f32[samples, outputs]");
  EXPECT_NO_THROW(check_fits(info, none)) << "it can be predicted";
}

TEST(ModelFile, ClassNamesAreUtf8) {
  ModelInfo latin = info;
  latin.class_names[1] = "Stra\xdf.";
  EXPECT_EQ(test::message_of<ValueError>([&] { encode_model(small_model(0), latin); }),
            "the class names \"T-shirt/\"top\", Stra\xdf.\" are not UTF-8");
}

TEST(Extents, RoundTripAndErrors) {
  for (const std::string text : {"784", "1x28x28", ""}) {
    EXPECT_EQ(extents_text(parse_extents(text)), text);
  }
  for (const std::string text :
       {"0", "-3", "x", "3x", "x3", "3xx3", "3 ", "1x1x1x1x1x1x1x1", "99999999999999999999"}) {
    EXPECT_THROW(parse_extents(text), ValueError) << text;
  }
}

}  // namespace
}  // namespace nabla
