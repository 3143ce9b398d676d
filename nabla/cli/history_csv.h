/// The file history.csv of a run: one row an epoch.
#pragma once

#include <string>
#include <string_view>

#include "nabla/insight/draw_history.h"
#include "nabla/train/callback.h"

namespace nabla::cli {

inline const std::string history_file = "history.csv";

/// `judge` is the part that each epoch is judged by: "test" or "validation".
std::string history_csv(const History& history, const std::string& judge);

/// What history_csv wrote; it has no name. Columns are known by their names: only epoch and
/// train_loss must be there. Throws FileError "source:line:column: ..." where a row is damaged, and
/// where there is none.
insight::NamedHistory read_history_csv(std::string_view csv, const std::string& source);

}  // namespace nabla::cli
