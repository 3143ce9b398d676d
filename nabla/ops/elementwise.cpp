#include "nabla/ops/elementwise.h"

#include <numbers>
#include <type_traits>

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/graph/graph.h"
#include "nabla/graph/op.h"
#include "nabla/ops/shaping.h"

namespace nabla {
namespace {

template <TileSet TileTable::*set>
TileVariants tile_of(const TileTable& table, DType in, DType) {
  return (table.*set)[in];
}

// Types with a function in the op's tile set.
std::string supported_types(const Op& op, DType out) {
  std::vector<DType> types;
  for (const DType dtype : all_dtypes) {
    if (op.tile(tiles(), dtype, out).dense != nullptr) types.push_back(dtype);
  }
  return join(types, ", ");
}

// The inputs of an elementwise op, but for conditions in front, agree in shape and type, and the op
// takes that type.
void check_elementwise(const Op& op, Inputs in, DType out, std::size_t conditions = 0) {
  const Tensor& last = in.back();
  for (const Tensor& tensor : in) {
    if (tensor.shape() != last.shape()) {
      throw ShapeError(str(op.name, ": shapes ", tensor.shape(), " and ", last.shape(), " differ"));
    }
  }
  for (const Tensor& tensor : in.subspan(conditions)) {
    if (tensor.dtype() != last.dtype()) {
      throw DTypeError(str(op.name, ": types ", tensor.dtype(), " and ", last.dtype(),
                           " differ; convert one with cast"));
    }
  }
  if (op.tile(tiles(), last.dtype(), out).dense == nullptr) {
    throw DTypeError(str(op.name, ": takes ", supported_types(op, out), ", got ", last.dtype()));
  }
}

Spec infer_same(const Op& op, Inputs in, const Attributes&) {
  check_elementwise(op, in, in.back().dtype());
  return in.back().spec();
}

Spec infer_comparison(const Op& op, Inputs in, const Attributes&) {
  check_elementwise(op, in, DType::u8);
  return {DType::u8, in[0].shape()};
}

Spec infer_where(const Op& op, Inputs in, const Attributes&) {
  if (in[0].dtype() != DType::u8) {
    throw DTypeError(
        str("where: the condition is u8, as comparisons give it, got ", in[0].dtype()));
  }
  check_elementwise(op, in, in[2].dtype(), 1);
  return in[2].spec();
}

Spec infer_cast(const Op&, Inputs in, const Attributes& attributes) {
  return {std::get<TypeAttribute>(attributes).dtype, in[0].shape()};
}

Tensor zeros_like(const Tensor& x) { return broadcast_to(number(0, x.dtype()), x.shape()); }
Tensor ones_like(const Tensor& x) { return broadcast_to(number(1, x.dtype()), x.shape()); }

// Samples of one shape; the tests add the other layouts, types, scalars and empty tensors.
using Range = std::pair<double, double>;
std::vector<Sample> samples_in(std::initializer_list<Range> ranges) {
  Sample sample;
  for (const auto& [low, high] : ranges) sample.inputs.push_back({{2, 3}, low, high});
  return {sample};
}

Op unary(std::string_view name, std::string_view doc, decltype(Op::tile) tile,
         Tensor (*partial)(const Call&), Range range = {-2, 2}) {
  return {.name = name,
          .doc = doc,
          .arity = 1,
          .infer = infer_same,
          .rule = Elementwise{{partial}},
          .tile = tile,
          .samples = samples_in({range})};
}

Op binary(std::string_view name, std::string_view doc, decltype(Op::tile) tile, const Rule& rule,
          Range a = {-2, 2}, Range b = {-2, 2}) {
  return {.name = name,
          .doc = doc,
          .arity = 2,
          .infer = infer_same,
          .rule = rule,
          .tile = tile,
          .samples = samples_in({a, b})};
}

Op ternary(std::string_view name, std::string_view doc, decltype(Op::tile) tile,
           const Elementwise& rule, Range b, Range c) {
  Op op = binary(name, doc, tile, rule, {-2, 2}, b);
  op.arity = 3;
  op.samples = samples_in({{-2, 2}, b, c});
  return op;
}

Op comparison(std::string_view name, std::string_view doc, decltype(Op::tile) tile) {
  Op op = binary(name, doc, tile, Constant{});
  op.infer = infer_comparison;
  return op;
}

Op without_derivative(Op op) {
  op.rule = Constant{};
  return op;
}

Tensor pass(const Call&, const Tensor& g) { return g; }
Tensor pass_negative(const Call&, const Tensor& g) { return -g; }
// The share of one input in a selection: half at a tie, and NaN where the result is.
Tensor share(const Call& c, const Tensor& wins) {
  const DType dtype = c.out.dtype();
  const Tensor ties = equal(c.in[0], c.in[1]);
  return where(equal(c.out, c.out), cast(wins, dtype) + cast(ties, dtype) * 0.5, c.out);
}
Tensor share_of_larger(const Call& c, int i) {
  const auto at = static_cast<std::size_t>(i);
  return share(c, greater(c.in[at], c.in[1 - at]));
}
Tensor share_of_smaller(const Call& c, int i) {
  const auto at = static_cast<std::size_t>(i);
  return share(c, less(c.in[at], c.in[1 - at]));
}

// ---- The entries.

const TableEntry add_op(binary("add", "a + b", tile_of<&TileTable::add>, Linear{{pass, pass}}));
const TableEntry subtract_op(binary("subtract", "a - b", tile_of<&TileTable::subtract>,
                                    Linear{{pass, pass_negative}}));
const TableEntry multiply_op(binary(
    "multiply", "a b", tile_of<&TileTable::multiply>,
    Multilinear{{[](const Call& c, const Tensor& g) { return scale_gradient(g, c.in[1]); },
                 [](const Call& c, const Tensor& g) { return scale_gradient(g, c.in[0]); }}}));
const TableEntry scale_gradient_op(binary(
    "scale_gradient", "a b, and 0 where a is 0 even if b is not finite",
    tile_of<&TileTable::scale_gradient>,
    Multilinear{{[](const Call& c, const Tensor& g) { return scale_gradient(g, c.in[1]); },
                 [](const Call& c, const Tensor& g) { return scale_gradient(g, c.in[0]); }}}));
const TableEntry divide_op(binary("divide", "a / b", tile_of<&TileTable::divide>,
                                  Elementwise{{[](const Call& c) { return 1 / c.in[1]; },
                                               [](const Call& c) { return -c.out / c.in[1]; }}},
                                  {-2, 2}, {0.5, 2}));
// Where a <= 0 a power has no derivative by b, so b counts as fixed in the derivative by a, too.
const TableEntry power_op(binary("power", "a^b", tile_of<&TileTable::power>,
                                 Elementwise{{[](const Call& c) {  // b a^(b - 1), and 0 at b = 0
                                                const auto& [a, b, unused] = c.in;
                                                const Tensor factor =
                                                    where(less_equal(a, 0), stop_gradient(b), b);
                                                return scale_gradient(factor, power(a, b - 1));
                                              },
                                              [](const Call& c) {
                                                const Tensor& a = c.in[0];
                                                const Tensor outside = less_equal(a, 0);
                                                const Tensor log_a =
                                                    log(where(outside, ones_like(a), a));
                                                return where(outside, zeros_like(a), c.out * log_a);
                                              }}},
                                 {0.5, 2}, {-2, 2}));
const TableEntry maximum_op(binary("maximum", "the larger of a and b", tile_of<&TileTable::maximum>,
                                   Elementwise{
                                       {[](const Call& c) { return share_of_larger(c, 0); },
                                        [](const Call& c) { return share_of_larger(c, 1); }}}));
const TableEntry minimum_op(
    binary("minimum", "the smaller of a and b", tile_of<&TileTable::minimum>,
           Elementwise{{[](const Call& c) { return share_of_smaller(c, 0); },
                        [](const Call& c) { return share_of_smaller(c, 1); }}}));

Op negative_entry() {
  Op op = unary("negative", "-x", tile_of<&TileTable::negative>, nullptr);
  op.rule = Linear{{pass_negative}};
  return op;
}
const TableEntry negative_op(negative_entry());
const TableEntry absolute_op(unary("absolute", "|x|", tile_of<&TileTable::absolute>,
                                   [](const Call& c) { return sign(c.in[0]); }));
const TableEntry sign_op(without_derivative(
    unary("sign", "1, 0 or -1, as x is above, at or below 0", tile_of<&TileTable::sign>, nullptr)));
const TableEntry floor_op(without_derivative(unary("floor", "the largest integer not above x",
                                                   tile_of<&TileTable::floor>, nullptr)));
const TableEntry positive_op(without_derivative(unary("positive", "1 where x > 0, else 0",
                                                      tile_of<&TileTable::positive>, nullptr)));
const TableEntry relu_op(unary("relu", "max(x, 0)", tile_of<&TileTable::relu>,
                               [](const Call& c) { return positive(c.out); }));
const TableEntry square_op(unary("square", "x^2", tile_of<&TileTable::square>,
                                 [](const Call& c) { return 2 * c.in[0]; }));
const TableEntry squarable_op(
    unary("squarable", "x, beyond the numbers whose squares are finite the nearest of them",
          tile_of<&TileTable::squarable>, [](const Call& c) {  // 1, or 0 beyond, and NaN stays
            return where(equal(c.out, c.in[0]), ones_like(c.out), c.out - c.out);
          }));
const TableEntry sqrt_op(unary("sqrt", "square root", tile_of<&TileTable::sqrt>,
                               [](const Call& c) { return 0.5 / c.out; }, {0.5, 4}));
const TableEntry rsqrt_op(unary("rsqrt", "1 / sqrt(x)", tile_of<&TileTable::rsqrt>,
                                [](const Call& c) { return -0.5 * (c.out / c.in[0]); }, {0.5, 4}));
const TableEntry exp_op(unary("exp", "e^x", tile_of<&TileTable::exp>,
                              [](const Call& c) { return c.out; }));
const TableEntry expm1_op(unary("expm1", "e^x - 1", tile_of<&TileTable::expm1>,
                                [](const Call& c) { return exp(c.in[0]); }));
const TableEntry log_op(unary("log", "natural logarithm", tile_of<&TileTable::log>,
                              [](const Call& c) { return 1 / c.in[0]; }, {0.25, 4}));
const TableEntry log1p_op(unary("log1p", "log(1 + x)", tile_of<&TileTable::log1p>,
                                [](const Call& c) { return 1 / (c.in[0] + 1); }, {-0.75, 2}));
const TableEntry sin_op(unary("sin", "sine", tile_of<&TileTable::sin>,
                              [](const Call& c) { return cos(c.in[0]); }));
const TableEntry cos_op(unary("cos", "cosine", tile_of<&TileTable::cos>,
                              [](const Call& c) { return -sin(c.in[0]); }));
const TableEntry tanh_op(unary("tanh", "hyperbolic tangent", tile_of<&TileTable::tanh>,
                               [](const Call& c) { return square(sech(c.in[0])); }));
const TableEntry sigmoid_op(unary("sigmoid", "1 / (1 + e^-x)", tile_of<&TileTable::sigmoid>,
                                  [](const Call& c) {
                                    return 0.25 * square(sech(0.5 * c.in[0]));
                                  }));
// The derivatives of tanh and sigmoid in all digits: 1 - tanh^2 has none where tanh rounds to 1.
const TableEntry sech_op(unary("sech", "2 / (e^x + e^-x)", tile_of<&TileTable::sech>,
                               [](const Call& c) { return -c.out * tanh(c.in[0]); }));
const TableEntry softplus_op(unary("softplus", "log(1 + e^x)", tile_of<&TileTable::softplus>,
                                   [](const Call& c) { return sigmoid(c.in[0]); }));
const TableEntry erf_op(unary("erf", "error function", tile_of<&TileTable::erf>, [](const Call& c) {
  return 2 * std::numbers::inv_sqrtpi * exp(-square(c.in[0]));
}));

const TableEntry equal_op(comparison("equal", "u8: 1 where a == b", tile_of<&TileTable::equal>));
const TableEntry not_equal_op(comparison("not_equal", "u8: 1 where a != b",
                                         tile_of<&TileTable::not_equal>));
const TableEntry less_op(comparison("less", "u8: 1 where a < b", tile_of<&TileTable::less>));
const TableEntry less_equal_op(comparison("less_equal", "u8: 1 where a <= b",
                                          tile_of<&TileTable::less_equal>));

const TableEntry where_op(Op{
    .name = "where",
    .doc = "a where the condition is not 0, else b",
    .arity = 3,
    .infer = infer_where,
    .rule = Linear{{nullptr,
                    [](const Call& c, const Tensor& g) { return where(c.in[0], g, zeros_like(g)); },
                    [](const Call& c, const Tensor& g) {
                      return where(c.in[0], zeros_like(g), g);
                    }}},
    .tile = tile_of<&TileTable::where>,
    .samples = {{.inputs = {{{2, 3}, 0, 2, DType::u8}, {{2, 3}}, {{2, 3}}}}}});

// An update of parameters is a few of these instead of a dozen simpler ones.
const TableEntry add_scaled_op(ternary("add_scaled", "a + b c", tile_of<&TileTable::add_scaled>,
                                       {{[](const Call& c) { return ones_like(c.out); },
                                         [](const Call& c) { return c.in[2]; },
                                         [](const Call& c) { return c.in[1]; }}},
                                       {-2, 2}, {-2, 2}));
const TableEntry lerp_op(ternary("lerp", "(1 - c) a + c b", tile_of<&TileTable::lerp>,
                                 {{[](const Call& c) { return 1 - c.in[2]; },
                                   [](const Call& c) { return c.in[2]; },
                                   [](const Call& c) { return c.in[1] - c.in[0]; }}},
                                 {-2, 2}, {0, 1}));
const TableEntry divide_by_root_op(
    ternary("divide_by_root", "a / (sqrt(b) + c)", tile_of<&TileTable::divide_by_root>,
            {{[](const Call& c) { return 1 / (sqrt(c.in[1]) + c.in[2]); },
              [](const Call& c) {
                const Tensor root = sqrt(c.in[1]);
                return -0.5 * c.out / (root * (root + c.in[2]));
              },
              [](const Call& c) { return -c.out / (sqrt(c.in[1]) + c.in[2]); }}},
            {0.5, 4}, {0.5, 2}));

const TableEntry cast_op(Op{
    .name = "cast",
    .doc = "the values in another element type",
    .infer = infer_cast,
    .rule = Linear{{[](const Call& c, const Tensor& g) { return cast(g, c.in[0].dtype()); }}},
    .tile = [](const TileTable& table, DType in,
               DType out) { return table.cast[static_cast<std::size_t>(in)][out]; },
    .samples = {{.inputs = {{{2, 3}}}, .attributes = TypeAttribute{DType::f64}},
                {.inputs = {{{2, 3}}}, .attributes = TypeAttribute{DType::i32}}}});

Tensor broadcast_apply(const Op& op, const Tensor& a, const Tensor& b) {
  if (a.shape() == b.shape()) return apply(op, {a, b});
  const Shape shape = broadcast_shapes(a.shape(), b.shape(), op.name);
  return apply(op, {broadcast_to(a, shape), broadcast_to(b, shape)});
}

Tensor broadcast_apply(const Op& op, const Tensor& a, const Tensor& b, const Tensor& c) {
  const Shape shape =
      broadcast_shapes(a.shape(), broadcast_shapes(b.shape(), c.shape(), op.name), op.name);
  return apply(op, {broadcast_to(a, shape), broadcast_to(b, shape), broadcast_to(c, shape)});
}

}  // namespace

Tensor add(const Tensor& a, const Tensor& b) { return broadcast_apply(add_op, a, b); }
Tensor subtract(const Tensor& a, const Tensor& b) { return broadcast_apply(subtract_op, a, b); }
Tensor multiply(const Tensor& a, const Tensor& b) { return broadcast_apply(multiply_op, a, b); }
Tensor divide(const Tensor& a, const Tensor& b) { return broadcast_apply(divide_op, a, b); }
Tensor power(const Tensor& a, const Tensor& b) { return broadcast_apply(power_op, a, b); }
Tensor maximum(const Tensor& a, const Tensor& b) { return broadcast_apply(maximum_op, a, b); }
Tensor minimum(const Tensor& a, const Tensor& b) { return broadcast_apply(minimum_op, a, b); }

Tensor negative(const Tensor& x) { return apply(negative_op, {x}); }
Tensor absolute(const Tensor& x) { return apply(absolute_op, {x}); }
Tensor sign(const Tensor& x) { return apply(sign_op, {x}); }
Tensor floor(const Tensor& x) { return apply(floor_op, {x}); }
Tensor square(const Tensor& x) { return apply(square_op, {x}); }
Tensor squarable(const Tensor& x) { return apply(squarable_op, {x}); }
Tensor sqrt(const Tensor& x) { return apply(sqrt_op, {x}); }
Tensor rsqrt(const Tensor& x) { return apply(rsqrt_op, {x}); }
Tensor exp(const Tensor& x) { return apply(exp_op, {x}); }
Tensor expm1(const Tensor& x) { return apply(expm1_op, {x}); }
Tensor log(const Tensor& x) { return apply(log_op, {x}); }
Tensor log1p(const Tensor& x) { return apply(log1p_op, {x}); }
Tensor sin(const Tensor& x) { return apply(sin_op, {x}); }
Tensor cos(const Tensor& x) { return apply(cos_op, {x}); }
Tensor tanh(const Tensor& x) { return apply(tanh_op, {x}); }
Tensor sigmoid(const Tensor& x) { return apply(sigmoid_op, {x}); }
Tensor sech(const Tensor& x) { return apply(sech_op, {x}); }
Tensor softplus(const Tensor& x) { return apply(softplus_op, {x}); }
Tensor erf(const Tensor& x) { return apply(erf_op, {x}); }
Tensor relu(const Tensor& x) { return apply(relu_op, {x}); }
Tensor positive(const Tensor& x) { return apply(positive_op, {x}); }

Tensor equal(const Tensor& a, const Tensor& b) { return broadcast_apply(equal_op, a, b); }
Tensor not_equal(const Tensor& a, const Tensor& b) { return broadcast_apply(not_equal_op, a, b); }
Tensor less(const Tensor& a, const Tensor& b) { return broadcast_apply(less_op, a, b); }
Tensor less_equal(const Tensor& a, const Tensor& b) { return broadcast_apply(less_equal_op, a, b); }
Tensor greater(const Tensor& a, const Tensor& b) { return less(b, a); }
Tensor greater_equal(const Tensor& a, const Tensor& b) { return less_equal(b, a); }

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  return broadcast_apply(where_op, condition, a, b);
}

