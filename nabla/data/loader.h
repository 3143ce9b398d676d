/// Batches of a data set, epoch after epoch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "nabla/data/dataset.h"

namespace nabla::data {

/// How a Loader goes through a data set.
struct LoaderOptions {
  /// Samples in a batch.
  std::int64_t batch_size = 32;
  /// A new order each epoch; else the data set's own.
  bool shuffle = false;
  /// Chooses the orders.
  std::uint64_t seed = 0;
  /// Leaves out the last batch of an epoch where it is smaller.
  bool drop_last = false;
};

/// Some samples, as a model takes them.
struct Batch {
  Tensor inputs;   ///< f32 [batch, ...], scaled by the data set's input_scale
  Tensor targets;  ///< i64 [batch] or f32 [batch, outputs]
};

/// Goes through a data set in batches. The order of an epoch is a Fisher-Yates shuffle by
/// Random(seed, streams::orders + epoch): the same on every machine.
/// ```cpp
/// data::Loader loader(data::digits().train, {.batch_size = 64, .shuffle = true});
/// data::Batch batch;
/// std::int64_t samples = 0;
/// for (std::int64_t epoch = 0; epoch < 2; ++epoch) {
///   loader.start_epoch(epoch);
///   while (loader.next(batch)) samples += batch.inputs.shape()[0];
/// }
/// samples == 2 * data::digits().train.size();  // true
/// ```
class Loader {
 public:
  /// Shares the memory of the data set and starts epoch 0. Throws ValueError for a batch size below
  /// 1, and what `check` throws.
  explicit Loader(const Dataset& dataset, const LoaderOptions& options = {});

  /// Batches of one epoch.
  std::int64_t batches() const;
  /// Goes to the start of an epoch.
  void start_epoch(std::int64_t epoch);
  /// Leaves out the next batches of the epoch.
  void skip(std::int64_t batches);
  /// Puts the next samples into `batch`, or returns false at the end of the epoch. The memory of
  /// the tensors in `batch` is used again, unless somebody else shares it.
  bool next(Batch& batch) { return next(batch.inputs, batch.targets); }
  bool next(Tensor& inputs, Tensor& targets);

 private:
  struct Rows {
    const std::byte* first;
    std::int64_t elements;  // of one row
    std::int64_t bytes;
  };
  static Rows rows_of(const Tensor& tensor);
  // Calls visit(row, i) for the rows of the next `count` samples; many are split over threads.
  template <class Visit>
  void for_each_row(const Rows& rows, std::int64_t count, const Visit& visit) const;
  void copy_rows(const Rows& rows, std::byte* to, std::int64_t count) const;
  void gather_inputs(float* to, std::int64_t count) const;

  Dataset dataset_;
  LoaderOptions options_;
  Spec batch_inputs_;
  Spec batch_targets_;
  Rows inputs_{};
  Rows targets_{};
  std::vector<std::uint32_t> order_;  // of the samples; empty: their own order
  std::int64_t epoch_ = -1;
  std::int64_t position_ = 0;  // samples given in this epoch
};

}  // namespace nabla::data
