#include "nabla/plan/step.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "nabla/base/text.h"
#include "nabla/kernels/small_gemm.h"
#include "nabla/kernels/small_program.h"
#include "nabla/kernels/sum_program.h"
#include "nabla/plan/tile_builder.h"

namespace nabla::lowering {
namespace {

// The calls of a program, each function by itself where it is small. It must stay where it is.
void append(TileProgram& program, SmallProgram& small, std::vector<KernelCall>& calls) {
  if (small.bind(program)) {
    small.append_to(calls);
  } else if (!program.instructions.empty()) {
    calls.push_back(KernelCall::to_run(program));
  }
}

// An op's own kernel.
class KernelStep : public Step {
 public:
  KernelStep(const Operation& operation, const Bind& bind)
      : op_(*operation.op), attributes_(operation.attributes), in_(operation.in.size()) {
    for (std::size_t i = 0; i < in_.size(); ++i) set(in_[i], operation.in[i], bind);
    set(out_, operation.out, bind);
  }

  void prepare(std::vector<KernelCall>& calls) override {
    calls.push_back(KernelCall::to_run(*this));
  }
  void run() { op_.kernel(in_, out_, attributes_); }

 private:
  static void set(Argument& argument, const Value& value, const Bind& bind) {
    argument.dtype = value.dtype;
    argument.layout = {value.layout.shape, value.layout.strides, 0};
    bind(argument.data, value);
  }

  const Op& op_;
  Attributes attributes_;
  std::vector<Argument> in_;
  Argument out_;
};

// Elementwise operations, tile by tile.
class TileStep : public Step {
 public:
  TileProgram program;
  void prepare(std::vector<KernelCall>& calls) override { append(program, small_, calls); }

 private:
  SmallProgram small_;
};

// A matrix product and the elementwise operations on its result, strip by strip.
template <class T>
class ProductStep : public Step {
 public:
  TileProgram epilogue;
  MatrixView<T> a{};
  MatrixView<T> b{};
  std::byte* a_data = nullptr;
  std::byte* b_data = nullptr;
  std::byte* c_data = nullptr;  // nullptr: only the epilogue sees the product, strip by strip
  std::byte* scale = nullptr;   // instead of an epilogue: so many times the product is added to c
  std::vector<T> small_c;       // where a product of one tile is made, which spares it strips
  std::int64_t m = 0, n = 0, k = 0;

  void prepare(std::vector<KernelCall>& calls) override {
    calls.push_back(KernelCall::to_run(*this));
    runs_strips_ = scale == nullptr && !bind_epilogue();
    if (runs_strips_) return;
    small_product_.bind(product());
    small_epilogue_.append_to(calls);
  }

  void run() {
    if (runs_strips_) {
      run_strips();
    } else if (small_product_.empty()) {
      gemm(product());
    } else {
      small_product_.run(reinterpret_cast<const T*>(a_data), reinterpret_cast<const T*>(b_data),
                         reinterpret_cast<T*>(c_data), reinterpret_cast<const T*>(scale));
    }
  }

 private:
  Gemm<T> product() const {
    Gemm<T> product{m, n, k, a, b, reinterpret_cast<T*>(c_data), n};
    product.a.data = reinterpret_cast<const T*>(a_data);
    product.b.data = reinterpret_cast<const T*>(b_data);
    product.scale = reinterpret_cast<const T*>(scale);
    return product;
  }

  // Whether the epilogue can follow the whole product.
  bool bind_epilogue() {
    if (small_c.empty() && m * n > TileProgram::tile_size) return false;
    epilogue.operands[0].data = c_data;
    return small_epilogue_.bind(epilogue);
  }

  void run_strips() {
    Gemm<T> product = this->product();
    product.epilogue = [](void* context, const GemmStrip<T>& strip) {
      auto& step = *static_cast<ProductStep*>(context);
      step.epilogue.run_strip(step.pass_, strip.row, strip.rows, strip.column, strip.columns,
                              reinterpret_cast<std::byte*>(strip.data), strip.row_stride);
    };
    product.context = this;
    pass_ = next_pass();
    gemm(product);
  }