Tensor add_scaled(const Tensor& a, const Tensor& b, const Tensor& c) {
  return broadcast_apply(add_scaled_op, a, b, c);
}
Tensor lerp(const Tensor& a, const Tensor& b, const Tensor& c) {
  return broadcast_apply(lerp_op, a, b, c);
}
Tensor divide_by_root(const Tensor& a, const Tensor& b, const Tensor& c) {
  return broadcast_apply(divide_by_root_op, a, b, c);
}

Tensor cast(const Tensor& x, DType dtype) {
  return x.dtype() == dtype ? x : apply(cast_op, {x}, TypeAttribute{dtype});
}

Tensor stop_gradient(const Tensor& x) { return apply(stop_gradient_op, {x}); }

Tensor scale_gradient(const Tensor& gradient, const Tensor& factor) {
  return apply(scale_gradient_op, {gradient, factor});
}

namespace {

template <class T>
Tensor converted(T value, DType dtype) {
  Tensor tensor = Tensor::empty({dtype, {}});
  const auto from = static_cast<std::size_t>(dtype_of<T>);
  tiles().cast[from][dtype].dense(1, &value, nullptr, nullptr, tensor.writable_bytes());
  return tensor;
}

void check_has(bool has, const std::string& value, const Tensor& tensor) {
  if (has) return;
  throw ValueError(str("the number ", value, " beside ", tensor.spec(), ": ", tensor.dtype(),
                       " does not have it; convert the tensor with cast"));
}

}  // namespace

Tensor number(double value, DType dtype) { return converted(value, dtype); }
Tensor number(std::int64_t value, DType dtype) { return converted(value, dtype); }

Tensor number_beside(double value, const Tensor& tensor) {
  const DType dtype = tensor.dtype();
  Tensor result = converted(value, dtype);
  // 2^63 - 1, the end of i64, is 2^63 as a double.
  check_has(is_floating(dtype) || (result.item() == value && value < 0x1p63), shortest(value),
            tensor);
  return result;
}

Tensor number_beside(std::int64_t value, const Tensor& tensor) {
  const DType dtype = tensor.dtype();
  Tensor result = converted(value, dtype);
  const auto holds = [&](auto type) {
    using T = decltype(type);
    return std::is_floating_point_v<T> || static_cast<std::int64_t>(*result.data<T>()) == value;
  };
  check_has(visit(dtype, holds), str(value), tensor);
  return result;
}

}  // namespace nabla
