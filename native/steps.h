// Several ops of a block as one step with gradients, on kernels of our own: maps (N, C, H, W), channels last, C a multiple of 16, on the
// CPU.
#pragma once

#include "common.h"

namespace moga::steps {

// y + scale (y - mean of y over each image's pixels); of the type of y, float32 or bfloat16.
at::Tensor decompose(const at::Tensor& y, const at::Tensor& scale);
bool can_decompose(const at::Tensor& y, const at::Tensor& scale);

// SiLU(a) SiLU(b), of their type.
at::Tensor gate(const at::Tensor& a, const at::Tensor& b);
bool can_gate(const at::Tensor& a, const at::Tensor& b);

// x + keep scale y: x float32, y float32 or bfloat16, keep a number for each image or undefined.
at::Tensor add_branch(const at::Tensor& x, const at::Tensor& y, const at::Tensor& scale, const at::Tensor& keep);
bool can_add_branch(const at::Tensor& x, const at::Tensor& y, const at::Tensor& scale);

}  // namespace moga::steps
