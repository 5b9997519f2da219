// From tensors to the shim's own kernels.
#pragma once

#include <ATen/Parallel.h>

#include "common.h"
#include "kernels.h"
#include "layouts.h"

namespace moga::kernels {

// The element types that the kernels have, on the processor.
inline bool takes(const at::Tensor& x) {
    return x.device().is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

// A map (N, C, H, W) as the kernels for whole images want it.
inline bool is_map(const at::Tensor& x) { return takes(x) && is_channels_last(x) && x.size(1) % 16 == 0 && x.numel() > 0; }

template <class Element>
Element* data_of(const at::Tensor& x) {
    return static_cast<Element*>(x.data_ptr());
}

// Calls the function with an element of x's type and the kernels for it.
template <class Function>
void with_kernels(const at::Tensor& x, Function&& function) {
    if (x.scalar_type() == at::kFloat)
        function(float{}, best().single);
    else
        function(BFloat16{}, best().brain);
}

// Calls body(n, sum) for each image, where sum is the part of sums that the image is in, one of as many whatever the number of threads;
// gives their sum.
template <class Body>
at::Tensor sum_over_images(int64_t images, at::IntArrayRef shape, const at::TensorOptions& options, Body&& body) {
    constexpr int64_t parts = 16;
    std::vector<int64_t> extents(shape.begin(), shape.end());
    extents.insert(extents.begin(), parts);
    at::Tensor sums = at::zeros(extents, options);
    const int64_t size = sums.numel() / parts;
    at::parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
        for (int64_t part = begin; part < end; part++)
            for (int64_t n = images * part / parts; n < images * (part + 1) / parts; n++) body(n, data_of<float>(sums) + part * size);
    });
    return sums.sum(0);
}

// Rows of parameters (R, C) in the order that the kernels for x want, and back.
inline at::Tensor arranged(const at::Tensor& rows, const at::Tensor& x, bool back = false) {
    const int64_t count = rows.size(0), channels = rows.size(1), whole = channels / 32 * 32;
    if (x.scalar_type() == at::kFloat || whole == 0) return rows.contiguous();
    const at::Tensor blocks =
        rows.narrow(1, 0, whole).reshape({count, whole / 32, back ? 2 : 16, back ? 16 : 2}).transpose(2, 3).reshape({count, whole});
    return at::cat({blocks, rows.narrow(1, whole, channels - whole)}, 1);
}

}  // namespace moga::kernels
