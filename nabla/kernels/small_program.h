/// A tile program that is one tile, with everything decided beforehand: for networks so small that
/// to find the addresses would take longer than to compute.
#pragma once

#include <cstddef>
#include <vector>

#include "nabla/kernels/kernel_call.h"
#include "nabla/kernels/tile_program.h"

namespace nabla {

class SmallProgram {
 public:
  /// Takes over a program of at most one tile and two axes, with the addresses that its operands
  /// have now; returns whether it is one. Else it stays empty. Operands that move are looked up in
  /// the program at every run, so it must stay where it is.
  bool bind(const TileProgram& program);
  bool empty() const { return calls_.empty(); }

  void run() {
    for (const Move& move : moves_) *move.address = *move.now;
    for (const Copy& copy : copies_in_) copy_in(copy);
    for (const KernelCall& call : calls_) call();
  }

  /// Appends what run() does: call by call where nothing moves or is copied.
  void append_to(std::vector<KernelCall>& calls) {
    if (moves_.empty() && copies_in_.empty()) {
      calls.insert(calls.end(), calls_.begin(), calls_.end());
    } else {
      calls.push_back(KernelCall::to_run(*this));
    }
  }

  /// Where the program's result lies, densely.
  std::byte* result() const { return result_; }

 private:
  // Rows of a strided operand, to lie densely.
  struct Copy {
    std::size_t operand;
    const std::byte* from;
    std::byte* to;
    std::int64_t rows, row_bytes, row_step;
  };
  // An address in a call or a copy, and where it stands now.
  struct Move {
    std::byte* const* now;
    const std::byte** address;
  };
  static void copy_in(const Copy& copy);
  void find_moves(const TileProgram& program, const std::vector<std::byte*>& place);

  std::vector<Copy> copies_in_;
  std::vector<KernelCall> calls_;
  std::vector<Move> moves_;
  std::vector<std::vector<const std::byte*>> addresses_;  // that joined tiles take, by call
  std::vector<double> memory_;                            // temporaries and copies
  std::byte* result_ = nullptr;
};

}  // namespace nabla
