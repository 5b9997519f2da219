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

}  // namespace moga::kernels
