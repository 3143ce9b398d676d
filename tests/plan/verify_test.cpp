// The verifier must see what is wrong: programs with one planted fault each.
#include "nabla/plan/verify.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/nabla.h"
#include "tests/support/message.h"

namespace nabla::lowering {
namespace {

const Spec matrix{DType::f64, {3, 3}};

// A function of one matrix, lowered as a plan does.
template <class F>
Program program_of(F function, bool fuse = false) {
  Graph graph(Graph::Mode::capture);
  const GraphScope scope(graph);
  const Tensor x = graph.append_leaf(input_op, matrix);
  const Tensor result = function(x);
  Program program = lower(graph, {x}, {result});
  group(program, fuse);
  schedule(program);
  place(program);
  verify(program);
  return program;
}

std::string error_of(const Program& program) {
  return test::message_of<InternalError>([&] { verify(program); });
}

State zeros() { return State(Tensor::from(std::vector<double>(9), {3, 3}), "w"); }

// Operations 0 to 3, each in a unit of its own.
Program chain() {
  return program_of([](const Tensor& x) { return exp(tanh(matmul(sin(x), x))); });
}

TEST(Verify, AnOperationInNoUnitOrTwo) {
  Program program = chain();
  program.unit(program.operation(1).unit).operations.clear();
  EXPECT_EQ(error_of(program), "plan: operation 1 (matmul) is in 0 units: expected one");
  program = chain();
  program.unit(program.operation(1).unit).operations = {1, 1};
  EXPECT_EQ(error_of(program), "plan: operation 1 (matmul) is in 2 units: expected one");
  program = chain();
  program.operation(2).unit = program.operation(1).unit;
  EXPECT_EQ(error_of(program), "plan: operation 2 (tanh) is in a unit that it does not name");
}

TEST(Verify, AUnitOfWhatCannotRunTogether) {
  Program program = chain();
  const int unit = program.operation(1).unit;
  program.unit(unit).operations = {0, 1};
  program.unit(unit).core = -1;
  program.unit(program.operation(0).unit).operations.clear();
  program.operation(0).unit = unit;
  EXPECT_EQ(error_of(program), "plan: operation 1 (matmul) cannot run together with others");
}

TEST(Verify, AUnitThatIsNotScheduledOnce) {
  Program program = chain();
  program.order.pop_back();
  EXPECT_EQ(error_of(program), "plan: operation 3 (exp) is scheduled 0 times: expected once");
  program = chain();
  program.order.push_back(program.operation(1).unit);
  EXPECT_EQ(error_of(program), "plan: operation 1 (matmul) is scheduled 2 times: expected once");
}

TEST(Verify, ShapesAndTypes) {
  Program program = chain();
  program.operation(1).out.layout = Layout::contiguous({9});
  EXPECT_EQ(error_of(program), "plan: operation 1 (matmul) gives f64[9]: expected f64[3, 3]");
  program = chain();
  program.operation(1).out.dtype = DType::f32;
  EXPECT_EQ(error_of(program), "plan: operation 1 (matmul) gives f32[3, 3]: expected f64[3, 3]");
  program = chain();
  program.operation(1).in[1].layout.offset = 1;
  EXPECT_EQ(error_of(program),
            "plan: operation 1 (matmul) uses elements 1 to 9 of a storage that has 9");
  program = chain();
  program.operation(1).out.layout = program.operation(1).out.layout.permute({1, 0});
  EXPECT_EQ(error_of(program), "plan: operation 1 (matmul) writes a result with gaps");
}

TEST(Verify, AKernelThatNeedsInputsWithoutGaps) {
  Program program = program_of([](const Tensor& x) { return softmax(x); });
  Value& in = program.operation(0).in[0];
  in.layout = in.layout.permute({1, 0});
  EXPECT_EQ(error_of(program), "plan: operation 0 (softmax) reads an input with gaps");
}

TEST(Verify, ReadingBeforeWriting) {
  Program program = chain();
  std::swap(program.order[1], program.order[2]);
  EXPECT_EQ(error_of(program),
            "plan: operation 2 (tanh) reads the result of operation 1, which does not run before");
  program = chain();
  program.storage(program.operation(1).out.storage).producer = 3;
  EXPECT_EQ(error_of(program),
            "plan: operation 1 (matmul) writes a storage that names another writer");
  program = chain();
  program.storage(program.operation(1).out.storage).readers.clear();
  EXPECT_EQ(error_of(program),
            "plan: operation 2 (tanh) is not among the readers of what it reads");
}

// In a unit, elementwise operations read what is written at the same place; and what stands in
// front of a sum runs before it.
TEST(Verify, ReadsWithinAUnit) {
  Program program = program_of([](const Tensor& x) { return exp(sin(x)); }, true);
  ASSERT_EQ(program.units.size(), 1U);
  Value& in = program.operation(1).in[0];
  in.layout = in.layout.permute({1, 0});
  EXPECT_EQ(error_of(program),
            "plan: operation 1 (exp) reads elements of operation 0 of its unit elsewhere than they "
            "are written");
  program = program_of([](const Tensor& x) { return sum(sin(x)); }, true);
  ASSERT_EQ(program.units.size(), 1U);
  program.operation(0).feeds_core = false;
  EXPECT_EQ(error_of(program),
            "plan: operation 1 (sum) reads the result of operation 0, which does not run before");
}

TEST(Verify, BlocksThatOverlap) {
  Program program = chain();
  program.storage(program.operation(1).out.storage).offset = 0;
  program.storage(program.operation(0).out.storage).offset = 64;
  EXPECT_EQ(error_of(program),
            "plan: operation 1 (matmul) shares memory with operation 0 while both results are "
            "needed");
}

// A value that a state takes when all steps are done is needed until then.
TEST(Verify, ANewValueThatIsCopiedAtTheEndLivesTillThen) {
  const State a = zeros();
  const State b = zeros();
  Program program = program_of([&](const Tensor& x) {
    const Tensor old = a.value();
    a.assign(b.value());
    b.assign(old);
    return exp(tanh(matmul(sin(x), x)));
  });
  int waits = -1;
  for (const Storage& storage : program.storages) {
    if (storage.assigned_to >= 0 && storage.alias_of_state < 0) waits = storage.producer;
  }
  ASSERT_GE(waits, 0);
  program.order.erase(
      std::find(program.order.begin(), program.order.end(), program.operation(waits).unit));
  program.order.insert(program.order.begin(), program.operation(waits).unit);
  program.storage(program.operation(waits).out.storage).offset = 0;
  program.storage(program.operation(2).out.storage).offset = 64;
  EXPECT_NE(error_of(program).find("while both results are needed"), std::string::npos);
}

TEST(Verify, BlocksOutsideOfTheArena) {
  const std::string what = "plan: operation 1 (matmul) writes 72 bytes at ";
  const std::string expected = ": expected a multiple of 64 inside";
  for (const std::ptrdiff_t offset : {-1, 8, 192}) {
    Program program = chain();
    ASSERT_EQ(program.arena_bytes, 256U);
    program.storage(program.operation(1).out.storage).offset = offset;
    EXPECT_EQ(error_of(program), str(what, offset, " of an arena of 256", expected));
  }
}

TEST(Verify, AStateAssignedTwice) {
  const State w = zeros();
  Program program = program_of([&](const Tensor& x) {
    w.assign(w.value() + x);
    return exp(tanh(matmul(sin(x), x)));
  });
  program.storage(program.operation(1).out.storage).assigned_to = 0;
  EXPECT_NE(error_of(program).find("assigns state w as operation "), std::string::npos);
}

TEST(Verify, AStateOfAnotherShape) {
  const State w(Tensor(1.0), "w");
  Program program = program_of([&](const Tensor& x) { return sin(x) + w.value(); });
  program.storage(program.operation(0).out.storage).assigned_to = 0;
  EXPECT_EQ(error_of(program),
            "plan: operation 0 (sin) assigns f64[3, 3] to state w, which is f64[]");
}

// The new value of w, planted over the old one.
void overwrite(Program& program) {
  for (Storage& storage : program.storages) {
    if (storage.assigned_to == 0) storage.alias_of_state = 0;
  }
}

TEST(Verify, AStateReadAfterItWasOverwritten) {
  const State w = zeros();
  Program program = program_of([&](const Tensor& x) {
    const Tensor result = matmul(x, w.value());
    w.assign(w.value() + x);
    return result;
  });
  ASSERT_EQ(program.order.size(), 2U);
  std::swap(program.order[0], program.order[1]);
  EXPECT_EQ(error_of(program),
            "plan: operation 0 (matmul) reads a state that operation 1 has overwritten by then");
}

TEST(Verify, AStateOverwrittenBesideItsReaders) {
  const State w = zeros();
  const std::string beside = " of its unit may have overwritten";
  Program program = program_of(
      [&](const Tensor& x) {
        w.assign(exp(matmul(x, w.value())));
        return x;
      },
      true);
  overwrite(program);
  EXPECT_EQ(error_of(program),
            "plan: operation 0 (matmul) reads elements of a state that operation 1" + beside);
  program = program_of([&](const Tensor& x) {
    w.assign(transpose(w.value()) + x);
    return x;
  });
  overwrite(program);
  EXPECT_EQ(error_of(program),
            "plan: operation 0 (add) reads elements of a state that operation 0" + beside);
}

TEST(Verify, AnOutputThatLiesInAState) {
  const State w = zeros();
  Program program = program_of([&](const Tensor& x) {
    w.assign(w.value() + x);
    return sin(x);
  });
  program.storage(program.outputs[0].storage).alias_of_state = 0;
  EXPECT_NE(error_of(program).find("writes over state 0, which it does not assign"),
            std::string::npos);
}

// An op that infers another shape when it is asked again.
TEST(Verify, LooksAtEveryPlanOfTheTests) {
  ASSERT_TRUE(verifies_plans);
  static std::int64_t extent = 1;
  const Op op{.name = "moody",
              .infer =
                  [](const Op&, Inputs, const Attributes&) {
                    return Spec{DType::f64, {++extent}};
                  },
              .kernel = [](std::span<const Argument>, const Argument&, const Attributes&) {}};
  auto function = capture([&](const Tensor& x) { return apply(op, {x}, {}); });
  EXPECT_THROW(function(Tensor::from<double>({1, 2}, {2})), InternalError);
}

}  // namespace
}  // namespace nabla::lowering
