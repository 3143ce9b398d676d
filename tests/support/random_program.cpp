#include "tests/support/random_program.h"

#include <algorithm>

#include "nabla/base/random.h"
#include "nabla/base/text.h"
#include "nabla/graph/graph.h"
#include "nabla/ops/ops.h"

namespace nabla {
namespace {

class Programmer {
 public:
  Programmer(std::uint64_t seed, const Tensors& inputs) : random_(seed, 9), pool_(inputs) {
    for (const Tensor& input : inputs) limit_ = std::max(limit_, 2 * input.size());
  }

  void step() {
    using Step = Tensor (Programmer::*)(const Tensor&);
    static constexpr Step steps[] = {
        &Programmer::elementwise, &Programmer::elementwise, &Programmer::elementwise,
        &Programmer::elementwise, &Programmer::elementwise, &Programmer::elementwise,
        &Programmer::move,        &Programmer::move,        &Programmer::move,
        &Programmer::reduce,      &Programmer::reduce,      &Programmer::rows,
        &Programmer::product,     &Programmer::product,     &Programmer::index};
    // Mostly what came last: so chains arise, as fusion looks for them.
    const Tensor& x = pick(2) == 0 ? pool_.back() : pool_[pick(pool_.size())];
    Tensor result = (this->*steps[pick(std::size(steps))])(x);
    while (result.size() > limit_) result = mean(floating(result), {0});
    pool_.push_back(result);
  }

  Tensors last(std::size_t count) const {
    return {pool_.end() - static_cast<std::ptrdiff_t>(std::min(count, pool_.size())), pool_.end()};
  }

 private:
  std::size_t pick(std::size_t bound) { return random_.below(static_cast<std::uint32_t>(bound)); }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(pick(static_cast<std::size_t>(high - low + 1)));
  }
  int axis_of(const Tensor& x) {
    return static_cast<int>(pick(static_cast<std::size_t>(x.rank())));
  }

  Tensor floating(const Tensor& x) {
    return is_floating(x.dtype()) ? x : cast(x, pick(2) == 0 ? DType::f32 : DType::f64);
  }
  // Numbers in [low, high), smoothly.
  static Tensor squashed(const Tensor& x, double low, double high) {
    if (!is_floating(x.dtype())) return x;
    return sigmoid(x) * (high - low) + low;
  }
  // In another type, small enough for every one of them.
  static Tensor converted(const Tensor& x, DType dtype) {
    if (x.dtype() == dtype) return x;
    const Tensor small = is_floating(x.dtype()) ? squashed(x, 0, 5) : x;
    return cast(dtype == DType::u8 ? cast(greater(small, 1), DType::i32) : small, dtype);
  }
  // A tensor of the pool that has or stretches to this shape, in this type; or a number.
  Tensor partner(const Shape& shape, DType dtype) {
    for (int attempt = 0; attempt < 4; ++attempt) {
      const Tensor& y = pool_[pick(pool_.size())];
      const int added = shape.rank() - y.rank();
      bool fits = added >= 0;
      for (int i = 0; fits && i < y.rank(); ++i) {
        fits = y.shape()[i] == shape[i + added] || y.shape()[i] == 1;
      }
      if (fits) return broadcast_to(converted(y, dtype), shape);
    }
    return broadcast_to(number(static_cast<double>(between(1, 3)), dtype), shape);
  }

  // Any op of the table that works element by element.
  Tensor elementwise(const Tensor& x) {
    std::vector<const Op*> ops;
    for (const Op* op : op_table()) {
      if (op->tile != nullptr) ops.push_back(op);
    }
    const Op& op = *ops[pick(ops.size())];
    if (op.name == "cast") return converted(x, all_dtypes[pick(std::size(all_dtypes))]);
    const bool comparison = op.tile(tiles(), DType::f32, DType::u8).dense != nullptr;
    const bool takes =
        op.tile(tiles(), x.dtype(), comparison ? DType::u8 : x.dtype()).dense != nullptr;
    const Tensor first = takes ? x : floating(x);
    const std::vector<SampleInput>& ranges = op.samples[0].inputs;
    Tensors in;
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      const bool is_first = i + 1 == ranges.size() || pick(4) == 0;
      const DType dtype = ranges[i].dtype.value_or(first.dtype());
      Tensor y = is_first && dtype == first.dtype() ? first : partner(first.shape(), dtype);
      const bool grows = op.name == "exp" || op.name == "expm1" || op.name == "square";
      if (grows || ranges[i].low != -2 || ranges[i].high != 2 || pick(3) == 0) {
        y = squashed(y, ranges[i].low, ranges[i].high);
      }
      in.push_back(y);
    }
    return nabla::apply(op, in);
  }

