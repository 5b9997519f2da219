// Group norm with gradients, on kernels of our own: maps (N, C, H, W), channels last, C a multiple of 16, float32 or bfloat16 on the CPU.
#pragma once

#include "common.h"

namespace moga::norms {

// Over each image's groups of channels, with SiLU after it or not; the result is float32, or "low": of the type of x.
at::Tensor group_norm(
    const at::Tensor& x, int64_t groups, const at::Tensor& weight, const at::Tensor& bias, double epsilon, bool silu, bool low);
bool can_group_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace moga::norms
