/// All that a program needs to build, train, save and use models.
#pragma once

#include "nabla/autodiff/derivatives.h"
#include "nabla/base/error.h"
#include "nabla/data/dataset.h"
#include "nabla/nn/architecture.h"
#include "nabla/nn/loss.h"
#include "nabla/nn/sequential.h"
#include "nabla/ops/ops.h"
#include "nabla/optim/rules.h"
#include "nabla/plan/capture.h"
#include "nabla/train/model_file.h"
#include "nabla/train/trainer.h"