  bool runs_strips_ = false;
  std::uint64_t pass_ = 0;
  SmallGemm<T> small_product_;
  SmallProgram small_epilogue_;  // where the product is one tile
};

// A sum, the elementwise operations that make its terms, and those on its result.
class SumStep : public Step {
 public:
  SumProgram sum;
  std::byte* terms = nullptr;  // in memory, where no operations make them
  std::byte* result = nullptr;
  std::vector<std::byte> own_result;  // where only `after` needs it
  TileProgram after;                  // operand 0 is the result

  void prepare(std::vector<KernelCall>& calls) override {
    const auto [outer, n, inner] = sum.extents;
    if (terms == nullptr) {
      sum.prepare();
    } else if (outer * n * inner <= sum_block_size && n > 0) {
      if (inner == 1) sum_rows_ = sum_rows(sum.dtype);
      if (inner > 1 && outer == 1) add_rows_ = add_rows(sum.dtype);
    }
    calls.push_back(KernelCall::to_run(*this));
    append(after, small_after_, calls);
  }

  void run() {
    if (sum_rows_ != nullptr) {
      sum_rows_(sum.extents.outer, sum.extents.n, terms, result);
    } else if (add_rows_ != nullptr) {
      std::memset(result, 0, static_cast<std::size_t>(sum.extents.inner) * size_of(sum.dtype));
      add_rows_(sum.extents.n, sum.extents.inner, terms, result);
    } else if (terms != nullptr) {
      reduce_sum(sum.dtype, sum.extents, terms, result);
    } else {
      sum.run(result);
    }
  }

