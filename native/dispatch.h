// From tensors to the shim's own kernels.
#pragma once

#include "common.h"
#include "kernels.h"

namespace moga::kernels {

// The element types that the kernels have, on the processor.
inline bool takes(const at::Tensor& x) { return x.device().is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16); }

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

// Rows of parameters (R, C) in the order that the kernels for x want, and back.
inline at::Tensor arranged(const at::Tensor& rows, const at::Tensor& x, bool back = false) {
    const int64_t count = rows.size(0), channels = rows.size(1), whole = channels / 32 * 32;
    if (x.scalar_type() == at::kFloat || whole == 0) return rows.contiguous();
    const at::Tensor blocks = rows.narrow(1, 0, whole).reshape({count, whole / 32, back ? 2 : 16, back ? 16 : 2}).transpose(2, 3).reshape({count, whole});
    return at::cat({blocks, rows.narrow(1, whole, channels - whole)}, 1);
}

}  // namespace moga::kernels
