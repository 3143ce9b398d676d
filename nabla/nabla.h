/// All that a program needs to build, train, save and use models, and to check and draw what it
/// computes. One thread works unless set_threads() is told otherwise.
#pragma once

#include "nabla/autodiff/check.h"
#include "nabla/autodiff/derivatives.h"
#include "nabla/autodiff/trace.h"
#include "nabla/base/error.h"
#include "nabla/base/parallel.h"
#include "nabla/data/dataset.h"
#include "nabla/data/idx.h"
#include "nabla/data/loader.h"
#include "nabla/graph/op.h"
#include "nabla/graph/training.h"
#include "nabla/io/safetensors.h"
#include "nabla/nn/architecture.h"
#include "nabla/nn/loss.h"
#include "nabla/nn/sequential.h"
#include "nabla/nn/summary.h"
#include "nabla/ops/ops.h"
#include "nabla/optim/rules.h"
#include "nabla/plan/capture.h"
#include "nabla/train/model_file.h"
#include "nabla/train/trainer.h"
