// One set of kernels: the including file names it (MOGA_KERNEL_SET), and CMakeLists.txt gives it its instruction set.
#include "activation_kernels.h"
#include "depthwise_kernels.h"
#include "norm_kernels.h"
#include "step_kernels.h"

namespace moga::kernels {

namespace {

template <class Element>
constexpr KernelsOf<Element> set_of() {
    return {
        row<Element>,
        row_of_taps<Element>,
        apply<Gelu, Element>,
        apply_gradient<Gelu, Element>,
        apply<Silu, Element>,
        apply_gradient<Silu, Element>,
        decompose<Element>,
        decompose_gradient<Element>,
        decompose_image<Element>,
        decompose_image_gradient<Element>,
        gate<Element>,
        gate_gradient<Element>,
        add_branch<Element>,
        add_branch_gradient<Element>,
        group_norm<Element, float>,
        group_norm<Element, Element>,
        group_norm_gradient<Element, float>,
        group_norm_gradient<Element, Element>};
}

}  // namespace

const Kernels& MOGA_KERNEL_SET() {
    static const Kernels kernels{set_of<float>(), set_of<BFloat16>()};
    return kernels;
}

}  // namespace moga::kernels
