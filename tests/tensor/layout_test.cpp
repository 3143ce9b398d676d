// Layouts against the definition: the address of every element, on random layouts.
#include "nabla/tensor/layout.h"

#include <gtest/gtest.h>

#include "nabla/base/random.h"
#include "nabla/tensor/tensor.h"

namespace nabla {
namespace {

using Offsets = std::vector<std::int64_t>;

// The addresses of all elements in row-major order, by the formula.
Offsets offsets_of(const Layout& layout) {
  Offsets offsets = {layout.offset};
  for (int axis = 0; axis < layout.shape.rank(); ++axis) {
    Offsets next;
    for (const std::int64_t base : offsets) {
      for (std::int64_t i = 0; i < layout.shape[axis]; ++i) {
        next.push_back(base + i * layout.strides[axis]);
      }
    }
    offsets = next;
  }
  return offsets;
}

class RandomLayouts : public testing::Test {
 protected:
  std::int64_t below(std::int64_t bound) { return random.below(static_cast<std::uint32_t>(bound)); }
  // Contiguous, then taken apart: permuted, stepped through, flipped, repeated.
  Layout layout() {
    Shape shape;
    const auto rank = static_cast<int>(below(5));
    for (int i = 0; i < rank; ++i) shape.push_back(below(8) == 0 ? 0 : 1 + below(4));
    Layout result = Layout::contiguous(shape);
    result.offset = below(10);
    for (int axis = 0; axis < rank; ++axis) {
      switch (below(8)) {
        case 0: result.strides[axis] *= 2; break;
        case 1: result.strides[axis] = 0; break;
        case 2:
          result.offset += (shape[axis] - 1) * result.strides[axis];
          result.strides[axis] *= -1;
          break;
        case 3: result.strides[axis] = shape[axis] == 1 ? 77 : result.strides[axis]; break;
        default: break;
      }
    }
    return below(3) == 0 ? result.permute(order(rank)) : result;
  }
  Dims order(int rank) {
    Dims axes;
    for (int i = 0; i < rank; ++i) axes.push_back(i);
    for (int i = rank - 1; i > 0; --i) std::swap(axes[i], axes[static_cast<int>(below(i + 1))]);
    return axes;
  }
  // Another shape with as many elements: random factors, with extents of 1 strewn in.
  Shape other_shape(std::int64_t elements) {
    Shape shape;
    while (elements > 1 && shape.rank() < 6) {
      if (below(4) == 0) shape.push_back(1);
      std::int64_t factor = 1 + below(elements);
      while (elements % factor != 0) --factor;
      shape.push_back(factor);
      elements /= factor;
    }
    if (elements != 1 || below(4) == 0) shape.push_back(elements);
    return shape;
  }

  Random random{11};
};

TEST_F(RandomLayouts, VisitsInRowMajorOrder) {
  for (int i = 0; i < 2000; ++i) {
    const Layout l = layout();
    Offsets visited;
    for_each_offset(l, [&](std::int64_t offset) { visited.push_back(offset); });
    ASSERT_EQ(visited, offsets_of(l)) << l.shape << l.strides;
  }
}

TEST_F(RandomLayouts, ContiguousMeansOneAfterTheOther) {
  int contiguous = 0;
  for (int i = 0; i < 2000; ++i) {
    const Layout l = layout();
    const Offsets offsets = offsets_of(l);
    bool expected = true;
    for (std::size_t k = 1; k < offsets.size(); ++k) {
      expected = expected && offsets[k] == offsets[k - 1] + 1;
    }
    ASSERT_EQ(l.is_contiguous(), expected) << l.shape << l.strides;
    contiguous += expected ? 1 : 0;
  }
  EXPECT_GT(contiguous, 200);
  EXPECT_LT(contiguous, 1800);
}

TEST_F(RandomLayouts, ReshapeKeepsTheOrder) {
  int views = 0;
  for (int i = 0; i < 5000; ++i) {
    const Layout l = layout();
    const Shape to = other_shape(l.shape.elements());
    ASSERT_EQ(to.elements(), l.shape.elements());
    const auto result = l.reshape(to);
    if (result) {
      ASSERT_EQ(result->shape, to);
      ASSERT_EQ(offsets_of(*result), offsets_of(l)) << l.shape << l.strides << " to " << to;
      ++views;
    } else {
      // Refused only where no strides can do it: each axis would need one constant step.
      const Offsets offsets = offsets_of(l);
      Layout candidate{to, Dims::filled(to.rank(), 0), l.offset};
      std::int64_t inner = 1;
      for (int axis = to.rank() - 1; axis >= 0; --axis) {
        if (to[axis] > 1) {
          candidate.strides[axis] = offsets[static_cast<std::size_t>(inner)] - offsets[0];
        }
        inner *= to[axis];
      }
      ASSERT_NE(offsets_of(candidate), offsets) << l.shape << l.strides << " to " << to;
    }
  }
  EXPECT_GT(views, 2000);
  EXPECT_LT(views, 4900);
}

TEST_F(RandomLayouts, PermuteMovesAxes) {
  for (int i = 0; i < 1000; ++i) {
    const Layout l = layout();
    const Dims axes = order(l.shape.rank());
    const Layout permuted = l.permute(axes);
    Dims inverse = axes;
    for (int k = 0; k < axes.rank(); ++k) {
      ASSERT_EQ(permuted.shape[k], l.shape[static_cast<int>(axes[k])]);
      inverse[static_cast<int>(axes[k])] = k;
    }
    ASSERT_EQ(offsets_of(permuted.permute(inverse)), offsets_of(l));
  }
}

TEST_F(RandomLayouts, BroadcastRepeats) {
  for (int i = 0; i < 1000; ++i) {
    const Layout l = layout();
    Shape to = l.shape;
    for (std::int64_t& extent : to) extent = extent == 1 ? 1 + below(4) : extent;
    Shape wide;
    const std::int64_t copies = 1 + below(3);
    wide.push_back(copies);
    for (const std::int64_t extent : to) wide.push_back(extent);
    // Element (c, i, j, ...) is element (i, j, ...) of l, at place 0 along what was stretched.
    Layout expected{wide, {}, l.offset};
    expected.strides.push_back(0);
    for (int axis = 0; axis < to.rank(); ++axis) {
      expected.strides.push_back(to[axis] == l.shape[axis] ? l.strides[axis] : 0);
    }
    ASSERT_EQ(offsets_of(l.broadcast(wide)), offsets_of(expected)) << l.shape << " to " << wide;
  }
}

}  // namespace
}  // namespace nabla
