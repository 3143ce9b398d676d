/// A training step written by hand: what a framework has to compete with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace nabla {

/// Dense layers with ReLU between them, softmax cross-entropy behind, and an update (of biases
/// always by SGD, which takes no time): no framework, but oneDNN's matrix product and plain loops,
/// compiled for the machine's own instructions and with fast-math.
class ByHand {
 public:
  /// `widths`: inputs, outputs of each layer; the last are classes.
  ByHand(const std::vector<std::int64_t>& widths, std::int64_t batch_size, bool adam);

  /// x [batch, inputs], labels [batch]; returns the loss.
  float step(const float* x, const std::int64_t* labels);

 private:
  struct Layer {
    std::int64_t in, out;
    std::vector<float> weight, bias;  // [in, out], [out]
    std::vector<float> weight_gradient, bias_gradient;
    std::vector<float> mean, square;   // Adam's, of the weight
    std::vector<float> result, delta;  // [batch, out], and the gradient by it
  };

  void forward(const float* x);
  float compare(const std::int64_t* labels);
  void backward(const float* x);
  void update();

  std::int64_t batch_size_;
  bool adam_;
  int steps_ = 0;
  std::vector<Layer> layers_;
};

}  // namespace nabla
