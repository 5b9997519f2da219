// Regions of a feature pyramid as maps of one size, with gradients for the maps.
#pragma once

#include "common.h"

namespace moga::regions {

// How the graph's op cuts them (RoiAlign in C#, which says what is computed).
struct Options {
    int64_t size, stride;
    double finest_scale;
};

// Maps (N, C, H, W), the finest first, and regions (R, 5) to (R, C, size, size) of the maps' type, channels last where the first map is.
at::Tensor align(at::TensorList maps, const at::Tensor& regions, const Options& options);

}  // namespace moga::regions
