// The channel decomposition of MogaNet's aggregation block with gradients on kernels of our own.
#pragma once

#include "common.h"

namespace moga::decomposition {

// h + scale (h - GELU(weight * h + bias)): h (N, C, H, W), channels last, weight (1, C, 1, 1), bias (1), scale of C elements. Of the type
// of h; the products, sums and gradients of the parameters are float32.
at::Tensor decompose(const at::Tensor& h, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& scale);

// Whether the kernels take these: float32 or bfloat16 on the CPU, channels last and a multiple of 16, parameters of float32.
bool fits(const at::Tensor& h, const at::Tensor& weight, const at::Tensor& scale);

}  // namespace moga::decomposition
