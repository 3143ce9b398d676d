/// What a checkpoint says of a run, beside the states: as tensors and texts, and back.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nabla/io/safetensors.h"
#include "nabla/train/callback.h"

namespace nabla {

/// Where a run stands.
struct RunPlace {
  std::int64_t epochs_done = 0;
  std::int64_t batches = 0;  ///< of the epoch that was begun
  double loss = 0;           ///< sum over its samples
  double samples = 0;
  double seconds = 0;
};
/// Puts the place into a checkpoint, under "run.".
void add_place(TensorFile& file, const RunPlace& place);
/// Puts the epochs that are done into a checkpoint.
void add_history(TensorFile& file, const std::vector<EpochRecord>& epochs,
                 const std::string& stop_reason);
/// The memory of callback `index`.
void add_callback_memory(TensorFile& file, const TensorFile& memory, std::size_t index);
/// What add_callback_memory() put there.
TensorFile callback_memory(const TensorFile& file, std::size_t index);
/// Throws ValueError, which starts with `source`, where a file has the memory of more callbacks.
void check_callback_count(const TensorFile& file, std::size_t callbacks, const std::string& source);

/// What a checkpoint holds of a run.
struct RunRecord {
  RunPlace place;
  std::vector<EpochRecord> epochs;
  std::string stop_reason;
};
/// What add_place and add_history wrote. Throws FileError, which starts with `source`.
RunRecord read_record(const TensorFile& file, const std::string& source);

/// The tensor of that name. Throws FileError where it is missing or of another kind.
Tensor tensor_of(const TensorFile& file, const std::string& name, const Spec& spec,
                 const std::string& source);

}  // namespace nabla
