/// First values of parameters. All are drawn in double from Random and then rounded: the same seed
/// gives the same bits on every machine and in every precision.
/// ```cpp
/// const nn::Dense wide(64, 64, {.initializer = nn::he_normal()});
/// const nn::Dense same(64, 64, {.initializer = nn::make_initializer("he_normal")});
/// const nn::Initializer halves([](std::span<double> values, const Shape&, Random&) {
///   for (double& value : values) value = 0.5;
/// });
/// const nn::Dense own(64, 64, {.initializer = halves});
/// ```
#pragma once

#include <concepts>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "nabla/base/options.h"
#include "nabla/base/random.h"
#include "nabla/base/shape.h"

namespace nabla::nn {

/// Fills the values, row-major, of a parameter of this shape. A weight is [in, out]: each output
/// hears from `in` inputs (its fan-in), each input speaks to `out` outputs (its fan-out).
class Initializer {
 public:
  /// Fills `values`, drawing from the generator.
  using Function = std::function<void(std::span<double> values, const Shape&, Random&)>;

  Initializer() = default;  ///< missing: no function
  /// Any function, or the name of one; it has no text.
  template <class F>
  requires(!std::same_as<F, Initializer> && std::convertible_to<F, Function>)
      Initializer(F function)
      : function_(std::move(function)) {}
  Initializer(std::string text, Function function)
      : text_(std::move(text)), function_(std::move(function)) {}

  /// Fills the values of a parameter of this shape.
  void operator()(std::span<double> values, const Shape& shape, Random& random) const {
    function_(values, shape, random);
  }
  explicit operator bool() const { return static_cast<bool>(function_); }

  /// The text that make_initializer() reads as this: "orthogonal(2)". Empty for a function of one's
  /// own.
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  Function function_;
};

/// Uniform on +-sqrt(6 / (in + out)), variance 2 / (in + out): keeps the size of signals and
/// gradients through layers of tanh (Glorot and Bengio, 2010).
Initializer glorot_uniform();
/// Normal with the same variance.
Initializer glorot_normal();
/// Uniform on +-sqrt(6 / in), variance 2 / in: for layers of ReLU, which lose half of a signal (He,
/// Zhang, Ren and Sun, 2015).
Initializer he_uniform();
/// Normal with the same variance.
Initializer he_normal();

/// How texts give orthogonal().
struct OrthogonalOptions {
  double gain = 1;

  static const OptionTable<OrthogonalOptions>& table() {
    static const OptionTable<OrthogonalOptions> options = {
        {"gain", &OrthogonalOptions::gain, "length of the vectors", {}, {.by_place = true}}};
    return options;
  }
};
/// Rows or columns, whichever are fewer, of length 1 and at right angles (Saxe, McClelland and
/// Ganguli, 2014), times `gain`.
Initializer orthogonal(double gain = OrthogonalOptions{}.gain);
inline Initializer orthogonal(OrthogonalOptions options) { return orthogonal(options.gain); }

/// How texts give normal().
struct NormalOptions {
  double deviation = 0.1;

  static const OptionTable<NormalOptions>& table() {
    static const OptionTable<NormalOptions> options = {{"deviation",
                                                        &NormalOptions::deviation,
                                                        "standard deviation, not variance",
                                                        at_least(0),
                                                        {.by_place = true}}};
    return options;
  }
};
/// Normal with mean 0 and this standard deviation (not variance). Throws ValueError where it is
/// negative.
Initializer normal(double deviation = NormalOptions{}.deviation);
inline Initializer normal(NormalOptions options) { return normal(options.deviation); }

/// How texts give constant().
struct ConstantOptions {
  double value = 0;

  static const OptionTable<ConstantOptions>& table() {
    static const OptionTable<ConstantOptions> options = {{"value",
                                                          &ConstantOptions::value,
                                                          "of all elements",
                                                          {},
                                                          {.by_place = true, .required = true}}};
    return options;
  }
};
/// One value everywhere. For weights it makes all units of a layer stay equal.
Initializer constant(double value);
inline Initializer constant(ConstantOptions options) { return constant(options.value); }
/// Zeros: for biases. Weights of 0 are a saddle where no gradient reaches the layers before.
Initializer zero();

/// A table of initializers.
using InitializerTable = EntryTable<Initializer(const Term&)>;
/// The initializers that texts know.
const InitializerTable& initializer_table();

/// The initializer of a text such as "he_normal" or "orthogonal(gain=2)". Throws SyntaxError.
Initializer make_initializer(std::string_view text);
Initializer make_initializer(const Term& term);

}  // namespace nabla::nn

/// Initializers as options of other things: `dense(64, initializer=he_normal)`.
template <>
struct nabla::OptionKind<nabla::nn::Initializer> {
  static std::optional<nn::Initializer> read(const TermArgument& argument) {
    const Term* term = std::get_if<Term>(&argument.value);
    return term == nullptr ? std::nullopt : std::optional(nn::make_initializer(*term));
  }
  static std::string text(const nn::Initializer& value) { return value.text(); }
  static std::string kind() { return "an initializer such as he_normal"; }
  static bool holds(const Range&, const nn::Initializer& value) { return static_cast<bool>(value); }
};
