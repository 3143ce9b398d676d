#include "nabla/data/loader.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>
#include <span>
#include <type_traits>

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
  const bool mine = tensor.has_data() && tensor.buffer().unique();
  if (mine && tensor.dtype() == spec.dtype && tensor.shape() == spec.shape &&
      tensor.layout().is_contiguous()) {
    return;
  }
  if (mine && tensor.buffer()->bytes() >= spec.byte_count()) {
    tensor = Tensor(Layout::contiguous(spec.shape), spec.dtype, tensor.buffer());
  } else {
    tensor = Tensor::empty(spec);
  }
}

constexpr std::int64_t chunk_elements = 1 << 17;  // what a thread takes: tens of microseconds
constexpr std::int64_t rows_ahead = 4;

// Asks for bytes that will be read soon: rows in random order wait for memory otherwise.
void prefetch(const std::byte* from, std::int64_t bytes) {
  constexpr std::int64_t line = 64;
  for (std::int64_t i = 0; i < bytes; i += line) __builtin_prefetch(from + i);
}

}  // namespace

Loader::Loader(const Dataset& dataset, const LoaderOptions& options)
    : dataset_(in_f32(dataset)), options_(options) {
  if (options_.batch_size < 1) {
    throw ValueError(str("loader: batch_size ", options_.batch_size, ": expected at least 1"));
  }
  check(dataset_);
  if (dataset_.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw ValueError(str("loader: ", dataset_.size(), " samples: expected fewer than 2^32"));
  }
  batch_inputs_ = {DType::f32, dataset_.inputs.shape()};
  batch_targets_ = dataset_.targets.spec();
  inputs_ = rows_of(dataset_.inputs);
  targets_ = rows_of(dataset_.targets);
  start_epoch(0);
}

Loader::Rows Loader::rows_of(const Tensor& tensor) {
  std::int64_t elements = 1;
  for (int axis = 1; axis < tensor.rank(); ++axis) elements *= tensor.shape()[axis];
  return {tensor.bytes(), elements, elements * static_cast<std::int64_t>(size_of(tensor.dtype()))};
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
  Random random(options_.seed, streams::orders + static_cast<std::uint64_t>(epoch));
  shuffle(std::span(order_), random);
}

void Loader::skip(std::int64_t batches) {
  const std::int64_t left = dataset_.size() - position_;
  if (batches < 0 || batches > ceil_divide(left, options_.batch_size)) {
    throw ValueError(
        str("loader: skip ", batches, " batches: expected at most those of the epoch"));
  }
  position_ += std::min(left, batches * options_.batch_size);
}

bool Loader::next(Tensor& inputs, Tensor& targets) {
  const std::int64_t count = std::min(dataset_.size() - position_, options_.batch_size);
  if (count == 0 || (options_.drop_last && count < options_.batch_size)) return false;
  batch_inputs_.shape[0] = batch_targets_.shape[0] = count;
  make(inputs, batch_inputs_);
  make(targets, batch_targets_);
  // The data set may share a part of a state or of a plan's result, which moves when that is
  // written.
  inputs_.first = dataset_.inputs.bytes();
  targets_.first = dataset_.targets.bytes();
  gather_inputs(inputs.writable_data<float>(), count);
  copy_rows(targets_, targets.writable_bytes(), count);
  position_ += count;
  return true;
}

template <class Visit>
void Loader::for_each_row(const Rows& rows, std::int64_t count, const Visit& visit) const {
  // All by value: a visit writes bytes, which might be anything's, so members would be read again.
  const std::uint32_t* order = order_.empty() ? nullptr : order_.data() + position_;
  const std::byte* first = rows.first + (order == nullptr ? position_ * rows.bytes : 0);
  const auto row = [order, first, bytes = rows.bytes](std::int64_t i) {
    return first + (order == nullptr ? i : std::int64_t{order[i]}) * bytes;
  };
  const auto visit_range = [=, bytes = rows.bytes](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      if (i + rows_ahead < end && order != nullptr) prefetch(row(i + rows_ahead), bytes);
      visit(row(i), i);
    }
  };
  if (count * rows.elements <= chunk_elements) return visit_range(0, count);
  const std::int64_t chunk = 1 + chunk_elements / rows.elements;
  parallel_for(ceil_divide(count, chunk),
               [&](std::int64_t i) { visit_range(i * chunk, std::min(count, (i + 1) * chunk)); });
}

void Loader::copy_rows(const Rows& rows, std::byte* to, std::int64_t count) const {
  const auto copy = [&](auto bytes) {
    for_each_row(rows, count, [=](const std::byte* row, std::int64_t i) {
      std::memcpy(to + i * bytes, row, static_cast<std::size_t>(bytes));
    });
  };
  switch (rows.bytes) {  // rows of one or two numbers: a call would take longer than the copy
    case 4: return copy(std::integral_constant<std::int64_t, 4>());
    case 8: return copy(std::integral_constant<std::int64_t, 8>());
    default: return copy(rows.bytes);
  }
}

void Loader::gather_inputs(float* to, std::int64_t count) const {
  const std::int64_t length = inputs_.elements;
  const auto scale = static_cast<float>(dataset_.input_scale);
  if (dataset_.inputs.dtype() == DType::u8) {
    const FlushDenormals flush;
    for_each_row(inputs_, count, [=](const std::byte* row, std::int64_t i) {
      scale_bytes(reinterpret_cast<const std::uint8_t*>(row), scale, to + i * length, length);
    });
  } else if (scale == 1) {
    copy_rows(inputs_, reinterpret_cast<std::byte*>(to), count);
  } else {
    const FlushDenormals flush;
    for_each_row(inputs_, count, [=](const std::byte* row, std::int64_t i) {
      const auto* from = reinterpret_cast<const float*>(row);
      std::transform(from, from + length, to + i * length,
                     [=](float value) { return value * scale; });
    });
  }
}

}  // namespace nabla::data