  // Elements at other places.
  Tensor move(const Tensor& x) {
    if (x.rank() == 0) return broadcast_to(x, {between(1, 4), between(1, 3)});
    const int axis = axis_of(x);
    const Dims zero = Dims::filled(x.rank(), 0);
    switch (pick(9)) {
      case 0: return flip(x, axis);
      case 1: {
        Dims axes;
        for (int i = 0; i < x.rank(); ++i) axes.push_back(i);
        for (int i = x.rank() - 1; i > 0; --i)
          std::swap(axes[i], axes[static_cast<int>(between(0, i))]);
        return permute(x, axes);
      }
      case 2: {
        std::vector<Slice> slices(static_cast<std::size_t>(axis) + 1);
        slices.back() = {between(0, 1), Slice::end, between(1, 3)};
        if (pick(3) == 0) slices.back() = {Slice::end, Slice::end, -between(1, 2)};
        return slice(x, slices);
      }
      case 3: {
        Dims before = zero;
        Dims after = zero;
        before[axis] = between(0, 2);
        after[axis] = between(0, 2);
        return pad(x, before, after, pick(2) == 0 ? 0 : 1);
      }
      case 4: return concatenate({x, pick(2) == 0 ? x : flip(x, axis)}, axis);
      case 5: {
        if (x.rank() > 3) return x;
        Shape shape{between(1, 3)};
        for (const std::int64_t extent : x.shape()) shape.push_back(extent);
        return broadcast_to(x, shape);
      }
      case 6: return reshape(x, {-1});
      case 7: {
        Shape shape = x.shape();
        std::swap(shape[0], shape[axis]);
        return reshape(x, shape);
      }
      default: return pick(2) == 0 ? stop_gradient(x) : transposed(x);
    }
  }
  static Tensor transposed(const Tensor& x) { return x.rank() < 2 ? x : transpose(x); }

  // A tensor with at least one axis and no empty one.
  static Tensor filled(const Tensor& x) {
    return x.rank() == 0 || x.size() == 0 ? broadcast_to(number(2, x.dtype()), {2, 3}) : x;
  }

  Tensor reduce(const Tensor& given) {
    const Tensor x = filled(given.dtype() == DType::u8 ? floating(given) : given);
    Dims axes{axis_of(x)};
    if (pick(3) == 0) axes = {};
    const bool keep = pick(2) == 0;
    switch (pick(7)) {
      case 0: return max(x, axes, keep);
      case 1: return min(x, axes, keep);
      case 2: return mean(floating(x), axes, keep);
      case 3: return variance(floating(x), axes, keep);
      case 4: return norm(floating(x), axes, keep);
      case 5: return nabla::product(squashed(floating(x), 0.5, 1.5), axes, keep);
      default: return sum(x, axes, keep);
    }
  }

  Tensor rows(const Tensor& given) {
    const Tensor x = floating(filled(given));
    const int axis = axis_of(x);
    switch (pick(4)) {
      case 0: return softmax(x, axis);
      case 1: return logsumexp(x, axis, pick(2) == 0);
      case 2: return log_softmax(x, axis);
      default: return cumulative_sum(x, axis, pick(2) == 0);
    }
  }

