#include "nabla/data/loader.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>
#include <span>

#include "nabla/base/error.h"
#include "nabla/base/flush_denormals.h"
#include "nabla/base/parallel.h"
#include "nabla/base/random.h"
#include "nabla/base/text.h"
#include "nabla/kernels/convert.h"

namespace nabla::data {
namespace {

// Makes `tensor` one of this kind, in its old memory where nobody else shares that.
void make(Tensor& tensor, const Spec& spec) {
  const auto bytes = static_cast<std::size_t>(spec.shape.elements()) * size_of(spec.dtype);
  if (!tensor.has_data() || !tensor.buffer().unique() || tensor.buffer()->bytes() < bytes) {
    tensor = Tensor::empty(spec);
  } else if (tensor.spec() != spec || !tensor.layout().is_contiguous()) {
    tensor = Tensor(Layout::contiguous(spec.shape), spec.dtype, tensor.buffer());
  }
}

Shape with_rows(Shape shape, std::int64_t rows) {
  shape[0] = rows;
  return shape;
}

}  // namespace

Loader::Loader(const Dataset& dataset, const LoaderOptions& options)
    : dataset_(dataset), options_(options) {
  if (options_.batch_size < 1) {
    throw ValueError(str("loader: batch_size ", options_.batch_size, ": expected at least 1"));
  }
  check(dataset_);
  if (dataset_.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw ValueError(str("loader: ", dataset_.size(), " samples: expected fewer than 2^32"));
  }
  start_epoch(0);
}

std::int64_t Loader::batches() const {
  const std::int64_t full = dataset_.size() / options_.batch_size;
  const bool rest = dataset_.size() % options_.batch_size != 0;
  return rest && !options_.drop_last ? full + 1 : full;
}

void Loader::start_epoch(std::int64_t epoch) {
  if (epoch < 0) throw ValueError(str("loader: epoch ", epoch, ": expected at least 0"));
  position_ = 0;
  if (!options_.shuffle || epoch == epoch_) return;
  epoch_ = epoch;
  order_.resize(static_cast<std::size_t>(dataset_.size()));
  std::iota(order_.begin(), order_.end(), std::uint32_t{0});
  Random random(options_.seed, static_cast<std::uint64_t>(epoch));
  shuffle(std::span(order_), random);
}

bool Loader::next(Batch& batch) {
  const std::int64_t count = std::min(dataset_.size() - position_, options_.batch_size);
  if (count == 0 || (options_.drop_last && count < options_.batch_size)) return false;
  make(batch.inputs, {DType::f32, with_rows(dataset_.inputs.shape(), count)});
  make(batch.targets, {dataset_.targets.dtype(), with_rows(dataset_.targets.shape(), count)});
  gather_inputs(batch.inputs.data<float>(), count);
  copy_rows(dataset_.targets, batch.targets.bytes(), count);
  position_ += count;
  return true;
}

template <class Copy>
void Loader::for_each_sample(std::int64_t count, std::int64_t row_elements,
                             const Copy& copy) const {
  constexpr std::int64_t chunk_elements = 1 << 17;  // tens of microseconds
  const std::int64_t rows = 1 + chunk_elements / (row_elements + 1);
  parallel_for((count + rows - 1) / rows, [&](std::int64_t chunk) {
    for (std::int64_t i = chunk * rows; i < std::min(count, (chunk + 1) * rows); ++i) {
      const std::int64_t place = position_ + i;
      copy(order_.empty() ? place : order_[static_cast<std::size_t>(place)], i);
    }
  });
}

void Loader::copy_rows(const Tensor& rows, std::byte* to, std::int64_t count) const {
  const std::int64_t elements = rows.size() / rows.shape()[0];
  const auto bytes = static_cast<std::size_t>(elements) * size_of(rows.dtype());
  const std::byte* from = rows.bytes();
  for_each_sample(count, elements, [=](std::int64_t sample, std::int64_t i) {
    std::memcpy(to + static_cast<std::size_t>(i) * bytes,
                from + static_cast<std::size_t>(sample) * bytes, bytes);
  });
}

void Loader::gather_inputs(float* to, std::int64_t count) const {
  const std::int64_t length = dataset_.inputs.size() / dataset_.size();
  const auto scale = static_cast<float>(dataset_.input_scale);
  const FlushDenormals flush;
  if (dataset_.inputs.dtype() == DType::u8) {
    const auto* from = dataset_.inputs.data<std::uint8_t>();
    for_each_sample(count, length, [=](std::int64_t sample, std::int64_t i) {
      scale_bytes(from + sample * length, scale, to + i * length, length);
    });
  } else if (scale == 1) {
    copy_rows(dataset_.inputs, reinterpret_cast<std::byte*>(to), count);
  } else {
    const auto* from = dataset_.inputs.data<float>();
    for_each_sample(count, length, [=](std::int64_t sample, std::int64_t i) {
      std::transform(from + sample * length, from + (sample + 1) * length, to + i * length,
                     [=](float value) { return value * scale; });
    });
  }
}

}  // namespace nabla::data
