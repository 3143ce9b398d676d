// What is written for programs to read does not depend on the locale of the program that writes it.
#include <gtest/gtest.h>

#include <clocale>
#include <cstdlib>
#include <locale>
#include <string>
#include <vector>

#include "nabla/base/text.h"
#include "nabla/nabla.h"
#include "tests/support/files.h"
#include "tests/support/message.h"

namespace nabla {
namespace {

// As in Germany: 1.000,5.
struct German : std::numpunct<char> {
  char do_thousands_sep() const override { return '.'; }
  char do_decimal_point() const override { return ','; }
  std::string do_grouping() const override { return "\3"; }
};

class GermanStreams {
 public:
  GermanStreams() : before_(std::locale::global(std::locale(std::locale(), new German))) {}
  ~GermanStreams() { std::locale::global(before_); }
  GermanStreams(const GermanStreams&) = delete;
  GermanStreams& operator=(const GermanStreams&) = delete;

 private:
  std::locale before_;
};

Tensor thousand(int extra) {
  return Tensor::from(std::vector<float>(1000 + extra), {1000 + extra});
}

std::string printed(const auto& thing) {
  std::ostringstream out;  // of the program's locale
  out << thing;
  return out.str();
}

// Everything that nabla prints or writes, on numbers above 1000 and with fractions.
std::vector<std::string> all_texts() {
  const nn::Sequential model = nn::make_model("dense(1000) leaky_relu(0.25) dense", {2}, 2);
  const ModelInfo info{.architecture = model.text(),
                       .input_shape = {2},
                       .outputs = 2,
                       .class_names = {},
                       .input_scale = 0.5,
                       .dataset = "d",
                       .seed = 1234567};
  const auto nodes = trace([](const Tensors& in) { return sum(in[0] * 1000.5); }, {thousand(0)});
  return {
      test::text_of(encode_safetensors({.tensors = {{"w", thousand(0)}}, .metadata = {}})),
      test::text_of(encode_model(model, info)),
      to_text(nodes),
      to_dot(nodes),
      printed(Tensor::from({1000.5, 12345.0}, {2})),
      printed(Tensor::from({std::int32_t{123456}}, {1})),
      printed(Shape{1000, 2000}),
      printed(Spec{DType::f32, {1000}}),
      printed(Attributes(ShapeAttribute{{1000}})),
      printed(Attributes(AxisSizeAttribute{1, 1000})),
      str(1000, ' ', 0.5, ' ', 1e6F),
      join(std::vector<int>{1000, 2000}, ","),
      test::message_of<ShapeError>([] { matmul(thousand(0), thousand(1)); }),
      test::message_of<SyntaxError>([] { nn::make_model("dropout(2000.5)", {2}, 2); }),
      test::message_of<ValueError>([] { optim::Adam({.beta1 = 1000.5}); }),
      extents_text({1000, 28}),
      model.text(),
  };
}

TEST(Locale, OfStreamsChangesNoFileAndNoText) {
  const std::vector<std::string> expected = all_texts();
  const GermanStreams german;
  ASSERT_EQ(printed(1000.5), "1.000,5");
  EXPECT_EQ(all_texts(), expected);
  EXPECT_NE(expected[0].find("\"data_offsets\":[0,4000]"), std::string::npos);
  EXPECT_EQ(printed(Shape{1000, 2000}), "[1000, 2000]");
  EXPECT_EQ(str(1000, ' ', 0.5), "1000 0.5");
}

TEST(Locale, OfStreamsDoesNotKeepFilesFromBeingRead) {
  const test::Folder folder;
  const GermanStreams german;
  save_safetensors(folder / "a", {.tensors = {{"w", thousand(0)}}, .metadata = {}});
  EXPECT_EQ(load_safetensors(folder / "a").tensors[0].value.shape(), Shape{1000});
}

// The same for the locale of the C library, which printf and strtod ask.
TEST(Locale, OfTheCLibraryChangesNoFileAndNoText) {
  const std::vector<std::string> expected = all_texts();
  const test::Folder folder;
  const std::string make =
      str("localedef -i de_DE -f UTF-8 ", folder / "de_DE.UTF-8", " >", folder / "log", " 2>&1");
  if (std::system(make.c_str()) != 0) GTEST_SKIP() << "no source of a German locale";
  ::setenv("LOCPATH", folder.path().c_str(), 1);
  const char* set = std::setlocale(LC_ALL, "de_DE.UTF-8");
  ::unsetenv("LOCPATH");
  ASSERT_NE(set, nullptr);
  const std::string half = std::to_string(0.5);
  const std::vector<std::string> texts = all_texts();
  const auto model = nn::make_model("leaky_relu(0.25) dense", {2}, 2);
  std::setlocale(LC_ALL, "C");
  EXPECT_EQ(half, "0,500000");
  EXPECT_EQ(texts, expected);
  EXPECT_EQ(model.text(), "leaky_relu(0.25) dense(2)");
}

}  // namespace
}  // namespace nabla