 private:
  // Of small sums, where to ask reduce_sum would take longer.
  SumRows sum_rows_ = nullptr;
  AddRows add_rows_ = nullptr;
  SmallProgram small_after_;
};

void bind_operands(TileProgram& tile_program, const TileBuilder& builder, std::size_t first,
                   const Bind& bind) {
  for (std::size_t i = first; i < tile_program.operands.size(); ++i) {
    bind(tile_program.operands[i].data, builder.operand_values()[i]);
  }
}

// Whether all that happens to a product is that a state has some number times it added.
bool adds_scaled_product(const Program& program, int unit_id, const Operation& product,
                         const TileBuilder& builder, const TileProgram& epilogue) {
  const DType dtype = product.out.dtype;
  if (epilogue.instructions.size() != 1 || product.in[0].layout.shape[1] > gemm_chunk) return false;
  const TileInstruction& instruction = epilogue.instructions[0];
  if (instruction.tile != tiles().add_scaled[dtype].repeat_c || instruction.b != 0) return false;
  if (instruction.a == 0 || program.escapes(product.out.storage, unit_id)) return false;
  const Value& old = builder.operand_values()[instruction.a];
  const Value& out = builder.operand_values()[instruction.out];
  const Storage& state = program.storage(old.storage);
  return state.kind == Storage::Kind::state &&
         program.storage(out.storage).alias_of_state == state.index && old.layout.offset == 0 &&
         old.layout.is_contiguous() && old.layout.shape == product.out.layout.shape;
}

template <class T>
std::unique_ptr<Step> make_product_step(const Program& program, int unit_id, const Bind& bind) {
  const Unit& unit = program.unit(unit_id);
  const Operation& operation = program.operation(unit.core);
  const Layout& a = operation.in[0].layout;
  const Layout& b = operation.in[1].layout;
  auto step = std::make_unique<ProductStep<T>>();
  step->m = a.shape[0];
  step->k = a.shape[1];
  step->n = b.shape[1];
  step->a = {nullptr, a.strides[0], a.strides[1]};
  step->b = {nullptr, b.strides[0], b.strides[1]};
  bind(step->a_data, operation.in[0]);
  bind(step->b_data, operation.in[1]);
  TileBuilder builder(program, unit_id);
  step->epilogue = builder.build(operation.out.layout.shape);
  if (adds_scaled_product(program, unit_id, operation, builder, step->epilogue)) {
    bind(step->c_data, builder.operand_values()[step->epilogue.instructions[0].out]);
    bind(step->scale, builder.operand_values()[step->epilogue.instructions[0].c]);
    return step;
  }
  if (program.escapes(operation.out.storage, unit_id)) {
    bind(step->c_data, operation.out);
  } else if (step->m * step->n <= TileProgram::tile_size) {
    step->small_c.resize(static_cast<std::size_t>(step->m * step->n));
    step->c_data = reinterpret_cast<std::byte*>(step->small_c.data());
  }
  bind_operands(step->epilogue, builder, 1, bind);
  return step;
}

std::unique_ptr<Step> make_tile_step(const Program& program, int unit_id, const Bind& bind) {
  const Unit& unit = program.unit(unit_id);
  auto step = std::make_unique<TileStep>();
  TileBuilder builder(program, unit_id);
  step->program = builder.build(program.operation(unit.operations[0]).out.layout.shape);
  step->program.collapse();
  bind_operands(step->program, builder, 0, bind);
  return step;
}

std::unique_ptr<Step> make_sum_step(const Program& program, int unit_id, const Bind& bind) {
  const Unit& unit = program.unit(unit_id);
  const Operation& operation = program.operation(unit.core);
  const Shape axes = sum_axes_of(operation);
  auto step = std::make_unique<SumStep>();
  step->sum.extents = {axes[0], axes[1], axes.rank() == 3 ? axes[2] : 1};
  step->sum.dtype = operation.out.dtype;
  const int producer = program.storage(operation.in[0].storage).producer;
  if (producer >= 0 && program.operation(producer).unit == unit_id) {
    TileBuilder builder(program, unit_id, true);
    step->sum.terms = builder.build(axes);
    bind_operands(step->sum.terms, builder, 0, bind);
  } else {
    bind(step->terms, operation.in[0]);
  }
  const bool escapes = program.escapes(operation.out.storage, unit_id);
  if (escapes) {
    bind(step->result, operation.out);
  } else {
    step->own_result.resize(program.storage(operation.out.storage).bytes);
    step->result = step->own_result.data();
  }
  TileBuilder builder(program, unit_id);
  step->after = builder.build(operation.out.layout.shape);
  step->after.collapse();
  if (escapes) {
    bind(step->after.operands[0].data, operation.out);
  } else {
    step->after.operands[0].data = step->result;
  }
  bind_operands(step->after, builder, 1, bind);
  return step;
}

StepInfo describe(const Program& program, int unit_id) {
  const Unit& unit = program.unit(unit_id);
  StepInfo info;
  std::vector<std::string_view> names;
  std::set<int> touched;
  for (const int id : unit.operations) {
    const Operation& operation = program.operation(id);
    names.push_back(operation.op->name);
    const auto elements = static_cast<double>(operation.out.layout.shape.elements());
    const bool is_matmul = operation.op->fusion == Fusion::product;
    info.flops +=
        elements *
        (is_matmul ? 2.0 * static_cast<double>(operation.in[0].layout.shape.back()) : 1.0);
    for (const Value& in : operation.in) {
      const int producer = program.storage(in.storage).producer;
      const bool internal = producer >= 0 && program.operation(producer).unit == unit_id;
      if (!internal && !in.is_uniform()) touched.insert(in.storage);
    }
    if (program.escapes(operation.out.storage, unit_id)) touched.insert(operation.out.storage);
    if (info.layer.empty()) info.layer = operation.layer;
  }
  for (const int storage : touched)
    info.bytes += static_cast<double>(program.storage(storage).bytes);
  info.op = join(names, "+");
  const Operation& main = program.operation(unit.core >= 0 ? unit.core : unit.operations.front());
  std::vector<std::string> shapes;
  for (const Value& in : main.in) shapes.push_back(str(in.layout.shape));
  info.shapes = str(join(shapes, " "), " -> ", main.out.layout.shape);
  return info;
}

}  // namespace

std::unique_ptr<Step> make_step(const Program& program, int unit_id, const Bind& bind) {
  const Unit& unit = program.unit(unit_id);
  const Operation& first = program.operation(unit.operations.front());
  std::unique_ptr<Step> step;
  const bool is_fused = unit.core >= 0 && unit.operations.size() > 1;
  if (is_fused && program.fusion_of(unit.core) == Fusion::sum) {
    step = make_sum_step(program, unit_id, bind);
  } else if (is_fused) {
    const bool is_f64 = program.operation(unit.core).out.dtype == DType::f64;
    step = is_f64 ? make_product_step<double>(program, unit_id, bind)
                  : make_product_step<float>(program, unit_id, bind);
  } else if (first.op->tile != nullptr) {
    step = make_tile_step(program, unit_id, bind);
  } else {
    step = std::make_unique<KernelStep>(first, bind);
  }
  step->info = describe(program, unit_id);
  return step;
}

}  // namespace nabla::lowering
