/// Losses: how wrong a batch of predictions is, as one number; and metrics, what people read.
#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "nabla/base/options.h"
#include "nabla/ops/elementwise.h"

namespace nabla::nn {

/// The target as a loss takes it: an f64 one is converted to f32 where the prediction is.
inline Tensor target_for(const Tensor& prediction, const Tensor& target) {
  const bool is_too_wide = prediction.dtype() == DType::f32 && target.dtype() == DType::f64;
  return is_too_wide ? cast(target, DType::f32) : target;
}

/// Any function of predictions [batch, ...] and targets that gives one number can be minimised.
class Loss {
 public:
  /// A number for predictions [batch, ...] and targets.
  using Function = std::function<Tensor(const Tensor& prediction, const Tensor& target)>;

  Loss() = default;  ///< missing: no function
  /// One of the losses below, which has its text, or a function of one's own.
  Loss(Tensor (*function)(const Tensor& prediction, const Tensor& target));
  /// Any function, without a text.
  template <class F>
  requires(!std::same_as<F, Loss> && std::convertible_to<F, Function>) Loss(const F& function)
      : function_(function) {}
  template <class T>
  Loss(const T&) {  // NOLINT(google-explicit-constructor)
    static_assert(never<T>,
                  "a loss is a function of prediction and target that gives a Tensor, such as "
                  "nn::mean_squared_error");
  }
  Loss(std::string text, Function function)
      : text_(std::move(text)), function_(std::move(function)) {}

  /// The loss of a batch, one number.
  Tensor operator()(const Tensor& prediction, const Tensor& target) const {
    return function_(prediction, target_for(prediction, target));
  }
  explicit operator bool() const { return static_cast<bool>(function_); }

  /// The text that make_loss() reads as this: "cross_entropy". Empty for a function of one's own.
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  Function function_;
};

/// Mean over the batch of -log softmax(scores)[label]: scores [batch, classes], labels i64 or i32
/// [batch]. The last layer gives scores, no probabilities. Throws what softmax_cross_entropy does.
/// ```cpp
/// const Tensor scores = Tensor::from({0.0, 0.0, 0.0, 0.0}, {2, 2});
/// const Tensor labels = Tensor::from({std::int64_t{0}, std::int64_t{1}}, {2});
/// nn::cross_entropy(scores, labels);  // 0.6931
/// ```
Tensor cross_entropy(const Tensor& scores, const Tensor& labels);

/// Mean of (prediction - target)^2 over all elements of the batch; see target_for. Throws
/// ShapeError where the shapes differ; nothing is broadcast.
/// ```cpp
/// const Tensor prediction = Tensor::from({1.0, 2.0}, {2, 1});
/// nn::mean_squared_error(prediction, prediction + 3);  // 9
/// ```
Tensor mean_squared_error(const Tensor& prediction, const Tensor& target);

/// A table of losses.
using LossTable = EntryTable<Loss(const Term&)>;
/// The losses that texts know.
const LossTable& loss_table();

/// The loss of a text such as "cross_entropy". Throws SyntaxError.
Loss make_loss(std::string_view text);

/// How many of the labels, i64 or i32 [batch], have the highest of their scores [batch, classes]:
/// an f64 number. Of equal scores the first counts. Throws ShapeError or DTypeError for others.
Tensor correct_count(const Tensor& scores, const Tensor& labels);
/// The same as a part of all.
/// ```cpp
/// const Tensor scores = Tensor::from({5.0, 0.0, 7.0, 1.0}, {2, 2});
/// const Tensor labels = Tensor::from({std::int64_t{0}, std::int64_t{1}}, {2});
/// nn::accuracy(scores, labels);  // 0.5
/// ```
Tensor accuracy(const Tensor& scores, const Tensor& labels);

}  // namespace nabla::nn
