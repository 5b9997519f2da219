// GELU and SiLU with gradients on kernels of our own.
#pragma once

#include "common.h"

namespace moga::activations {

// Whether x is what the kernels take: float32 or bfloat16 on the CPU, elements without gaps, whatever their order.
bool fits(const at::Tensor& x);

at::Tensor gelu(const at::Tensor& x);
at::Tensor silu(const at::Tensor& x);

}  // namespace moga::activations
