/// Runs that stop and go on.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "nabla/io/safetensors.h"

namespace nabla {

/// When a trainer writes what it needs to go on, over the file of the time before, and behind the
/// last epoch where there are any; the last whole one always stands.
/// ```cpp
/// const data::Dataset train = data::digits().train;
/// const nn::Sequential model{nn::Dense(64, 10)};
/// Trainer trainer(model, nn::cross_entropy, optim::Adam());
/// trainer.fit(train, {.epochs = 1, .checkpoint = {.path = "run.checkpoint"}});
///
/// const nn::Sequential other{nn::Dense(64, 10)};
/// Trainer goes_on(other, nn::cross_entropy, optim::Adam());
/// goes_on.resume(load_checkpoint("run.checkpoint"), "run.checkpoint");
/// goes_on.epochs_done();  // 1
/// ```
struct CheckpointOptions {
  std::string path = {};                         ///< of the file; empty: no checkpoints
  std::int64_t every_epochs = 1;                 ///< 0: never behind an epoch
  std::int64_t every_steps = 0;                  ///< 0: never for their number
  double every_seconds = 0;                      ///< 0: never for the time that went by
  std::map<std::string, std::string> info = {};  ///< texts that go along
};

/// The bytes of a checkpoint with its format, version and a checksum. A checkpoint is a safetensors
/// file: states under "model." and "method.", the run's place under "run.", what callbacks remember
/// under "callback.<place>.". Throws ValueError where a text is not UTF-8.
std::vector<std::byte> encode_checkpoint(TensorFile file);

/// What encode_checkpoint was given. Throws FileError, which starts with `source`, where a byte is
/// damaged or missing, for a file that is no checkpoint, or that a newer version wrote.
TensorFile decode_checkpoint(std::span<const std::byte> bytes, const std::string& source);

/// Reads a file. Throws what read_file and decode_checkpoint throw.
TensorFile load_checkpoint(const std::string& path);

}  // namespace nabla
