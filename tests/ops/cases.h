/// Calls to test an op with: its samples, in every type that it takes and in every layout.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "nabla/graph/op.h"
#include "tests/support/modes.h"

namespace nabla {

/// An input as a contiguous tensor and the view ops that bring it into its layout.
struct PlacedInput {
  Tensor base;
  std::function<Tensor(const Tensor& base)> view;

  Tensor tensor() const { return view(base); }
};

/// Ways to lie in memory. "mixed" gives every input another one of them.
const std::vector<std::string>& layouts();

/// Brings values into a layout; "broadcast" repeats the first entry of the first axis,
/// "repeated" the first element.
PlacedInput place(const std::string& layout, const Tensor& values);

/// One call of an op.
struct Case {
  const Op* op = nullptr;
  Attributes attributes;
  std::vector<PlacedInput> inputs;
  std::string name;  ///< "add f32 sliced, sample 0"

  Tensors bases() const;
  Tensors tensors() const;
  /// The call as a function of the bases, views included.
  Tensor call(const Tensors& bases) const;
};

/// Numbers drawn for a sample, in a type for the inputs that leave it open.
Tensors draw(const Sample& sample, DType dtype, std::uint64_t seed);

/// By the op's name, samples of scalars and of empty tensors for ops whose attributes name axes or
/// extents, which no variant of another sample would fit.
const std::map<std::string_view, std::vector<Sample>>& edge_samples();

/// The op's own samples, and those.
std::vector<Sample> samples_of(const Op& op);

/// The good samples as they are, with extents of 0 and as scalars where the op's shapes allow that,
/// in all layouts, for the given type. Empty where the op does not take the type.
std::vector<Case> cases_of(const Op& op, DType dtype, std::uint64_t seed = 1);

/// The samples that must fail.
std::vector<Sample> error_samples(const Op& op);

}  // namespace nabla
