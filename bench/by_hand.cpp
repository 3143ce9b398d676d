#include "bench/by_hand.h"

#include <dnnl.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace nabla {
namespace {

// C [m, n] = A [m, k] B [k, n], row-major; 'T': it is stored the other way.
void product(char transpose_a, char transpose_b, std::int64_t m, std::int64_t n, std::int64_t k,
             const float* a, const float* b, float* c) {
  dnnl_sgemm(transpose_a, transpose_b, m, n, k, 1, a, transpose_a == 'N' ? k : m, b,
             transpose_b == 'N' ? n : k, 0, c, n);
}

}  // namespace

ByHand::ByHand(const std::vector<std::int64_t>& widths, std::int64_t batch_size, bool adam)
    : batch_size_(batch_size), adam_(adam) {
  std::mt19937 random(1);  // NOLINT: the same weights in each run
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
    Layer layer{.in = widths[i], .out = widths[i + 1]};
    const float range = 1 / std::sqrt(static_cast<float>(layer.in));
    const auto weights = static_cast<std::size_t>(layer.in * layer.out);
    std::uniform_real_distribution<float> uniform(-range, range);
    layer.weight.resize(weights);
    for (float& weight : layer.weight) weight = uniform(random);
    layer.weight_gradient = layer.mean = layer.square = std::vector<float>(weights);
    layer.bias = layer.bias_gradient = std::vector<float>(static_cast<std::size_t>(layer.out));
    layer.result = layer.delta =
        std::vector<float>(static_cast<std::size_t>(batch_size * layer.out));
    layers_.push_back(layer);
  }
}

float ByHand::step(const float* x, const std::int64_t* labels) {
  forward(x);
  const float loss = compare(labels);
  backward(x);
  update();
  return loss;
}

void ByHand::forward(const float* x) {
  for (Layer& layer : layers_) {
    product('N', 'N', batch_size_, layer.out, layer.in, x, layer.weight.data(),
            layer.result.data());
    // ReLU, but for the scores.
    const float least = &layer == &layers_.back() ? std::numeric_limits<float>::lowest() : 0;
    const float* bias = layer.bias.data();
    for (std::int64_t i = 0; i < batch_size_; ++i) {
      float* row = layer.result.data() + i * layer.out;
      for (std::int64_t j = 0; j < layer.out; ++j) row[j] = std::max(row[j] + bias[j], least);
    }
    x = layer.result.data();
  }
}

// The mean cross-entropy, and its gradient by the scores.
float ByHand::compare(const std::int64_t* labels) {
  Layer& last = layers_.back();
  const float part = 1 / static_cast<float>(batch_size_);
  float loss = 0;
  for (std::int64_t i = 0; i < batch_size_; ++i) {
    const float* score = last.result.data() + i * last.out;
    float* delta = last.delta.data() + i * last.out;
    const float most = *std::max_element(score, score + last.out);
    float sum = 0;
    for (std::int64_t j = 0; j < last.out; ++j) sum += delta[j] = std::exp(score[j] - most);
    for (std::int64_t j = 0; j < last.out; ++j) delta[j] *= part / sum;
    delta[labels[i]] -= part;
    loss += part * (std::log(sum) + most - score[labels[i]]);
  }
  return loss;
}

void ByHand::backward(const float* x) {
  for (std::size_t l = layers_.size(); l-- > 0;) {
    Layer& layer = layers_[l];
    const float* input = l == 0 ? x : layers_[l - 1].result.data();
    product('T', 'N', layer.in, layer.out, batch_size_, input, layer.delta.data(),
            layer.weight_gradient.data());
    std::ranges::fill(layer.bias_gradient, 0.0F);
    float* sums = layer.bias_gradient.data();
    for (std::int64_t i = 0; i < batch_size_; ++i) {
      const float* row = layer.delta.data() + i * layer.out;
      for (std::int64_t j = 0; j < layer.out; ++j) sums[j] += row[j];
    }
    if (l == 0) return;
    float* delta = layers_[l - 1].delta.data();
    product('N', 'T', batch_size_, layer.in, layer.out, layer.delta.data(), layer.weight.data(),
            delta);
    for (std::int64_t i = 0; i < batch_size_ * layer.in; ++i) {
      delta[i] = input[i] > 0 ? delta[i] : 0;
    }
  }
}

void ByHand::update() {
  constexpr float rate = 1e-3F;
  ++steps_;
  const float mean_scale = 1 / (1 - std::pow(0.9F, static_cast<float>(steps_)));
  const float square_scale = 1 / (1 - std::pow(0.999F, static_cast<float>(steps_)));
  for (Layer& layer : layers_) {
    for (std::size_t i = 0; i < layer.bias.size(); ++i) {
      layer.bias[i] -= rate * layer.bias_gradient[i];
    }
    float* weight = layer.weight.data();
    const float* gradient = layer.weight_gradient.data();
    const std::int64_t count = layer.in * layer.out;
    if (!adam_) {
      for (std::int64_t i = 0; i < count; ++i) weight[i] -= rate * gradient[i];
      continue;
    }
    float* mean = layer.mean.data();
    float* square = layer.square.data();
    for (std::int64_t i = 0; i < count; ++i) {
      mean[i] = 0.9F * mean[i] + 0.1F * gradient[i];
      square[i] = 0.999F * square[i] + 0.001F * gradient[i] * gradient[i];
      weight[i] -= rate * mean_scale * mean[i] / (std::sqrt(square[i] * square_scale) + 1e-8F);
    }
  }
}

}  // namespace nabla