  // A matrix product, often with a bias and a function behind it.
  Tensor product(const Tensor& given) {
    Tensor x = floating(given);
    if (x.rank() < 2) x = reshape(x, {1, x.size()});
    if (x.shape()[x.rank() - 2] > 1000) x = transpose(x);
    const std::int64_t rows = x.shape()[x.rank() - 2];
    const std::int64_t columns = x.shape().back();
    x = squashed(x, -1, 1);
    Tensor result;
    for (const Tensor& y : pool_) {
      if (y.dtype() == x.dtype() && y.rank() == 2 && y.shape()[0] == columns &&
          y.shape()[1] <= 4 * columns) {
        result = matmul(x, y);
      }
    }
    if (!result.defined()) {
      const bool small = columns * columns <= limit_ && columns <= 4 * rows;
      result = small && pick(2) == 0 ? matmul(transpose(x), x) : matmul(x, transpose(x));
    }
    if (rows <= 16 && pick(4) == 0) {  // a system of a positive definite matrix
      const Tensor t = where(x == x, tanh(x), 0);
      const Tensor s = matmul(t, transpose(t)) + 2 * eye(rows, x.dtype());
      result = solve(s, pick(2) == 0 ? cholesky(s) : x);
    }
    if (pick(2) == 0) result = result + partner({result.shape().back()}, result.dtype());
    return pick(2) == 0 ? relu(result) : result;
  }

  // Whatever takes integers: places of extremes, and draws.
  Tensor index(const Tensor& given) {
    const Tensor x = floating(filled(given));
    const int axis = axis_of(x);
    const std::int64_t extent = x.shape()[axis];
    const Tensor places = pick(2) == 0 ? argmax(x, axis) : argmin(x, axis);
    switch (pick(6)) {
      case 0: return take(x, pick(2) == 0 ? places : reshape(places, {-1}), axis);
      case 1: return scatter_add(sum(x, {axis}), places, extent, 0);
      case 2: return one_hot(places, extent, x.dtype());
      case 3: return softmax_cross_entropy(x, argmax(x, -1));
      case 4: return arange(between(0, 6), x.dtype());
      default:
        return random_uniform(Tensor::from<std::int64_t>({between(0, 99), 0, 0}, {3}), x.shape(),
                              x.dtype());
    }
  }

  Random random_;
  Tensors pool_;
  std::int64_t limit_ = 64;
};

}  // namespace

Tensors random_program(std::uint64_t seed, int length, const Tensors& inputs) {
  Programmer programmer(seed, inputs);
  for (int i = 0; i < length; ++i) programmer.step();
  return programmer.last(3);
}

Tensors random_inputs(std::uint64_t seed, bool large) {
  Random random(seed, 3);
  const auto extent = [&] {
    return static_cast<std::int64_t>(large ? 60 + random.below(250) : 1 + random.below(7));
  };
  const std::int64_t rows = extent();
  const std::int64_t columns = extent();
  const std::int64_t others = extent();
  const DType type = random.below(2) == 0 ? DType::f32 : DType::f64;
  const auto draw = [&](DType dtype, const Shape& shape, double low, double high) {
    std::vector<double> values(static_cast<std::size_t>(shape.elements()));
    for (double& value : values) value = low + (high - low) * random.uniform();
    return tensor_of(dtype, shape, values);
  };
  return {draw(type, {rows, columns}, -2, 2), draw(type, {columns, others}, -1, 1),
          draw(type, {columns}, -1, 1), draw(DType::f64, {}, -1, 1),
          draw(DType::i64, {rows, 1}, 0, 5)};
}

std::string listing(const TensorsFunction& f, const Tensors& inputs,
                    std::set<std::string_view>* ops) {
  Graph graph(Graph::Mode::capture);
  const GraphScope scope(graph);
  Tensors arguments;
  for (const Tensor& input : inputs) arguments.push_back(graph.append_leaf(input_op, input.spec()));
  const Tensors results = f(arguments);
  std::string text;
  for (std::int32_t id = 0; id < graph.size(); ++id) {
    const Node& node = graph[id];
    if (ops != nullptr) ops->insert(node.op->name);
    text += str("%", id, " = ", node.op->name, "(");
    for (const std::int32_t input : node.in) {
      if (input >= 0) text += str(" %", input);
    }
    text += str(" ", node.attributes(), ") ", node.spec(), "\n");
  }
  for (const Tensor& result : results) text += str("returns %", result.node().index, "\n");
  return text;
}

}  // namespace nabla
