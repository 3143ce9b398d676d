/// All that a program needs to build, train, save and use models, and to check and draw what it
/// computes. One thread works unless set_threads() is told otherwise.
#pragma once

// From the lower rooms to the upper ones, so that what a compiler says of a mistake begins with a
// short list of includes.
// clang-format off
#include "nabla/base/shape.h"
#include "nabla/base/error.h"
#include "nabla/base/parallel.h"
#include "nabla/base/options.h"
#include "nabla/tensor/tensor.h"
#include "nabla/graph/state.h"
#include "nabla/graph/op.h"
#include "nabla/graph/training.h"
#include "nabla/ops/elementwise.h"
#include "nabla/ops/reduction.h"
#include "nabla/ops/shaping.h"
#include "nabla/ops/ops.h"
#include "nabla/autodiff/derivatives.h"
#include "nabla/autodiff/check.h"
#include "nabla/autodiff/trace.h"
#include "nabla/plan/capture.h"
#include "nabla/nn/layer.h"
#include "nabla/nn/layers.h"
#include "nabla/nn/sequential.h"
#include "nabla/nn/architecture.h"
#include "nabla/nn/loss.h"
#include "nabla/nn/summary.h"
#include "nabla/optim/method.h"
#include "nabla/optim/optimizer.h"
#include "nabla/optim/rules.h"
#include "nabla/optim/minimizer.h"
#include "nabla/data/dataset.h"
#include "nabla/data/idx.h"
#include "nabla/data/loader.h"
#include "nabla/io/safetensors.h"
#include "nabla/train/model_file.h"
#include "nabla/train/callback.h"
#include "nabla/train/trainer.h"
#include "nabla/insight/line_chart.h"
#include "nabla/insight/draw_history.h"
// clang-format on
