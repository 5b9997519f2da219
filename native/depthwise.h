// Depthwise convolution with gradients on kernels of our own.
#pragma once

#include "common.h"

namespace moga::depthwise {

// Whether x and the weight are what the kernels take: float32 on the CPU, channels last (or a slice of channels of such a map), a depthwise square kernel with stride 1.
bool fits(const at::Tensor& x, const at::Tensor& weight, int64_t stride, int64_t groups);

// The best instruction set to use: 1 baseline, 2 AVX2, 3 AVX-512.
void limit(int32_t set);

// (N, C, H, W) to (N, C, H', W'), channels last; bias may be undefined.
at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, int64_t padding, int64_t dilation);

}  // namespace moga::depthwise
