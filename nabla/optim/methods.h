/// All methods that texts know: update rules and minimisers.
#pragma once

#include "nabla/optim/minimizer.h"
#include "nabla/optim/rules.h"

namespace nabla::optim {

/// What is known of each, for --help and documents.
const std::vector<const EntryInfo*>& method_infos();

/// The method of a text such as "adam(learning_rate=3e-4, beta1=0.8)" or "line_search"; the
/// learning rate can be given beside it instead. Throws SyntaxError for a text that is none, an
/// option that is unknown or out of its range, and for two learning rates; ValueError for the one
/// beside it.
std::shared_ptr<Method> make_method(std::string_view text,
                                    std::optional<double> learning_rate = {});

}  // namespace nabla::optim
