// Depthwise convolution with gradients on kernels of our own.
#pragma once

#include "common.h"

namespace moga::depthwise {

// Whether x and the weight are what the kernels take: float32 or bfloat16 (the weight always float32) on the CPU, channels last (or a slice
// of channels of such a map), a depthwise square kernel with stride 1.
bool fits(const at::Tensor& x, const at::Tensor& weight, int64_t stride, int64_t groups);

// (N, C, H, W) to (N, C, H', W') of the type of x, channels last; sums are float32, and so are the gradients of weight and bias; bias may
// be undefined.
at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, int64_t padding, int64_t dilation);

}  // namespace moga::depthwise
